import { beforeEach, describe, expect, it, vi } from 'vitest';
import { forget, remember, unfinished, unfinishedOf } from './memory';

const DAY = 24 * 3600 * 1000;
const one = { id: 'u1', filename: 'a.mp4', size: 9, lastModified: 5, username: 'ada', begunAt: 1000 };
const file = (name: string, size: number, lastModified: number) => ({ name, size, lastModified }) as File;

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});

describe('unfinished uploads', () => {
  it('are found again by name, size and date of the file', () => {
    remember(one);
    expect(unfinishedOf(file('a.mp4', 9, 5), 'ada', 2000)?.id).toBe('u1');
    expect(unfinishedOf(file('a.mp4', 10, 5), 'ada', 2000)).toBeNull();
    expect(unfinishedOf(file('a.mp4', 9, 6), 'ada', 2000)).toBeNull();
  });

  it('belong to who began them', () => {
    remember(one);
    expect(unfinishedOf(file('a.mp4', 9, 5), 'bob', 2000)).toBeNull();
  });

  it('are forgotten after a week, and when they are done', () => {
    remember(one);
    expect(unfinished('ada', 1000 + 8 * DAY)).toEqual([]);
    remember({ ...one, id: 'u2' });
    forget('u1');
    expect(unfinished('ada', 2000).map((it) => it.id)).toEqual(['u2']);
  });

  it('are kept in bounded number', () => {
    for (let count = 0; count < 50; count += 1) remember({ ...one, id: `u${count}` });
    expect(unfinished('ada', 2000)).toHaveLength(20);
  });
});
