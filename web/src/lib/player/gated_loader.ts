import type { FragmentLoaderContext, HlsConfig, Loader, LoaderCallbacks, LoaderConfiguration } from 'hls.js';
import { HELD_AHEAD_S, type FragmentGate, type Given } from './fragment_gate';

/** How long a source may give nothing before the node is asked after all, in ms. No source should need it. */
const SILENT_MS_MAX = 30_000;

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
      let watch: ReturnType<typeof setTimeout> | undefined;
      const end = () => {
        over = true;
        clearTimeout(watch);
        this.#callOff = null;
      };
      const unlessOver = (run: () => void) => {
        if (over || this.#callbacks === null) return;
        end();
        run();
      };
      const listen = () => {
        clearTimeout(watch);
        watch = setTimeout(() => {
          this.#callOff?.();
          this.#pass(context, config, callbacks);
        }, SILENT_MS_MAX);
      };
      const callOff = gate.source?.take(context.url, context.frag.type, {
        progress: (loaded) => {
          if (over || this.#callbacks === null) return;
          stats.loading.first ||= performance.now();
          stats.loaded = loaded;
          listen();
        },
        // hls.js expects no answer before it has asked.
        given: (what) => queueMicrotask(() => unlessOver(() => this.#give(what, context, callbacks))),
        failed: () => queueMicrotask(() => unlessOver(() => this.#pass(context, config, callbacks))),
      });
      if (!callOff) return this.#pass(context, config, callbacks);
      listen();
      this.#callOff = () => {
        end();
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
