import { expect, it } from 'vitest';
import { Pace } from './pace';

it('counts what came side by side', () => {
  const pace = new Pace();
  // Three transfers of 300 bytes that take 3 ms each, at the same time.
  for (let at = 1; at <= 3; at += 1) pace.passed(300, at);
  expect(pace.alone(300, 0, 3)).toBe(1);
});

it('takes a transfer that was alone as it was', () => {
  const pace = new Pace();
  pace.passed(500, 10);
  pace.passed(500, 20);
  expect(pace.alone(1_000, 0, 20)).toBe(20);
});

it('does not think less of the line than what the origin gave lately', () => {
  const pace = new Pace();
  pace.origin(1_000, 10, 0);
  pace.passed(1_000, 500);
  expect(pace.alone(1_000, 0, 500)).toBe(10);
  pace.passed(1_000, 200_500);
  expect(pace.alone(1_000, 200_000, 200_500)).toBe(500);
});

it('forgets without losing count', () => {
  const pace = new Pace();
  for (let at = 1; at <= 10_000; at += 1) pace.passed(10, at);
  expect(pace.alone(100, 9_990, 10_000)).toBe(10);
});
