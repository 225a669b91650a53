import { describe, expect, it } from 'vitest';
import { ago, bytes, clock, parseClock } from './measure';

describe('clock', () => {
  it('writes minutes without a leading zero and hours only when there are some', () => {
    expect(clock(65)).toBe('1:05');
    expect(clock(3723.9)).toBe('1:02:03');
    expect(clock(NaN)).toBe('0:00');
  });

  it('is read back', () => {
    for (const seconds of [0, 59, 60, 3599, 3600, 86_399]) expect(parseClock(clock(seconds))).toBe(seconds);
    expect(parseClock('1h2m3s')).toBe(3723);
    expect(parseClock('soon')).toBeNull();
    expect(parseClock('')).toBeNull();
  });
});

describe('bytes', () => {
  it('takes the largest unit that leaves at least one', () => {
    expect(bytes(999, 'en')).toBe('999 byte');
    expect(bytes(1_500_000, 'en')).toBe('1.5 MB');
    expect(bytes(23_400_000, 'en')).toBe('23 MB');
  });
});

describe('ago', () => {
  const now = new Date('2026-01-10T12:00:00Z');
  it('never rounds up to a larger unit', () => {
    expect(ago(new Date('2026-01-09T13:00:00Z'), now, 'en')).toBe('23 hours ago');
    expect(ago(new Date('2026-01-09T11:00:00Z'), now, 'en')).toBe('yesterday');
    expect(ago(new Date('2026-01-10T11:59:30Z'), now, 'en')).toBe('now');
  });
});
