import type { FragmentLoaderContext, HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration } from 'hls.js';

/** A fragment that was given, and how long it really took. */
export interface Given {
  bytes: Uint8Array;
  /** How long it would have taken alone, in ms: the player measures the line by it. */
  alone_ms: number;
  /** How much of that passed before the first byte, in ms. */
  first_ms: number;
}

/** Who waits for a fragment. */
export interface Taker {
  progress(loaded: number): void;
  given(what: Given): void;
  /** It cannot be had there: it will be fetched in the ordinary way. */
  failed(): void;
}

/** Gives fragments instead of the node. */
export interface FragmentSource {
  /** Returns the way to call it off; null if it knows nothing of this address. */
  take(url: string, kind: string, taker: Taker): (() => void) | null;
  /** How far ahead the player should ask, in seconds. */
  readonly ahead: number;
}

/** A fragment that was fetched before there was a source. */
export interface Kept {
  url: string;
  bytes: Uint8Array<ArrayBuffer>;
  ms: number;
}

/** A request that is held is looked at so often, in ms. */
const LOOK_MS = 100;
/** With less than this ahead, nothing is held any more, in seconds. */
const HELD_AHEAD_S = 2;

/**
 * Stands between the player and the node: until others watch too, it lets everything pass and only remembers what passed.
 *
 * It is part of the player's first load, and small for that; what deals with peers is loaded when it is needed, and takes its
 * place behind the gate with `open`.
 */
export class FragmentGate {
  /** Called when the source came or went. */
  onchange: () => void = () => undefined;
  #source: FragmentSource | null = null;
  #coming = false;
  #keepBytesMax = 0;
  #kept: Kept[] = [];
  /** How many seconds the player has ahead. */
  ahead: () => number = () => 0;

  get source(): FragmentSource | null {
    return this.#source;
  }

  /** True while a source is on its way: fragments that can wait for it do. */
  get coming(): boolean {
    return this.#coming;
  }

  /** Remembers what passes, up to so many bytes: others may want it. */
  keep(bytesMax: number): void {
    this.#keepBytesMax = bytesMax;
    if (bytesMax === 0) this.#kept = [];
  }

  /** Says that a source is on its way, or will not come after all. */
  expect(coming: boolean): void {
    if (this.#coming === coming) return;
    this.#coming = coming;
    this.onchange();
  }

  /** Gives the fragments over to a source; returns what passed before. */
  open(source: FragmentSource): Kept[] {
    const kept = this.#kept;
    this.#kept = [];
    this.#source = source;
    this.#coming = false;
    this.onchange();
    return kept;
  }

  /** Lets everything pass again. */
  close(): void {
    this.#source = null;
    this.#coming = false;
    this.onchange();
  }

  /** The node gave a fragment. */
  passed(url: string, data: ArrayBuffer, ms: number): void {
    if (this.#source !== null || data.byteLength > this.#keepBytesMax) return;
    // The player gives its own away.
    this.#kept.push({ url, bytes: new Uint8Array(data.slice(0)), ms });
    let held = this.#kept.reduce((sum, one) => sum + one.bytes.length, 0);
    while (held > this.#keepBytesMax) held -= this.#kept.shift()?.bytes.length ?? held;
  }

  /** Calls `go` when a source has come or there is no more time to wait for it; returns the way to call it off. */
  hold(go: () => void): () => void {
    const timer = setInterval(() => {
      if (this.#coming && this.ahead() > HELD_AHEAD_S) return;
      clearInterval(timer);
      go();
    }, LOOK_MS);
    return () => clearInterval(timer);
  }
}

/** The loader of fragments that hls.js would use by itself. */
export type PlainLoader = new (config: HlsConfig) => Loader<FragmentLoaderContext>;

/** A loader of hls.js for fragments that goes through the gate; `Plain` is the one that hls.js would use. */
export function gated(Plain: PlainLoader, gate: FragmentGate): PlainLoader {
  return class GatedLoader implements Loader<FragmentLoaderContext> {
    context: FragmentLoaderContext | null = null;
    readonly #plain: Loader<FragmentLoaderContext>;
    #callbacks: LoaderCallbacks<FragmentLoaderContext> | null = null;
    #callOff: (() => void) | null = null;
    #passing = false;

    constructor(config: HlsConfig) {
      this.#plain = new Plain(config);
    }

    get stats() {
      return this.#plain.stats;
    }

    load(
      context: FragmentLoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<FragmentLoaderContext>,
    ): void {
      this.context = context;
      this.#callbacks = callbacks;
      // The first segment is what the viewer waits for; what precedes all of them is a few bytes.
      const canWait = context.frag.sn !== 'initSegment' && !context.rangeEnd;
      if (!canWait) return this.#pass(context, config, callbacks);
      if (gate.coming && gate.ahead() > HELD_AHEAD_S) {
        this.stats.loading.start = performance.now();
        this.#callOff = gate.hold(() => this.#go(context, config, callbacks));
      } else {
        this.#go(context, config, callbacks);
      }
    }

    abort(): void {
      if (this.#passing) return this.#plain.abort();
      if (this.#callOff === null) return;
      this.#callOff();
      this.#callOff = null;
      this.stats.aborted = true;
      const { context } = this;
      if (context) this.#callbacks?.onAbort?.(this.stats, context, null);
    }

    destroy(): void {
      this.#callOff?.();
      this.#callOff = null;
      this.#callbacks = null;
      this.context = null;
      this.#plain.destroy();
    }

    getCacheAge(): number | null {
      return this.#passing ? (this.#plain.getCacheAge?.() ?? null) : null;
    }

    getResponseHeader(name: string): string | null {
      return this.#passing ? (this.#plain.getResponseHeader?.(name) ?? null) : null;
    }

    #go(
      context: FragmentLoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<FragmentLoaderContext>,
    ): void {
      this.#callOff = null;
      const { stats } = this;
      stats.loading.start = performance.now();
      let over = false;
      const unlessOver = (run: () => void) => {
        if (over || this.#callbacks === null) return;
        over = true;
        this.#callOff = null;
        run();
      };
      const callOff = gate.source?.take(context.url, context.frag.type, {
        progress: (loaded) => {
          if (over || this.#callbacks === null) return;
          stats.loading.first ||= performance.now();
          stats.loaded = loaded;
        },
        // hls.js expects no answer before it has asked.
        given: (what) => queueMicrotask(() => unlessOver(() => this.#give(what, context, callbacks))),
        failed: () => queueMicrotask(() => unlessOver(() => this.#pass(context, config, callbacks))),
      });
      if (!callOff) return this.#pass(context, config, callbacks);
      this.#callOff = () => {
        over = true;
        callOff();
      };
    }

    #give(
      what: Given,
      context: FragmentLoaderContext,
      callbacks: LoaderCallbacks<FragmentLoaderContext>,
    ): void {
      const { stats } = this;
      const now = performance.now();
      stats.loading.end = now;
      stats.loading.start = now - what.alone_ms;
      stats.loading.first = Math.min(stats.loading.start + what.first_ms, now);
      stats.loaded = stats.total = what.bytes.length;
      stats.bwEstimate = (stats.total * 8_000) / Math.max(now - stats.loading.first, 1);
      // A copy: hls.js may give the buffer away, and others still want the bytes.
      const data = what.bytes.slice().buffer;
      callbacks.onProgress?.(stats, context, data, null);
      callbacks.onSuccess({ url: context.url, data, code: 200 }, stats, context, null);
    }

    /** Lets the node give it, in the ordinary way and with the ordinary errors. */
    #pass(
      context: FragmentLoaderContext,
      config: LoaderConfiguration,
      callbacks: LoaderCallbacks<FragmentLoaderContext>,
    ): void {
      this.#passing = true;
      const { loading } = this.stats;
      // It refuses to begin twice.
      loading.start = loading.first = loading.end = 0;
      this.#plain.load(context, config, {
        ...callbacks,
        onSuccess: (response, stats, from, details) => {
          if (
            response.data instanceof ArrayBuffer &&
            context.frag.sn !== 'initSegment' &&
            !context.rangeEnd
          ) {
            gate.passed(context.url, response.data, stats.loading.end - stats.loading.start);
          }
          callbacks.onSuccess(response, stats, from, details);
        },
      });
    }
  };
}
