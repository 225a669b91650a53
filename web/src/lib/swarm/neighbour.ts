import { Bitmap } from './bitmap';
import type { Manifest, Segment } from './manifest';
import type { Failure } from './surroundings';
import type { HaveMessage } from './wire';

/** So many segments of one peer are fetched at the same time. */
const FLIGHTS_MAX = 2;
/** How long a peer is left alone that said it is busy, or broke off, in ms. */
const BUSY_MS = 1_000;
const BROKEN_MS = 2_000;
/** After so many failures in a row a peer is left alone for `PAUSE_MS`. */
const FAILURES_MAX = 3;
const PAUSE_MS = 30_000;
/** How long an announced fetch from the origin is believed, in ms. */
const LOADING_MS = 8_000;
/** So many announced fetches of one peer are remembered. */
const LOADING_MAX = 64;
/** A peer that has something this close to a segment watches there, in segments. */
const NEAR = 8;

/** What is known of one connected peer. */
export class Neighbour {
  /** How many segments are on their way from it. */
  flights = 0;
  /** What it was seen to give, in bytes in a ms; 0 when nothing is known. */
  rate = 0;
  readonly #maps: Bitmap[];
  #spoke = false;
  readonly #loading = new Map<Segment, number>();
  #failures = 0;
  #pausedUntil = 0;

  constructor(
    readonly id: string,
    readonly manifest: Manifest,
  ) {
    this.#maps = manifest.renditions.map((segments) => new Bitmap(segments.length));
  }

  /** Takes in what it says of itself. Claims beyond the manifest count for nothing. */
  told(message: Omit<HaveMessage, 'swarm'>, now: number): void {
    this.#spoke = true;
    for (const [rendition, bits] of message.maps) {
      const known = this.#maps[rendition];
      if (known) this.#maps[rendition] = new Bitmap(known.size, bits);
    }
    for (const { rendition, index } of message.have) {
      const segment = this.manifest.segment(rendition, index);
      if (!segment) continue;
      this.#maps[rendition]?.add(index);
      this.#loading.delete(segment);
    }
    for (const { rendition, index } of message.loading) {
      const segment = this.manifest.segment(rendition, index);
      if (!segment) continue;
      this.#loading.set(segment, now + LOADING_MS);
      const [oldest] = this.#loading.keys();
      if (oldest && this.#loading.size > LOADING_MAX) this.#loading.delete(oldest);
    }
    for (const { rendition, index } of message.dropped) this.lacks(this.manifest.segment(rendition, index));
  }

  has(segment: Segment): boolean {
    return this.#maps[segment.rendition]?.has(segment.index) ?? false;
  }

  /** It turned out not to have a segment. */
  lacks(segment: Segment | null): void {
    if (!segment) return;
    this.#maps[segment.rendition]?.delete(segment.index);
    this.#loading.delete(segment);
  }

  /** True while it fetches a segment from the origin. */
  loads(segment: Segment, now: number): boolean {
    const until = this.#loading.get(segment);
    if (until !== undefined && until <= now) this.#loading.delete(segment);
    return until !== undefined && until > now;
  }

  /** True if it seems to watch around a segment, so that it will want it too. */
  isNear(segment: Segment): boolean {
    if (!this.#spoke) return true;
    const map = this.#maps[segment.rendition];
    for (let index = segment.index - NEAR; index <= segment.index + NEAR; index += 1) {
      if (map?.has(index)) return true;
    }
    return false;
  }

  /** True if it may be asked now. */
  isFree(now: number): boolean {
    return this.flights < FLIGHTS_MAX && now >= this.#pausedUntil;
  }

  gave(bytes: number, ms: number): void {
    this.#failures = 0;
    const rate = bytes / Math.max(ms, 1);
    this.rate = this.rate === 0 ? rate : 0.7 * this.rate + 0.3 * rate;
  }

  failed(segment: Segment, why: Failure, now: number): void {
    if (why === 'busy') return this.#pause(now + BUSY_MS);
    if (why === 'broken') this.#pause(now + BROKEN_MS);
    else this.lacks(segment);
    this.#failures += 1;
    this.rate /= 2;
    if (this.#failures < FAILURES_MAX) return;
    this.#failures = 0;
    this.#pause(now + PAUSE_MS);
  }

  #pause(until: number): void {
    this.#pausedUntil = Math.max(this.#pausedUntil, until);
  }
}
