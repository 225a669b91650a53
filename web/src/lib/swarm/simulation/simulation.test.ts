import { describe, expect, it } from 'vitest';
import { Party, type Outcome, type Plan } from './party';
import type { Character } from './viewer';
import { seeded } from './virtual_clock';

/** The clip of the trial: 60 s in 15 segments, 14.4 MB. */
const CLIP = { segments: 15, sizes: [960_000] };
/** What is left of the most that is possible when each later viewer fetches its first segment from the origin. */
const paidStart = (viewers: number) => 1 - (CLIP.segments + viewers - 1) / (CLIP.segments * viewers);

/** Viewers with lines of 24 to 72 Mbit/s down and 5 to 21 up that come one after the other. */
function crowd(count: number, stagger_ms: number, seed: number): Character[] {
  const random = seeded(seed * 77);
  return Array.from({ length: count }, (_, number) => ({
    at: number * stagger_ms,
    down: 3_000 + 6_000 * random(),
    up: 600 + 2_000 * random(),
    origin_ms: 20 + 60 * random(),
    join_ms: 800 + 800 * random(),
  }));
}

function play(viewers: Character[], plan: Partial<Plan> = {}): Outcome {
  return new Party({ seed: 1, ...CLIP, viewers, ...plan }).run();
}

/** The mean offload of some runs, none of which may stall or show a bad byte. */
function offload(seeds: number, run: (seed: number) => Outcome): number {
  let sum = 0;
  for (let seed = 1; seed <= seeds; seed += 1) {
    const outcome = run(seed);
    expect(outcome).toMatchObject({ stalls: 0, badBytes: 0, unfinished: 0 });
    sum += outcome.offload;
  }
  return sum / seeds;
}

describe('few viewers, five seconds apart', () => {
  it.each([
    [2, 0.43],
    [4, 0.65],
    [6, 0.74],
  ])('%i of them: nearly all but the start comes from peers', (count, least) => {
    const mean = offload(12, (seed) => play(crowd(count, 5_000, seed), { seed }));
    expect(mean).toBeGreaterThan(least);
    expect(mean).toBeLessThanOrEqual(1 - 1 / count);
  });

  it('pay for their first segment alone where lines are fast, as on one machine', () => {
    const fast = crowd(4, 5_000, 1).map((one) => ({ ...one, up: 5_000, down: 12_000, origin_ms: 5 }));
    expect(offload(5, (seed) => play(fast, { seed }))).toBeGreaterThan(paidStart(4) - 0.01);
  });
});

describe('a crowd', () => {
  it.each([
    [50, 1_000, 0.86],
    [50, 100, 0.79],
    [500, 1_000, 0.9],
    [500, 100, 0.87],
  ])('of %i, one every %i ms', (count, stagger_ms, least) => {
    const outcome = play(crowd(count, stagger_ms, 1));
    expect(outcome).toMatchObject({ stalls: 0, badBytes: 0, unfinished: 0 });
    expect(outcome.offload).toBeGreaterThan(least);
    // Start-up is the origin's alone: peers cannot slow it down.
    expect(outcome.startup_ms).toBeLessThan(500);
    // Nobody gives more than a few times what it watches.
    expect(Math.max(...outcome.gave)).toBeLessThan(4.5);
    const givers = outcome.gave.filter((part) => part > 0.1).length;
    expect(givers / count).toBeGreaterThan(0.6);
  });
});

describe('trouble', () => {
  it.each([
    [4, 5_000],
    [50, 300],
  ])('one of %i lies: it is caught at once by each whom it gives something', (count, stagger_ms) => {
    const viewers = crowd(count, stagger_ms, 2);
    (viewers[0] as Character).lies = true;
    const outcome = play(viewers);
    expect(outcome).toMatchObject({ stalls: 0, badBytes: 0, unfinished: 0 });
    expect(outcome.lies).toBeGreaterThan(0);
    // Two transfers may be on their way from it when the first is found out.
    expect(outcome.lies).toBeLessThanOrEqual(2 * Math.min(count - 1, 16));
  });

  it('a third of 50 lie', () => {
    const viewers = crowd(50, 300, 3).map((one, number) => ({ ...one, lies: number % 3 === 0 }));
    expect(play(viewers)).toMatchObject({ stalls: 0, badBytes: 0, unfinished: 0 });
  });

  it('four viewers, of whom one lies and one is killed', () => {
    const viewers = crowd(4, 5_000, 4);
    (viewers[1] as Character).lies = true;
    (viewers[0] as Character).killed = 20_000;
    const outcome = play(viewers);
    expect(outcome).toMatchObject({ stalls: 0, badBytes: 0, unfinished: 0 });
    expect(outcome.offload).toBeGreaterThan(0.3);
  });

  it('half of 50 are killed in the middle', () => {
    const viewers = crowd(50, 300, 5).map((one, number) =>
      number % 2 === 0 ? { ...one, killed: 18_000 + 100 * number } : one,
    );
    const outcome = play(viewers);
    expect(outcome).toMatchObject({ stalls: 0, badBytes: 0, unfinished: 0 });
    expect(outcome.offload).toBeGreaterThan(0.6);
  });

  it('one has a slow line: it is not waited for', () => {
    const viewers = crowd(6, 5_000, 6);
    (viewers[0] as Character).up = 30;
    const outcome = play(viewers);
    expect(outcome).toMatchObject({ stalls: 0, badBytes: 0, unfinished: 0 });
    expect(outcome.offload).toBeGreaterThan(0.55);
  });

  it('the origin is gone for twenty seconds: peers carry on', () => {
    const viewers = crowd(6, 3_000, 7);
    const outcome = play(viewers, { originDown: [24_000, 44_000] });
    expect(outcome).toMatchObject({ stalls: 0, badBytes: 0, unfinished: 0 });
  });

  it('the origin says nothing for twenty seconds: peers carry on', () => {
    const outcome = play(crowd(6, 3_000, 7), { originSilent: [24_000, 44_000] });
    expect(outcome).toMatchObject({ stalls: 0, badBytes: 0, unfinished: 0 });
  });

  it('the origin is slow: the urgent window grows, and nothing stalls', () => {
    const viewers = crowd(6, 2_000, 8).map((one) => ({ ...one, down: 400, origin_ms: 300 }));
    expect(play(viewers)).toMatchObject({ stalls: 0, badBytes: 0, unfinished: 0 });
  });

  it('memory is short', () => {
    const viewers = crowd(6, 5_000, 9).map((one) => ({ ...one, memory: 6e6 }));
    const outcome = play(viewers);
    expect(outcome).toMatchObject({ stalls: 0, badBytes: 0, unfinished: 0 });
    expect(outcome.offload).toBeGreaterThan(0.3);
  });
});

it('four viewers change quality and stay in one swarm', () => {
  const viewers = crowd(4, 5_000, 10).map((one, number) => ({
    ...one,
    changes: [{ at: one.at + 12_000 + 1_000 * number, rendition: 1 }],
  }));
  const outcome = play(viewers, { sizes: [480_000, 960_000] });
  expect(outcome).toMatchObject({ stalls: 0, badBytes: 0, unfinished: 0 });
  expect(outcome.offload).toBeGreaterThan(0.6);
});

it('plays alike when it is played again', () => {
  const [once, again] = [play(crowd(6, 1_000, 11)), play(crowd(6, 1_000, 11))];
  expect(again).toEqual(once);
});
