import { call } from './client';

/** What somebody wants to do with an account of another server. */
export type Intent = 'follow' | 'like' | 'announce' | 'reply';

/** What an address of another server turned out to be, and where it is shown here. */
export interface Resolved {
  kind: 'video' | 'channel' | 'account' | 'comment';
  path: string;
}

/** Asks where the server of `handle` lets its people do what is wanted with `uri`. */
export const findInteraction = (handle: string, uri: string, intent: Intent) =>
  call<{ url: string }>('/api/kinora/v1/interact', { query: { handle, uri, intent } });

/** Has the node fetch what is at an address; it may take seconds. */
export const resolve = (uri: string) => call<Resolved>('/api/kinora/v1/resolve', { query: { uri } });

/** Recommends a video to those who follow us, or takes that back. */
export const recommend = (video: string, wanted: boolean) =>
  call<void>(`/api/kinora/v1/videos/${encodeURIComponent(video)}/share`, {
    method: wanted ? 'POST' : 'DELETE',
  });

/** Tells whether we recommend a video. */
export const isRecommended = async (video: string) =>
  (await call<{ shared: boolean }>(`/api/kinora/v1/videos/${encodeURIComponent(video)}/share`)).shared;

/** How much of a channel of another server is known here. */
export interface Backfill {
  known: number;
  /** Null if the other server does not say. */
  total: number | null;
  running: boolean;
}

const backfillOf = (handle: string) => `/api/kinora/v1/channels/${encodeURIComponent(handle)}/backfill`;
export const getBackfill = (handle: string) => call<Backfill>(backfillOf(handle));
export const startBackfill = (handle: string) =>
  call<Backfill | undefined>(backfillOf(handle), { method: 'POST' });
