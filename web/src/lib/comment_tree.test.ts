import { beforeEach, describe, expect, it } from 'vitest';
import { readCommentEvent, type Comment } from './api/comment';
import { add, change, find, remove, threadOf, type Thread } from './comment_tree';

const said = (id: number, to: number | null = null, thread = id): Comment => ({
  id,
  url: `https://tube.example/${id}`,
  text: `words ${id}`,
  html: `<p>words ${id}</p>`,
  threadId: thread,
  inReplyToCommentId: to,
  createdAt: '2026-11-23T02:11:35.281Z',
  updatedAt: '2026-11-23T02:11:35.281Z',
  deletedAt: null,
  isDeleted: false,
  heldForReview: false,
  totalReplies: 0,
  totalRepliesFromVideoAuthor: 0,
  account: null,
});

let threads: Thread[];
beforeEach(() => {
  threads = [threadOf(said(2)), threadOf(said(1))];
});

describe('add', () => {
  it('puts what begins a thread on top', () => {
    expect(add(threads, said(3))).toBe(true);
    expect(threads.map((one) => one.comment.id)).toEqual([3, 2, 1]);
  });

  it('puts a reply below what it answers, and a reply to that below it', () => {
    add(threads, said(4, 1, 1));
    add(threads, said(5, 4, 1));
    expect(find(threads, 4)?.children.map((one) => one.comment.id)).toEqual([5]);
    expect(threads[1]?.comment.totalReplies).toBe(2);
  });

  it('takes the same comment once, however often it is told', () => {
    expect(add(threads, said(2))).toBe(false);
    expect(threads).toHaveLength(2);
  });

  it('only counts a reply in a thread whose replies were not asked for', () => {
    threads = [threadOf({ ...said(1), totalReplies: 3 })];
    expect(add(threads, said(4, 1, 1))).toBe(true);
    expect(threads[0]?.children).toEqual([]);
    expect(threads[0]?.comment.totalReplies).toBe(4);
  });

  it('leaves a reply alone whose thread is not on the page', () => {
    expect(add(threads, said(9, 8, 8))).toBe(false);
  });
});

describe('change', () => {
  it('shows the new words and keeps what hangs below', () => {
    add(threads, said(4, 1, 1));
    expect(change(threads, { ...said(1), text: 'better words' })).toBe(true);
    expect(find(threads, 1)?.comment.text).toBe('better words');
    expect(find(threads, 4)).not.toBeNull();
    expect(threads[1]?.comment.totalReplies).toBe(1);
  });
});

describe('remove', () => {
  it('takes away what nobody answered', () => {
    expect(remove(threads, 2).map((one) => one.comment.id)).toEqual([1]);
  });

  it('leaves a place for what somebody answered', () => {
    add(threads, said(4, 1, 1));
    const left = remove(threads, 1);
    expect(left).toHaveLength(2);
    expect(left[1]?.comment).toMatchObject({ isDeleted: true, text: '', html: '' });
    expect(find(left, 4)).not.toBeNull();
  });

  it('counts one reply less', () => {
    add(threads, said(4, 1, 1));
    add(threads, said(5, 4, 1));
    remove(threads, 5);
    expect(find(threads, 5)).toBeNull();
    expect(threads[1]?.comment.totalReplies).toBe(1);
  });
});

it('reads events of comments and passes over all others', () => {
  expect(readCommentEvent('comment', JSON.stringify(said(7)))).toMatchObject({ kind: 'comment' });
  expect(readCommentEvent('comment-deleted', '{"id":7}')).toEqual({ kind: 'comment-deleted', id: 7 });
  expect(readCommentEvent('weather', '{"id":7}')).toBeNull();
  expect(readCommentEvent('comment', 'not json')).toBeNull();
  expect(readCommentEvent('comment', '{}')).toBeNull();
});
