import { describe, expect, it } from 'vitest';
import { Problem } from '../api/problem';
import { PartSize, standingOf } from './resumable';

const answer = (status: number, more = {}) => ({ status, text: '', range: null, retryAfter: null, ...more });

describe('standingOf', () => {
  it('counts the bytes in a range that includes its end', () => {
    expect(standingOf(answer(308, { range: 'bytes=0-1023' }))).toEqual({ received: 1024 });
  });

  it('takes a missing range as nothing received', () => {
    expect(standingOf(answer(308))).toEqual({ received: 0 });
  });

  it('finds the video when all is there', () => {
    const video = { id: 1, uuid: 'u', shortUUID: 's' };
    expect(standingOf(answer(200, { text: JSON.stringify({ video }) }))).toEqual({ done: video });
  });

  it('throws what the node says with the wait that it asks for', () => {
    const text = JSON.stringify({ code: 'max_file_size_reached', detail: 'The quota is used up' });
    const thrown = (() => {
      try {
        return standingOf(answer(429, { text, retryAfter: '7' }));
      } catch (cause) {
        return cause;
      }
    })();
    expect(thrown).toBeInstanceOf(Problem);
    expect(thrown).toMatchObject({ status: 429, code: 'max_file_size_reached', retryAfterSeconds: 7 });
  });
});

describe('PartSize', () => {
  it('grows on a fast line up to the limit of the node', () => {
    const size = new PartSize(10_000_000);
    for (let turn = 0; turn < 10; turn += 1) size.took(size.bytes, 100);
    expect(size.bytes).toBe(10_000_000);
  });

  it('shrinks on a slow line, not below a megabyte', () => {
    const size = new PartSize();
    for (let turn = 0; turn < 10; turn += 1) size.took(size.bytes, 600_000);
    expect(size.bytes).toBe(1024 * 1024);
  });
});
