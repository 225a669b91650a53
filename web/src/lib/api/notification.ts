import type { Actor } from './actor';
import { call, type Query } from './client';
import type { List } from './list';

/** What a notification tells of, as PeerTube numbers it. */
export const NOTICE = {
  newVideo: 1,
  newComment: 2,
  newReport: 3,
  newFollow: 10,
  mention: 11,
  serverFollow: 13,
  serverFollowing: 14,
  reportDecided: 15,
  reportMessage: 16,
  registration: 20,
} as const;

interface Titled {
  id: number;
  uuid: string;
  shortUUID: string;
  name: string;
}

/** Something that a person is told of. */
export interface Notification {
  id: number;
  type: number;
  read: boolean;
  createdAt: string;
  video?: Titled & { channel?: Actor };
  comment?: {
    id: number;
    threadId: number;
    account: Actor | null;
    video: Titled;
    heldForReview?: boolean;
    /** The beginning of its words. */
    excerpt?: string;
  };
  account?: Actor;
  actorFollow?: {
    id: number;
    state?: string;
    follower: Actor;
    following: { type: 'account' | 'channel' | 'instance'; name: string; displayName: string; host: string };
  };
  abuse?: { id: number };
  registration?: { id: number; username: string };
}

const MINE = '/api/v1/users/me/notifications';

export const listNotifications = (query: Query) => call<List<Notification>>(MINE, { query });
export const markRead = (ids: number[]) => call<void>(`${MINE}/read`, { method: 'POST', json: { ids } });
export const markAllRead = () => call<void>(`${MINE}/read-all`, { method: 'POST' });
export const countUnread = async () => (await listNotifications({ count: 0, unread: true })).total;
