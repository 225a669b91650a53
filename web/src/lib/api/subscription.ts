import type { Channel } from './actor';
import { call, type Query } from './client';
import type { List } from './list';
import type { VideoCard } from './video';

const MINE = '/api/v1/users/me/subscriptions';

export const listSubscriptions = (query: Query) => call<List<Channel>>(MINE, { query });
export const listSubscriptionVideos = (query: Query) => call<List<VideoCard>>(`${MINE}/videos`, { query });
export const subscribe = (handle: string) => call<void>(MINE, { method: 'POST', json: { uri: handle } });
export const unsubscribe = (handle: string) =>
  call<void>(`${MINE}/${encodeURIComponent(handle)}`, { method: 'DELETE' });

/** True if the person who asks has subscribed to the channel `name@host`. */
export async function isSubscribed(handle: string): Promise<boolean> {
  const answer = await call<Record<string, boolean>>(`${MINE}/exist`, { query: { uris: [handle] } });
  return answer[handle] ?? false;
}
