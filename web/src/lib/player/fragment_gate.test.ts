import type { FragmentLoaderContext, HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration } from 'hls.js';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FragmentGate, type FragmentSource, type Taker } from './fragment_gate';
import { gated } from './gated_loader';

/** What the ordinary loader was asked; the test answers. */
const asked: { url: string; callbacks: LoaderCallbacks<FragmentLoaderContext>; loader: PlainLoader }[] = [];

/** Behaves as the loader of hls.js does towards its caller. */
class PlainLoader implements Loader<FragmentLoaderContext> {
  context: FragmentLoaderContext | null = null;
  stats = {
    aborted: false,
    loaded: 0,
    retry: 0,
    total: 0,
    chunkCount: 0,
    bwEstimate: 0,
    loading: { start: 0, first: 0, end: 0 },
    parsing: { start: 0, end: 0 },
    buffering: { start: 0, first: 0, end: 0 },
  };
  load(
    context: FragmentLoaderContext,
    _: LoaderConfiguration,
    callbacks: LoaderCallbacks<FragmentLoaderContext>,
  ) {
    if (this.stats.loading.start) throw new Error('Loader can only be used once.');
    this.stats.loading.start = performance.now();
    this.context = context;
    asked.push({ url: context.url, callbacks, loader: this });
  }
  abort() {
    this.stats.aborted = true;
  }
  destroy() {
    this.context = null;
  }
}

const CONTEXT = {
  url: 'https://node/a.m4s',
  frag: { sn: 3, type: 'main' },
} as unknown as FragmentLoaderContext;
const CONFIG = {} as LoaderConfiguration;

/** A source that gives nothing before the test does. */
class TestSource implements FragmentSource {
  readonly ahead = 12;
  taker: Taker | null = null;
  calledOff = 0;
  take(url: string, _: string, taker: Taker) {
    if (!url.endsWith('.m4s')) return null;
    this.taker = taker;
    return () => (this.calledOff += 1);
  }
}

let gate: FragmentGate;
let source: TestSource;
const heard = { success: vi.fn(), error: vi.fn(), timeout: vi.fn(), abort: vi.fn() };
const callbacks: LoaderCallbacks<FragmentLoaderContext> = {
  onSuccess: heard.success,
  onError: heard.error,
  onTimeout: heard.timeout,
  onAbort: heard.abort,
};
const loader = () => new (gated(PlainLoader, gate))({} as HlsConfig);

beforeEach(() => {
  gate = new FragmentGate();
  source = new TestSource();
  asked.length = 0;
  for (const one of Object.values(heard)) one.mockReset();
});

describe('without a source', () => {
  it('is the ordinary loader, errors included', () => {
    const one = loader();
    one.load(CONTEXT, CONFIG, callbacks);
    expect(asked).toHaveLength(1);
    expect(one.stats).toBe(asked[0]?.loader.stats);
    asked[0]?.callbacks.onError({ code: 404, text: '' }, CONTEXT, null, one.stats);
    expect(heard.error).toHaveBeenCalledOnce();
    one.abort();
    expect(one.stats.aborted).toBe(true);
  });

  it('remembers what passed only if it is to, and no more than it may', () => {
    const pass = (name: string) => {
      const one = loader();
      one.load({ ...CONTEXT, url: name } as FragmentLoaderContext, CONFIG, callbacks);
      const data = new ArrayBuffer(400);
      asked.at(-1)?.callbacks.onSuccess({ url: name, data, code: 200 }, one.stats, CONTEXT, null);
      return data;
    };
    pass('0.m4s');
    gate.keep(1_000);
    const data = pass('1.m4s');
    pass('2.m4s');
    pass('3.m4s');
    const kept = gate.open(source);
    expect(kept.map((one) => one.url)).toEqual(['2.m4s', '3.m4s']);
    expect(kept.some((one) => one.bytes.buffer === data)).toBe(false);
  });
});

describe('with a source', () => {
  beforeEach(() => void gate.open(source));

  it('gives hls.js a copy, with the time of the real transfer', async () => {
    const one = loader();
    one.load(CONTEXT, CONFIG, callbacks);
    const bytes = Uint8Array.from([1, 2, 3]);
    source.taker?.given({ bytes, alone_ms: 200, first_ms: 50 });
    expect(heard.success).not.toHaveBeenCalled();
    await Promise.resolve();
    const [response, stats] = heard.success.mock.calls[0] as [
      { data: ArrayBuffer; url: string },
      typeof one.stats,
    ];
    expect(new Uint8Array(response.data)).toEqual(bytes);
    expect(response.data).not.toBe(bytes.buffer);
    expect(stats.loading.end - stats.loading.start).toBeCloseTo(200);
    expect(stats.loading.first - stats.loading.start).toBeCloseTo(50);
    expect(stats).toMatchObject({ loaded: 3, total: 3 });
    expect(asked).toEqual([]);
  });

  it('asks the node for what the source does not know, and for init segments', () => {
    loader().load({ ...CONTEXT, url: 'https://node/a.ts' } as FragmentLoaderContext, CONFIG, callbacks);
    const init = {
      ...CONTEXT,
      frag: { sn: 'initSegment', type: 'main' },
    } as unknown as FragmentLoaderContext;
    loader().load(init, CONFIG, callbacks);
    loader().load({ ...CONTEXT, rangeStart: 5, rangeEnd: 9 } as FragmentLoaderContext, CONFIG, callbacks);
    expect(asked).toHaveLength(3);
    expect(source.taker).toBeNull();
  });

  it('asks the node when the source fails, once', async () => {
    loader().load(CONTEXT, CONFIG, callbacks);
    source.taker?.failed();
    source.taker?.failed();
    await Promise.resolve();
    expect(asked).toHaveLength(1);
  });

  it('asks the node when the source says nothing for half a minute', async () => {
    vi.useFakeTimers();
    loader().load(CONTEXT, CONFIG, callbacks);
    await vi.advanceTimersByTimeAsync(29_000);
    source.taker?.progress(1);
    await vi.advanceTimersByTimeAsync(29_000);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toHaveLength(1);
    expect(source.calledOff).toBe(1);
    source.taker?.given({ bytes: new Uint8Array(1), alone_ms: 1, first_ms: 1 });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(1);
    expect(heard.success).not.toHaveBeenCalled();
    vi.useRealTimers();
  });

  it('says once that it was aborted, and nothing after', async () => {
    const one = loader();
    one.load(CONTEXT, CONFIG, callbacks);
    const { taker } = source;
    one.abort();
    one.abort();
    taker?.given({ bytes: new Uint8Array(1), alone_ms: 1, first_ms: 1 });
    await Promise.resolve();
    expect(heard.abort).toHaveBeenCalledOnce();
    expect(heard.success).not.toHaveBeenCalled();
    expect(source.calledOff).toBe(1);
    expect(one.stats.aborted).toBe(true);
  });

  it('is silent after it was destroyed', async () => {
    const one = loader();
    one.load(CONTEXT, CONFIG, callbacks);
    source.taker?.given({ bytes: new Uint8Array(1), alone_ms: 1, first_ms: 1 });
    one.destroy();
    await Promise.resolve();
    expect(heard.success).not.toHaveBeenCalled();
    expect(source.calledOff).toBe(1);
  });
});

describe('while a source is on its way', () => {
  beforeEach(() => {
    vi.useFakeTimers();
    gate.expect(true);
    return () => void vi.useRealTimers();
  });

  it('lets the first segment pass', () => {
    loader().load(CONTEXT, CONFIG, callbacks);
    expect(asked).toHaveLength(1);
  });

  it('holds what can wait, until the source is there', async () => {
    gate.ahead = () => 4;
    loader().load(CONTEXT, CONFIG, callbacks);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked).toEqual([]);
    gate.open(source);
    await vi.advanceTimersByTimeAsync(100);
    expect(source.taker).not.toBeNull();
    expect(asked).toEqual([]);
  });

  it('asks the node when there is no more time, or none comes', async () => {
    let ahead = 4;
    gate.ahead = () => ahead;
    loader().load(CONTEXT, CONFIG, callbacks);
    loader().load(CONTEXT, CONFIG, callbacks);
    ahead = 1.9;
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toHaveLength(2);
    ahead = 9;
    loader().load(CONTEXT, CONFIG, callbacks);
    gate.expect(false);
    await vi.advanceTimersByTimeAsync(100);
    expect(asked).toHaveLength(3);
  });

  it('can be aborted while it holds', async () => {
    gate.ahead = () => 4;
    const one = loader();
    one.load(CONTEXT, CONFIG, callbacks);
    one.abort();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(heard.abort).toHaveBeenCalledOnce();
    expect(asked).toEqual([]);
  });
});
