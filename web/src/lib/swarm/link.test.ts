import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Link } from './link';
import type { Net } from './net';
import { pageClock } from './page';
import type { Scheduler } from './scheduler';
import { pair } from './simulation/memory_pipe';
import { writeFrame } from './frame';
import { writeTrackerAnswer } from './wire';

/** A node that names one peer, who cannot be reached so often. */
class TestNet implements Net {
  readonly self = 'me';
  dialled: number[] = [];
  constructor(readonly failures: number) {}

  async toNode() {
    const [near, far] = pair();
    far.send(writeFrame(writeTrackerAnswer({ peers: ['x'], ttl: 90, watchers: 2 })));
    return near;
  }
  async dial() {
    this.dialled.push(performance.now());
    if (this.dialled.length <= this.failures) throw new Error('not reached');
  }
  open = async () => pair()[0];
  handle = async () => undefined;
  hangUp = () => undefined;
  onGone = () => undefined;
  stop = async () => undefined;
}

/** Hears of nothing but who was met. */
const met = vi.fn();
const scheduler = { met, banned: new Set(), crowd: vi.fn(), expect: vi.fn() } as unknown as Scheduler;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  met.mockReset();
});

/** Seconds between the dials of five minutes. */
async function pauses(failures: number): Promise<number[]> {
  const net = new TestNet(failures);
  const link = new Link(net, pageClock, new Uint8Array(32), 'v');
  await link.start(scheduler);
  await vi.advanceTimersByTimeAsync(300_000);
  link.stop();
  const { dialled } = net;
  return dialled.slice(1).map((at, before) => (at - (dialled[before] ?? 0)) / 1_000);
}

it('tries a peer again soon that could not be reached, and meets it', async () => {
  const [first, ...more] = await pauses(1);
  expect(first).toBeLessThanOrEqual(5);
  expect(more).toEqual([]);
  expect(met).toHaveBeenCalledExactlyOnceWith('x');
});

it('tries a peer less and less often that is never reached', async () => {
  const waits = await pauses(Infinity);
  expect(waits.length).toBeLessThan(9);
  expect(Math.min(...waits.slice(3))).toBeGreaterThanOrEqual(60);
  expect(met).not.toHaveBeenCalled();
});
