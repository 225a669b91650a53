import fc from 'fast-check';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { WireError, writeFrame } from './frame';
import { hearHaves, HaveWriter } from './have_stream';
import { toHex } from './hex';
import type { Segment } from './manifest';
import { pair, type MemoryPipe } from './simulation/memory_pipe';
import type { Answer } from './scheduler';
import { SegmentClient, serveSegments } from './segment_stream';
import type { Receiver } from './surroundings';
import { askTracker } from './tracker_stream';
import {
  writeHave,
  writeSegmentHeader,
  writeSegmentRequest,
  writeTrackerAnswer,
  type HaveMessage,
} from './wire';

const SEGMENT: Segment = {
  name: 'a.m4s',
  size: 200_000,
  sha256: 'ab'.repeat(32),
  rendition: 0,
  index: 0,
  start: 0,
  duration: 4,
};
const settled = () => new Promise((done) => setTimeout(done, 5));

/** Remembers what it was told. */
class Ear implements Receiver {
  loaded: number[] = [];
  bytes: Uint8Array | null = null;
  why: string | null = null;
  progress = (loaded: number) => void this.loaded.push(loaded);
  done = (bytes: Uint8Array) => void (this.bytes = bytes);
  failed = (why: string) => void (this.why = why);
}

describe('segments', () => {
  const bytes = new Uint8Array(SEGMENT.size).fill(7);
  const upload = { sent: vi.fn(), end: vi.fn() };
  beforeEach(() => void [upload.sent.mockReset(), upload.end.mockReset()]);

  /** A client whose streams end at a peer that answers so. */
  function clientOf(answer: (sha256: string) => Answer): { client: SegmentClient; opened: MemoryPipe[] } {
    const opened: MemoryPipe[] = [];
    const open = async () => {
      const [near, far] = pair();
      opened.push(near);
      void serveSegments(far, answer, () => 0).catch(() => undefined);
      return near;
    };
    return { client: new SegmentClient(open), opened };
  }

  it('come whole, over a stream that is used again', async () => {
    const { client, opened } = clientOf((sha256) =>
      sha256 === SEGMENT.sha256 ? { status: 'ok', bytes, upload } : { status: 'not-found' },
    );
    for (let time = 0; time < 3; time += 1) {
      const ear = new Ear();
      client.get(SEGMENT, ear);
      await settled();
      expect(ear.bytes).toEqual(bytes);
      expect(ear.loaded.at(-1)).toBe(SEGMENT.size);
    }
    expect(opened).toHaveLength(1);
    expect(upload.end).toHaveBeenCalledTimes(3);
    expect(upload.sent.mock.calls.reduce((sum, [sent]) => sum + (sent as number), 0)).toBe(3 * SEGMENT.size);
  });

  it.each(['busy', 'refused', 'not-found'] as const)('may be refused: %s', async (status) => {
    const { client } = clientOf(() => ({ status }));
    const ear = new Ear();
    client.get(SEGMENT, ear);
    await settled();
    expect(ear.why).toBe(status);
  });

  it('of another size are wrong bytes, and none of them is kept', async () => {
    const [near, far] = pair();
    const ear = new Ear();
    new SegmentClient(async () => near).get(SEGMENT, ear);
    far.send(writeFrame(writeSegmentHeader({ status: 'ok', size: 30_000_000 })));
    far.send(new Uint8Array(500_000));
    await settled();
    expect(ear.bytes).toHaveLength(0);
    expect(near.aborted).not.toBeNull();
  });

  it('that end too soon, or never begin, are broken', async () => {
    for (const sent of [new Uint8Array(0), new Uint8Array(1_000)]) {
      const [near, far] = pair();
      const ear = new Ear();
      new SegmentClient(async () => near).get(SEGMENT, ear);
      if (sent.length > 0) far.send(writeFrame(writeSegmentHeader({ status: 'ok', size: SEGMENT.size })));
      far.send(sent);
      await far.close();
      await settled();
      expect(ear.why).toBe('broken');
    }
    const ear = new Ear();
    new SegmentClient(() => Promise.reject(new Error('gone'))).get(SEGMENT, ear);
    await settled();
    expect(ear.why).toBe('broken');
  });

  it('that nobody asked for close the stream', async () => {
    const [near, far] = pair();
    const ear = new Ear();
    const client = new SegmentClient(async () => near);
    client.get(SEGMENT, ear);
    far.send(writeFrame(writeSegmentHeader({ status: 'ok', size: SEGMENT.size })));
    far.send(new Uint8Array(SEGMENT.size + 9));
    await settled();
    expect(ear.bytes).toHaveLength(SEGMENT.size);
    expect(near.aborted).not.toBeNull();
  });

  it('that never end are never taken, however they are cut', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 90_000 }), { maxLength: 9 }), async (pieces) => {
        const [near, far] = pair();
        const ear = new Ear();
        new SegmentClient(async () => near).get(SEGMENT, ear);
        far.send(writeFrame(writeSegmentHeader({ status: 'ok', size: SEGMENT.size })));
        for (const length of pieces) far.send(new Uint8Array(length));
        far.send(new Uint8Array(SEGMENT.size + 1));
        await settled();
        expect(ear.bytes).toHaveLength(SEGMENT.size);
        expect(Math.max(...ear.loaded)).toBe(SEGMENT.size);
        expect(near.aborted).not.toBeNull();
      }),
      { numRuns: 20 },
    );
  });

  it('that a peer does not take are not held for it for ever', async () => {
    vi.useFakeTimers();
    try {
      const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
        const stop = new AbortController();
        setTimeout(() => stop.abort(new Error('timeout')), ms);
        return stop.signal;
      });
      const [near, far] = pair();
      far.send = () => false;
      far.onDrain = (options?: { signal?: AbortSignal }) =>
        new Promise((_, fail) =>
          options?.signal?.addEventListener('abort', () => fail(options.signal?.reason as Error)),
        );
      near.send(writeFrame(writeSegmentRequest({ sha256: new Uint8Array(32) })));
      let cause: unknown = null;
      void serveSegments(
        far,
        () => ({ status: 'ok', bytes, upload }),
        () => 0,
      ).catch((error) => (cause = error));
      await vi.advanceTimersByTimeAsync(14_000);
      expect(upload.end).not.toHaveBeenCalled();
      await vi.advanceTimersByTimeAsync(2_000);
      expect(upload.end).toHaveBeenCalledOnce();
      expect(cause).not.toBeNull();
      timeout.mockRestore();
    } finally {
      vi.useRealTimers();
    }
  });

  it('can be called off at any moment', async () => {
    const [near, far] = pair();
    const ear = new Ear();
    const callOff = new SegmentClient(async () => near).get(SEGMENT, ear);
    await settled();
    callOff();
    far.send(writeFrame(writeSegmentHeader({ status: 'busy', size: 0 })));
    await settled();
    expect([ear.bytes, ear.why]).toEqual([null, null]);
    expect(near.aborted).not.toBeNull();
  });

  it('are asked for in frames: anything else ends the stream', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200 }), async (garbage) => {
        const [near, far] = pair();
        near.send(garbage);
        await near.close();
        await serveSegments(
          far,
          () => ({ status: 'refused' }),
          () => 0,
        ).catch((cause) => expect(cause).toBeInstanceOf(WireError));
      }),
    );
  });
});

describe('have-maps', () => {
  const swarm = new Uint8Array(32).fill(1);
  const none = { maps: new Map(), have: [], loading: [], dropped: [] };

  it('say first what is there, then what changes, the last word on each', async () => {
    const [near, far] = pair();
    const heard: HaveMessage[] = [];
    void hearHaves(
      far,
      swarm,
      (message) => heard.push(message),
      () => 0,
    );
    const writer = new HaveWriter(near, swarm);
    writer.tell({ ...none, maps: new Map([[0, Uint8Array.from([0xc0])]]) });
    const place = { rendition: 0, index: 5 };
    writer.tell({ ...none, loading: [place] });
    writer.tell({ ...none, have: [place] });
    await new Promise((done) => setTimeout(done, 100));
    expect(heard[0]?.swarm).toEqual(swarm);
    expect(heard[0]?.maps).toEqual(new Map([[0, Uint8Array.from([0xc0])]]));
    const last = heard.at(-1);
    expect(last?.have).toEqual([place]);
    expect(last?.loading).toEqual([]);
  });

  it('of another swarm end the stream', async () => {
    for (const first of [null, new Uint8Array(32)]) {
      const [near, far] = pair();
      near.send(writeFrame(writeHave({ ...none, swarm: first })));
      await expect(
        hearHaves(
          far,
          swarm,
          () => undefined,
          () => 0,
        ),
      ).rejects.toThrow(WireError);
    }
  });

  it('that never stop end the stream', async () => {
    const [near, far] = pair();
    near.send(writeFrame(writeHave({ ...none, swarm })));
    for (let word = 0; word < 300; word += 1) near.send(writeFrame(writeHave({ ...none, swarm: null })));
    let heard = 0;
    await expect(
      hearHaves(
        far,
        swarm,
        () => (heard += 1),
        () => 0,
      ),
    ).rejects.toThrow(WireError);
    expect(heard).toBe(200);
  });
});

it('asks the tracker, and takes no answer for none', async () => {
  const answer = { peers: ['x'], ttl: 90, watchers: 2 };
  const question = { swarm: new Uint8Array(32), video: 'v', want: 12, liars: [] };
  const [near, far] = pair();
  const asking = askTracker(near, question);
  far.send(writeFrame(writeTrackerAnswer(answer)));
  expect(await asking).toEqual(answer);
  const [deaf, mute] = pair();
  await mute.close();
  await expect(askTracker(deaf, question)).rejects.toThrow(WireError);
});

it('writes bytes as hex', () => {
  expect(toHex(Uint8Array.from([0, 10, 255]))).toBe('000aff');
});
