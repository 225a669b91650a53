import type { Actor } from './actor';
import { call, type Query } from './client';
import type { List } from './list';
import { followEvents } from './live';

/** What somebody said about a video. */
export interface Comment {
  id: number;
  url: string;
  /** As it was written, in Markdown or plain. */
  text: string;
  /** As the node cleaned it, to be shown. */
  html?: string;
  threadId: number;
  inReplyToCommentId: number | null;
  createdAt: string;
  updatedAt: string;
  deletedAt: string | null;
  isDeleted: boolean;
  heldForReview: boolean;
  totalReplies: number;
  totalRepliesFromVideoAuthor: number;
  isLocal?: boolean;
  /** Null once it is deleted. */
  account: Actor | null;
}

/** A comment with its replies, and theirs. */
export interface CommentTree {
  comment: Comment;
  children: CommentTree[];
}

/** The first comments of threads. */
export interface Threads extends List<Comment> {
  totalNotDeletedComments: number;
}

/** How threads are sorted. */
export type ThreadOrder = '-createdAt' | '-totalReplies';

/** Something that happened to the comments of a video. */
export type CommentEvent =
  { kind: 'comment' | 'comment-changed'; comment: Comment } | { kind: 'comment-deleted'; id: number };

/** The longest comment that the node takes, in characters. */
export const COMMENT_CHARS_MAX = 10_000;

const at = (video: string) => `/api/v1/videos/${encodeURIComponent(video)}`;
const ours = (video: string) => `/api/kinora/v1/videos/${encodeURIComponent(video)}/comments`;

export const listThreads = (video: string, query: Query) =>
  call<Threads>(`${at(video)}/comment-threads`, { query });
export const getThread = (video: string, thread: number) =>
  call<CommentTree>(`${at(video)}/comment-threads/${thread}`);
export const beginThread = (video: string, text: string) =>
  call<{ comment: Comment }>(`${at(video)}/comment-threads`, { method: 'POST', json: { text } });
export const replyTo = (video: string, comment: number, text: string) =>
  call<{ comment: Comment }>(`${at(video)}/comments/${comment}`, { method: 'POST', json: { text } });
export const editComment = (video: string, comment: number, text: string) =>
  call<{ comment: Comment } | Comment | undefined>(`${ours(video)}/${comment}`, {
    method: 'PUT',
    json: { text },
  });
export const deleteComment = (video: string, comment: number) =>
  call<void>(`${at(video)}/comments/${comment}`, { method: 'DELETE' });
export const approveComment = (video: string, comment: number) =>
  call<void>(`${at(video)}/comments/${comment}/approve`, { method: 'POST' });

/** Calls `seen` with what happens to the comments of a video; `again` when something may have been missed. */
export function followComments(
  video: string,
  seen: (event: CommentEvent) => void,
  again: () => void,
  signal: AbortSignal,
): Promise<void> {
  return followEvents(
    `${ours(video)}/events`,
    {
      again,
      seen: ({ name, data }) => {
        const event = readCommentEvent(name, data);
        if (event) seen(event);
      },
    },
    signal,
  );
}

/** Reads an event; null if it is none of comments. */
export function readCommentEvent(name: string, data: string): CommentEvent | null {
  try {
    const body = JSON.parse(data) as Comment;
    if (typeof body.id !== 'number') return null;
    if (name === 'comment' || name === 'comment-changed') return { kind: name, comment: body };
    return name === 'comment-deleted' ? { kind: name, id: body.id } : null;
  } catch {
    return null;
  }
}
