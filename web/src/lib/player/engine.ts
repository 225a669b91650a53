import type Hls from 'hls.js';
import type { Events, Level } from 'hls.js';
import type { FragmentGate } from './fragment_gate';
import { gated, type PlainLoader } from './gated_loader';
import { hasSeparateAudio, qualityOf, readVariants, type Variant } from './multivariant';

/** A quality that can be chosen. */
export interface Quality {
  /** The shorter side of the picture in pixels: 720 for 720p. 0 for sound alone. */
  quality: number;
  /** In bits per second. */
  bitrate: number;
}

/** What an engine tells while it plays. */
export interface Listener {
  qualities(all: Quality[]): void;
  /** The quality on screen from now on. */
  showing(quality: number): void;
  /** How many seconds of the video exist by now; null when all do. */
  made(seconds: number | null): void;
  failed(why: 'network' | 'media' | 'unsupported'): void;
}

/** Feeds a `<video>` with one of several qualities. */
export interface Engine {
  /** Null lets the engine decide by bandwidth and size. */
  choose(quality: number | null): void;
  /** Looks for qualities that were made since, without interrupting what plays. */
  grow(): Promise<void>;
  destroy(): void;
}

/** How often a network or decoding failure is worked around before it is shown. */
const RECOVERIES_MAX = 6;
/** How much of what was just seen is kept when the quality is changed by hand, in seconds. */
const BEHIND_SECONDS = 2;
/** How far ahead is buffered while help of other viewers is on its way, in seconds: one segment. */
const AHEAD_COMING_S = 4;

/**
 * Starts playing the HLS playlist at `url` from `start` seconds. With `patience`, so many loads may fail one after another
 * before it says that it failed; without, it keeps trying for long.
 */
export async function startEngine(
  video: HTMLVideoElement,
  address: string,
  start: number,
  preferred: number | null,
  patience: number | null,
  listener: Listener,
  gate: FragmentGate,
): Promise<Engine> {
  const url = new URL(address, location.href).href;
  const playlist = await fetchPlaylist(url);
  const separate = playlist !== null && hasSeparateAudio(playlist);
  const { default: Engine } = separate ? await import('hls.js') : await import('hls.js/light');
  if (!Engine.isSupported()) return native(video, url, start, listener);
  const Player = Engine as typeof Hls;
  return new HlsEngine(Player, video, url, start, preferred, patience, listener, gate);
}

async function fetchPlaylist(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { cache: 'no-cache' });
    return response.ok ? await response.text() : null;
  } catch {
    return null;
  }
}

class HlsEngine implements Engine {
  readonly #hls: Hls;
  readonly #video: HTMLVideoElement;
  readonly #flushing: typeof Events.BUFFER_FLUSHING;
  readonly #url: string;
  readonly #listener: Listener;
  readonly #gate: FragmentGate;
  #chosen: number | null;
  #recoveries = 0;
  #misses = 0;
  #growing = false;

  constructor(
    Engine: typeof Hls,
    video: HTMLVideoElement,
    url: string,
    start: number,
    preferred: number | null,
    patience: number | null,
    listener: Listener,
    gate: FragmentGate,
  ) {
    this.#url = url;
    this.#gate = gate;
    this.#video = video;
    this.#flushing = Engine.Events.BUFFER_FLUSHING;
    this.#listener = listener;
    this.#chosen = preferred;
    const hls = new Engine({
      // A playlist that still grows would else be joined at its end, as if it were live.
      startPosition: start,
      capLevelToPlayerSize: true,
      testBandwidth: false,
      abrEwmaDefaultEstimate: 2_000_000,
      startFragPrefetch: true,
      backBufferLength: 90,
      enableWorker: false,
      fLoader: gated(Engine.DefaultConfig.loader as PlainLoader, gate),
    });
    this.#hls = hls;
    const { maxBufferLength, maxMaxBufferLength } = hls.config;
    gate.onchange = () => {
      const most = gate.source?.ahead ?? (gate.coming ? AHEAD_COMING_S : null);
      hls.config.maxBufferLength = most ?? maxBufferLength;
      hls.config.maxMaxBufferLength = most ?? maxMaxBufferLength;
    };
    gate.onchange();
    const on = Engine.Events;
    hls.on(on.MANIFEST_PARSED, () => {
      this.#tellQualities();
      const index = this.#indexOf(this.#chosen);
      if (index >= 0) hls.startLevel = index;
      if (index >= 0) hls.loadLevel = index;
    });
    hls.on(on.LEVELS_UPDATED, () => this.#tellQualities());
    hls.on(on.LEVEL_SWITCHED, (_, data) => {
      const level = hls.levels[data.level];
      if (level) listener.showing(qualityOf(level));
    });
    hls.on(on.LEVEL_UPDATED, (_, data) => listener.made(data.details.live ? data.details.edge : null));
    hls.on(on.FRAG_BUFFERED, () => (this.#recoveries = 0));
    hls.on(on.FRAG_LOADED, () => (this.#misses = 0));
    hls.on(on.ERROR, (_, data) => {
      if (patience !== null && data.type === Engine.ErrorTypes.NETWORK_ERROR) {
        this.#misses += 1;
        // Once is enough: whoever listens does not want it any more.
        if (this.#misses === patience || (data.fatal && this.#misses < patience)) {
          this.#misses = patience;
          listener.failed('network');
        }
        return;
      }
      if (data.fatal) this.#recover(data.type === Engine.ErrorTypes.NETWORK_ERROR ? 'network' : 'media');
    });
    hls.loadSource(url);
    hls.attachMedia(video);
  }

  choose(quality: number | null): void {
    this.#chosen = quality;
    const index = this.#indexOf(quality);
    // A person's choice beats the cap by player size.
    this.#hls.autoLevelCapping = -1;
    this.#hls.nextLevel = index;
    // What was seen already is forgotten in the old quality too, or going back would show it again.
    const behind = (this.#video.currentTime || 0) - BEHIND_SECONDS;
    if (behind > 0) {
      this.#hls.trigger(this.#flushing, { startOffset: 0, endOffset: behind, type: null });
    }
  }

  async grow(): Promise<void> {
    if (this.#growing) return;
    this.#growing = true;
    try {
      const text = await fetchPlaylist(this.#url);
      if (text === null || this.#hls.levels.length === 0) return;
      const known = new Set(this.#hls.levels.map((level) => bare(level.uri)));
      const fresh = readVariants(text, this.#url).filter((variant) => !known.has(bare(variant.url)));
      if (fresh.length > 0) this.#insert(fresh);
    } finally {
      this.#growing = false;
    }
  }

  destroy(): void {
    this.#gate.onchange = () => undefined;
    this.#hls.destroy();
  }

  /**
   * Adds levels to a running engine. hls.js can only take levels away: so the new ones and one too many are put into its
   * list, and taking that one away makes it number its levels and fragments anew.
   */
  #insert(fresh: Variant[]): void {
    const hls = this.#hls;
    const sample = hls.levels[0];
    if (!sample) return;
    const renumber = holdFragments(hls);
    for (const variant of fresh) {
      const before = hls.levels.findIndex((level) => level.bitrate > variant.bandwidth);
      hls.levels.splice(before < 0 ? hls.levels.length : before, 0, levelOf(sample, variant));
    }
    hls.levels.push(levelOf(sample, fresh[0] as Variant));
    hls.removeLevel(hls.levels.length - 1);
    renumber();
    const index = this.#indexOf(this.#chosen);
    if (index >= 0) {
      hls.nextLevel = index;
    } else if (hls.nextAutoLevel > hls.currentLevel) {
      // What is loaded ahead in the lower quality is given up, or the better one would show half a minute later.
      hls.nextLevel = hls.nextAutoLevel;
      hls.loadLevel = -1;
    }
  }

  #tellQualities(): void {
    const best = new Map<number, number>();
    for (const level of this.#hls.levels) {
      const quality = qualityOf(level);
      best.set(quality, Math.max(best.get(quality) ?? 0, level.bitrate));
    }
    const all = [...best].map(([quality, bitrate]) => ({ quality, bitrate }));
    this.#listener.qualities(all.sort((a, b) => b.quality - a.quality));
  }

  /** The level for a wanted quality: the best at or below it, -1 for "decide yourself". */
  #indexOf(quality: number | null): number {
    if (quality === null) return -1;
    let found = -1;
    for (const [index, level] of this.#hls.levels.entries()) {
      const best = found < 0 ? -1 : qualityOf(this.#hls.levels[found] as Level);
      if (qualityOf(level) <= quality && qualityOf(level) >= best) found = index;
    }
    return found < 0 ? 0 : found;
  }

  #recover(why: 'network' | 'media'): void {
    this.#recoveries += 1;
    if (this.#recoveries > RECOVERIES_MAX) {
      this.#listener.failed(why);
      return;
    }
    const wait = why === 'network' ? 500 * 2 ** this.#recoveries : 0;
    setTimeout(() => {
      if (why === 'media') this.#hls.recoverMediaError();
      else if (this.#hls.levels.length === 0) this.#hls.loadSource(this.#url);
      else this.#hls.startLoad();
    }, wait);
  }
}

/** A fragment that the engine remembers to have loaded. */
interface Remembered {
  body: { type: string; level: number; sn: number | string };
}

/**
 * The engine remembers what it loaded by number of level. Without this a new level would inherit the memory of the one whose
 * number it takes, and nothing of it would ever be loaded. Returns the way to number anew once levels have moved.
 */
function holdFragments(hls: Hls): () => void {
  const inside = hls as unknown as {
    streamController?: { fragmentTracker?: { fragments: Record<string, Remembered> } };
  };
  const tracker = inside.streamController?.fragmentTracker;
  const before = [...hls.levels];
  const held = Object.values(tracker?.fragments ?? {}).map((one) => ({ one, level: before[one.body.level] }));
  return () => {
    if (!tracker) return;
    const fragments: Record<string, Remembered> = {};
    for (const { one, level } of held) {
      if (!level) continue;
      one.body.level = hls.levels.indexOf(level);
      fragments[`${one.body.type}_${one.body.level}_${one.body.sn}`] = one;
    }
    tracker.fragments = fragments;
  };
}

function levelOf(sample: Level, variant: Variant): Level {
  const Attributes = sample.attrs.constructor as new (text: string) => Level['attrs'];
  const LevelClass = sample.constructor as new (data: object) => Level;
  const codecs = variant.codecs.split(',').map((codec) => codec.trim());
  return new LevelClass({
    attrs: new Attributes(variant.attributes),
    url: variant.url,
    bitrate: variant.bandwidth,
    width: variant.width,
    height: variant.height,
    name: String(variant.height),
    videoCodec: codecs.find((codec) => /^(avc|hvc|hev|vp0|av0)/.test(codec)),
    audioCodec: codecs.find((codec) => /^(mp4a|opus|ac-3|ec-3|fLaC)/i.test(codec)),
  });
}

/** An address without its query, since a token in it may have changed. */
function bare(url: string): string {
  return url.split('?')[0] ?? url;
}

/** Browsers without Media Source Extensions play the playlist on their own, and pick the quality themselves. */
function native(video: HTMLVideoElement, url: string, start: number, listener: Listener): Engine {
  if (video.canPlayType('application/vnd.apple.mpegurl') === '') {
    listener.failed('unsupported');
  } else {
    video.src = start > 0 ? `${url}#t=${start}` : url;
    video.addEventListener('resize', () => listener.showing(Math.min(video.videoWidth, video.videoHeight)));
  }
  return {
    choose: () => undefined,
    grow: async () => undefined,
    destroy: () => {
      video.removeAttribute('src');
      video.load();
    },
  };
}
