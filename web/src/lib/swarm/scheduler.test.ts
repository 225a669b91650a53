import { beforeEach, describe, expect, it } from 'vitest';
import { Manifest, type Segment } from './manifest';
import { Scheduler } from './scheduler';
import { VirtualClock } from './simulation/virtual_clock';
import type { Delivery, Receiver, Surroundings } from './surroundings';
import type { HaveMessage } from './wire';

const SIZE = 1_000_000;

/** A transfer that a test lets go on as it likes. */
interface Transfer {
  segment: Segment;
  peer: string | null;
  receiver: Receiver;
  cancelled: boolean;
}

/** A scheduler whose surroundings do nothing by themselves. */
class Bench implements Surroundings {
  readonly clock = new VirtualClock();
  readonly manifest: Manifest;
  readonly transfers: Transfer[] = [];
  readonly told: { peer: string; message: Omit<HaveMessage, 'swarm'> }[] = [];
  readonly banished: string[] = [];
  readonly banned = new Set<string>();
  readonly scheduler: Scheduler;
  readonly #digests = new Map<Uint8Array, string>();

  constructor(memory = 64e6) {
    const segments = Array.from({ length: 40 }, (_, index) => {
      const sha256 = (index + 1).toString(16).padStart(64, '0');
      return { name: `${sha256}.m4s`, size: SIZE, sha256, duration: 4 };
    });
    this.manifest = Manifest.parse(JSON.stringify({ version: 1, renditions: [{ segments }] }));
    this.scheduler = new Scheduler(this.manifest, 'self', this.banned, memory, this);
    // The origin is fast.
    this.offer(0);
  }

  random = () => 0.5;
  fetch = (segment: Segment, receiver: Receiver) => this.#begin(segment, null, receiver);
  ask = (peer: string, segment: Segment, receiver: Receiver) => this.#begin(segment, peer, receiver);
  tell = (peer: string, message: Omit<HaveMessage, 'swarm'>) => void this.told.push({ peer, message });
  banish = (peer: string) => void this.banished.push(peer);
  digest = (bytes: Uint8Array, then: (sha256: string) => void) =>
    void this.clock.after(1, () => then(this.#digests.get(bytes) ?? 'wrong'));

  #begin(segment: Segment, peer: string | null, receiver: Receiver): () => void {
    const transfer: Transfer = { segment, peer, receiver, cancelled: false };
    this.transfers.push(transfer);
    return () => (transfer.cancelled = true);
  }

  segment(index: number): Segment {
    return this.manifest.segment(0, index) as Segment;
  }

  bytes(index: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(SIZE);
    this.#digests.set(bytes, this.segment(index).sha256);
    return bytes;
  }

  offer(index: number): void {
    this.scheduler.offer(this.segment(index), this.bytes(index), 50);
    this.clock.run(1);
  }

  /** What runs now, as `index:peer`, with `-` for the origin. */
  get running(): string[] {
    return this.transfers
      .filter((one) => !one.cancelled)
      .map((one) => `${one.segment.index}:${one.peer ?? '-'}`);
  }

  transfer(name: string): Transfer {
    const found = this.transfers.find(
      (one) => `${one.segment.index}:${one.peer ?? '-'}` === name && !one.cancelled,
    );
    if (!found) throw new Error(`no ${name} in ${this.running.join(' ')}`);
    return found;
  }

  end(name: string, run: (transfer: Transfer) => void): void {
    const transfer = this.transfer(name);
    this.transfers.splice(this.transfers.indexOf(transfer), 1);
    run(transfer);
    this.clock.run(2);
  }

  finish(name: string, bytes?: Uint8Array<ArrayBuffer>): void {
    this.end(name, ({ segment, receiver }) => receiver.done(bytes ?? this.bytes(segment.index)));
  }

  /** A peer comes that has some segments. */
  meet(peer: string, ...indexes: number[]): void {
    this.scheduler.met(peer);
    const have = indexes.map((index) => ({ rendition: 0, index }));
    this.scheduler.told(peer, { maps: new Map(), have, loading: [], dropped: [] });
  }

  want(index: number): { got: Delivery[]; failed: number; cancel: () => void } {
    const result = { got: [] as Delivery[], failed: 0, cancel: () => undefined as void };
    result.cancel = this.scheduler.want(this.segment(index), {
      kind: 'main',
      delivered: (delivery) => result.got.push(delivery),
      failed: () => (result.failed += 1),
    });
    return result;
  }

  at(time: number, bufferedEnd: number): void {
    this.scheduler.watch({ time, bufferedEnd, rate: 1, playing: false });
  }
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});

describe('what the player waits for', () => {
  it('comes from the origin at once while nobody else is there', () => {
    bench.at(0, 20);
    const wanted = bench.want(5);
    expect(bench.running).toEqual(['5:-']);
    bench.finish('5:-');
    expect(wanted.got[0]?.via).toBe('origin');
  });

  it('comes from the origin at once when it is urgent, whoever has it', () => {
    bench.meet('a', 1);
    bench.at(3, 4);
    bench.want(1);
    expect(bench.running).toEqual(['1:-']);
  });

  it('comes from a peer if there is time, and waits no longer than four seconds', () => {
    bench.meet('a', 5);
    bench.at(0, 20);
    const wanted = bench.want(5);
    expect(bench.running).toEqual(['5:a']);
    for (let passed = 0; passed < 3_900; passed += 100) {
      bench.transfer('5:a').receiver.progress(1 + passed);
      bench.clock.run(100);
    }
    expect(bench.running).toContain('5:a');
    bench.clock.run(200);
    expect(bench.running).not.toContain('5:a');
    bench.finish('5:-');
    expect(wanted.got).toHaveLength(1);
  });

  it('does not wait for a peer that says nothing for two seconds', () => {
    bench.meet('a', 5);
    bench.at(0, 20);
    bench.want(5);
    bench.clock.run(2_600);
    expect(bench.running).not.toContain('5:a');
  });

  it('waits for peers that are still to come, as long as there is time', () => {
    bench.scheduler.expect(true);
    bench.at(0, 4);
    bench.want(1);
    expect(bench.running).toEqual([]);
    bench.clock.run(2_300);
    expect(bench.running).toEqual([]);
    // Four seconds of slack, one and a half of which are urgent.
    bench.clock.run(300);
    expect(bench.running).toEqual(['1:-']);
  });

  it('is not waited for when peers turn out not to come', () => {
    bench.scheduler.expect(true);
    bench.at(0, 20);
    bench.want(5);
    bench.scheduler.expect(false);
    expect(bench.running).toEqual(['5:-']);
  });

  it('is given from memory without a transfer, with the times of the real one', () => {
    const wanted = bench.want(0);
    expect(bench.running).toEqual([]);
    expect(wanted.got[0]).toMatchObject({ via: 'origin' });
    expect((wanted.got[0]?.endedAt ?? 0) - (wanted.got[0]?.startedAt ?? 0)).toBe(50);
  });

  it('is called off with its transfer', () => {
    bench.at(0, 200);
    const wanted = bench.want(39);
    wanted.cancel();
    expect(bench.running).toEqual([]);
    expect(wanted.failed).toBe(0);
  });

  it('fails if the origin fails and nobody has it', () => {
    bench.at(0, 20);
    const wanted = bench.want(5);
    bench.end('5:-', ({ receiver }) => receiver.failed('broken'));
    expect(wanted.failed).toBe(1);
  });

  it('comes from a peer if the origin fails, however urgent', () => {
    bench.meet('a', 1);
    bench.at(3, 4);
    const wanted = bench.want(1);
    bench.end('1:-', ({ receiver }) => receiver.failed('broken'));
    bench.finish('1:a');
    expect(wanted.got[0]?.via).toBe('peers');
  });
});

describe('a lying peer', () => {
  it('is banned at the first wrong byte, and its bytes are seen by nobody', () => {
    bench.meet('liar', 5);
    bench.at(0, 20);
    const wanted = bench.want(5);
    bench.finish('5:liar', new Uint8Array(SIZE));
    expect(wanted.got).toEqual([]);
    expect(bench.banished).toEqual(['liar']);
    expect(bench.scheduler.tally).toMatchObject({ lies: 1, fromPeers: 0 });
  });

  it('stays banned when it comes again, and gets nothing', () => {
    bench.meet('liar', 5);
    bench.at(0, 20);
    bench.want(5);
    bench.finish('5:liar', new Uint8Array(SIZE));
    bench.meet('liar', 6, 7, 8);
    expect(bench.scheduler.neighbours).toBe(0);
    expect(bench.banished).toEqual(['liar', 'liar']);
    expect(bench.scheduler.serve('liar', bench.segment(0).sha256).status).toBe('refused');
  });

  it('is caught by the size alone', () => {
    bench.meet('liar', 5);
    bench.at(0, 20);
    bench.want(5);
    bench.finish('5:liar', bench.bytes(5).slice(1));
    expect(bench.banned.has('liar')).toBe(true);
  });

  it('that claims what it does not have is left alone after three times', () => {
    bench.meet('boaster', 5, 6, 7, 8, 9, 10);
    bench.at(0, 20);
    bench.want(5);
    for (let time = 0; time < 3; time += 1) {
      const name = bench.running.find((one) => one.endsWith('boaster')) ?? '';
      bench.end(name, ({ receiver }) => receiver.failed('not-found'));
    }
    expect(bench.running.filter((one) => one.endsWith('boaster'))).toHaveLength(1);
    bench.scheduler.told('boaster', { maps: new Map(), have: [], loading: [], dropped: [] });
    expect(bench.running.filter((one) => one.endsWith('boaster'))).toHaveLength(1);
  });

  it('that announces every fetch and does none holds up nobody', () => {
    bench.meet('liar', 4);
    const loading = Array.from({ length: 40 }, (_, index) => ({ rendition: 0, index }));
    bench.scheduler.told('liar', { maps: new Map(), have: [], loading, dropped: [] });
    bench.at(0, 20);
    bench.want(5);
    bench.clock.run(3_900);
    expect(bench.running).not.toContain('5:-');
    bench.clock.run(200);
    expect(bench.running).toContain('5:-');
  });
});

describe('what is fetched ahead', () => {
  it('is what few have, within ten seconds', () => {
    bench.meet('a', 4, 5, 6);
    bench.meet('b', 4, 5);
    bench.at(0, 16);
    bench.want(3);
    // 4 is within the same ten seconds as 3; 5 and 6 are in the next, where only one has 6.
    expect(bench.running.map((one) => one.split(':')[0])).toEqual(['4', '6', '5']);
  });

  it('is not left to a peer that gives a byte a second', () => {
    bench.at(0, 4);
    bench.want(0);
    bench.at(0, 20);
    bench.meet('a', 8);
    expect(bench.running).toEqual(['8:a']);
    const { receiver } = bench.transfer('8:a');
    for (let second = 1; second <= 3; second += 1) {
      bench.clock.run(1_000);
      receiver.progress(second);
    }
    expect(bench.running).toContain('8:a');
    bench.clock.run(1_500);
    expect(bench.running).not.toContain('8:a');
  });

  it('is not asked of a peer that is busy, for a second', () => {
    bench.meet('a', 10);
    bench.at(0, 20);
    bench.want(5);
    bench.end('10:a', ({ receiver }) => receiver.failed('busy'));
    bench.clock.run(400);
    expect(bench.running).not.toContain('10:a');
    bench.clock.run(1_100);
    expect(bench.running).toContain('10:a');
  });

  it('is announced while it comes from the origin, and afterwards', () => {
    bench.meet('a');
    bench.at(3, 4);
    bench.want(1);
    expect(bench.told.at(-1)?.message.loading).toEqual([{ rendition: 0, index: 1 }]);
    bench.finish('1:-');
    expect(bench.told.some(({ message }) => message.have.some((at) => at.index === 1))).toBe(true);
  });

  it('stops after a jump elsewhere', () => {
    bench.meet('a', 5, 6, 7);
    bench.at(0, 20);
    bench.want(5).cancel();
    expect(bench.running.length).toBeGreaterThan(0);
    bench.at(120, 120);
    expect(bench.running.filter((one) => one.endsWith('a'))).toEqual([]);
  });

  it('never takes more memory than is allowed', () => {
    const small = new Bench(3 * SIZE);
    small.meet('a', ...Array.from({ length: 39 }, (_, index) => index + 1));
    small.at(0, 20);
    small.want(5);
    for (let index = 5; index < 30; index += 1) small.offer(index);
    const gone = small.told.flatMap(({ message }) => message.dropped.map((at) => at.index));
    expect(gone.length).toBeGreaterThanOrEqual(22);
    const held = Array.from({ length: 40 }, (_, index) =>
      small.scheduler.serve('x', small.segment(index).sha256),
    );
    expect(held.filter((answer) => answer.status !== 'not-found').length).toBeLessThanOrEqual(3);
  });
});

describe('what others ask for', () => {
  it('is given to four at a time, two to each, two while the line is unknown', () => {
    const ask = (peer: string) => bench.scheduler.serve(peer, bench.segment(0).sha256);
    const [first, second] = [ask('a'), ask('b')];
    expect([first.status, second.status, ask('c').status]).toEqual(['ok', 'ok', 'busy']);
    if (first.status === 'ok') {
      bench.clock.run(100);
      first.upload.sent(SIZE, bench.clock.now());
      first.upload.end(bench.clock.now());
    }
    expect(['a', 'a', 'c', 'd', 'e'].map((peer) => ask(peer).status)).toEqual([
      'ok',
      'ok',
      'ok',
      'busy',
      'busy',
    ]);
    expect(bench.scheduler.uploads).toMatchObject({ helped: 1, bytes: SIZE });
  });

  it('is refused when the page was out of sight for a minute', () => {
    bench.scheduler.hidden(true);
    bench.clock.run(59_000);
    expect(bench.scheduler.serve('a', bench.segment(0).sha256).status).toBe('ok');
    bench.clock.run(2_000);
    expect(bench.scheduler.serve('a', bench.segment(0).sha256).status).toBe('refused');
    bench.scheduler.hidden(false);
    expect(bench.scheduler.serve('a', bench.segment(0).sha256).status).toBe('ok');
  });

  it('waits while the own buffer is nearly empty', () => {
    bench.want(1);
    bench.scheduler.watch({ time: 0, bufferedEnd: 0.5, rate: 1, playing: true });
    expect(bench.scheduler.serve('a', bench.segment(0).sha256).status).toBe('busy');
  });

  it('is not found if it is not of this video', () => {
    expect(bench.scheduler.serve('a', 'f'.repeat(64)).status).toBe('not-found');
  });
});

it('gives the origin’s bytes to the player even if the manifest does not know them, and to nobody else', () => {
  bench.at(0, 20);
  const wanted = bench.want(5);
  bench.finish('5:-', new Uint8Array(10));
  expect(wanted.got).toHaveLength(1);
  expect(bench.scheduler.serve('a', bench.segment(5).sha256).status).toBe('not-found');
  expect(bench.scheduler.tally.originLies).toBe(1);
  bench.clock.run(2_000);
  expect(bench.running).not.toContain('5:-');
});

it('knows no more than sixteen neighbours', () => {
  for (let peer = 0; peer < 40; peer += 1) bench.scheduler.met(`peer-${peer}`);
  expect(bench.scheduler.neighbours).toBe(16);
});

it('ends everything when it is stopped', () => {
  bench.meet('a', 5, 6);
  bench.at(0, 20);
  const wanted = bench.want(5);
  bench.scheduler.stop();
  expect(bench.running).toEqual([]);
  expect(wanted.failed).toBe(1);
  const before = bench.clock.now();
  bench.clock.run(60_000);
  expect(bench.running).toEqual([]);
  expect(bench.clock.now() - before).toBe(60_000);
});
