import { expect, it } from 'vitest';
import { readWantedComment } from './wanted_comment';

const read = (search: string, hash: string) => readWantedComment(new URLSearchParams(search), hash);

it('reads a comment and its thread', () => {
  expect(read('threadId=4', '#comment-5')).toEqual({ comment: 5, thread: 4 });
  expect(read('threadId=4', '')).toEqual({ comment: 4, thread: 4 });
  expect(read('', '#comment-5')).toEqual({ comment: 5, thread: null });
});

it('reads nothing where there is no comment', () => {
  for (const [search, hash] of [
    ['', ''],
    ['threadId=x', '#top'],
    ['threadId=-1', ''],
    ['', '#comment-99999999999999999999'],
  ] as const) {
    expect(read(search, hash), search + hash).toBeNull();
  }
});
