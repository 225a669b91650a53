import { call } from './client';

/** What is agreed with another server about copies of each other's videos. */
export interface Agreement {
  host: string;
  /** Whether that server may keep copies of our videos. */
  mayKeep: boolean;
  /** What this server keeps of theirs. */
  keeps: Kept | null;
  updatedAt: string;
}

/** What this server keeps of another's videos. */
export interface Kept {
  quotaBytes: number;
  usedBytes: number;
  bytesPerSecond: number | null;
  /** Handles; none means all. */
  channels: string[];
  whole: number;
  waiting: number;
  failed: number;
}

/** A copy that this server keeps, or fetches. */
export interface Copied {
  uuid: string;
  name: string;
  state: 'waiting' | 'whole' | 'failed';
  reason: string | null;
  bytes: number;
  bytesWanted: number;
}

/** What is to be agreed. */
export interface WantedAgreement {
  mayKeep: boolean;
  keeps: { quotaBytes: number; bytesPerSecond: number | null; channels: string[] } | null;
}

const MIRRORS = '/api/kinora/v1/mirrors';
const at = (host: string) => `${MIRRORS}/${encodeURIComponent(host)}`;

export const listAgreements = () => call<Agreement[]>(MIRRORS);
export const agree = (host: string, json: WantedAgreement) =>
  call<Agreement>(at(host), { method: 'PUT', json });
export const endAgreement = (host: string) => call<void>(at(host), { method: 'DELETE' });
export const listCopies = (host: string) => call<Copied[]>(`${at(host)}/videos`);
