import { call } from './client';

/** Bytes by the way they went, and how often players stood still. */
export interface Ways {
  fromNode: number;
  fromPeers: number;
  given: number;
  stalls: number;
}

/** The traffic of the last 30 days. */
export interface Traffic {
  /** Oldest first; `day` as `2026-01-02`. */
  days: (Ways & { day: string })[];
  total: Ways;
  /** The part that viewers gave to each other, 0 to 1; null if nothing was carried. */
  offload: number | null;
}

export const getTraffic = (video: string) =>
  call<Traffic>(`/api/kinora/v1/videos/${encodeURIComponent(video)}/traffic`);
export const getAllTraffic = () => call<Traffic>('/api/kinora/v1/server/traffic');
