import type { Actor } from './actor';
import { call, type Query } from './client';
import type { Labelled, List } from './list';

/** Reasons to choose from, as PeerTube names them. */
export const REASONS = [
  'violentOrRepulsive',
  'hatefulOrAbusive',
  'spamOrMisleading',
  'privacy',
  'rights',
  'serverRules',
] as const;

export type Reason = (typeof REASONS)[number] | 'thumbnails' | 'captions';

/** The numbers of a report's states. */
export const REPORT = { pending: 1, rejected: 2, accepted: 3 } as const;

/** What a report is about: one of the three. */
export interface Reported {
  video?: { id: number };
  comment?: { id: number };
  account?: { id: number };
}

/** A report as moderators see it. */
export interface Report {
  id: number;
  reason: string;
  predefinedReasons?: Reason[] | null;
  state: Labelled;
  moderationComment?: string | null;
  countMessages?: number;
  reporterAccount: Actor | null;
  flaggedAccount: Actor | null;
  video: { id: number; uuid: string; shortUUID?: string; name: string; deleted?: boolean } | null;
  comment: {
    id: number;
    threadId: number;
    text: string;
    html?: string;
    deleted?: boolean;
    video: { uuid: string; shortUUID?: string; name: string };
  } | null;
  createdAt: string;
}

/** What whoever reported something, or a moderator, said about it. */
export interface ReportMessage {
  id: number;
  message: string;
  byModerator: boolean;
  createdAt: string;
  account: Actor | null;
}

const ALL = '/api/v1/abuses';

export const sendReport = (about: Reported, reason: string, predefinedReasons: Reason[]) =>
  call<{ abuse: { id: number } }>(ALL, { method: 'POST', json: { reason, predefinedReasons, ...about } });
export const listMyReports = (query: Query) => call<List<Report>>('/api/v1/users/me/abuses', { query });
export const listMessages = (id: number) => call<List<ReportMessage>>(`${ALL}/${id}/messages`);
export const sendMessage = (id: number, message: string) =>
  call<{ abuseMessage: { id: number } }>(`${ALL}/${id}/messages`, { method: 'POST', json: { message } });
export const deleteMessage = (id: number, message: number) =>
  call<void>(`${ALL}/${id}/messages/${message}`, { method: 'DELETE' });
export const listReports = (query: Query) => call<List<Report>>(ALL, { query });
export const answerReport = (id: number, answer: { state?: number; moderationComment?: string }) =>
  call<void>(`${ALL}/${id}`, { method: 'PUT', json: answer });
export const deleteReport = (id: number) => call<void>(`${ALL}/${id}`, { method: 'DELETE' });
