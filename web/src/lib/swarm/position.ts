import type { Manifest, Segment } from './manifest';

/** How far ahead of the picture segments are fetched, in seconds. */
const AHEAD_S = 60;
/** Rounding of times in the player, in seconds. */
const ROUNDING_S = 0.05;

/** Where the player is. */
export interface Playhead {
  /** In seconds, as is `bufferedEnd`: how far the player has media without a gap. */
  time: number;
  bufferedEnd: number;
  /** Video seconds in a second, also while it is paused. */
  rate: number;
  playing: boolean;
}

/** Where the player is by now, going by what it said last. */
export class Position {
  #said: Playhead = { time: 0, bufferedEnd: 0, rate: 1, playing: false };
  #saidAt: number;
  /** The rendition that was asked for last, by kind: these are fetched ahead. */
  readonly #following = new Map<string, number>();

  constructor(
    readonly manifest: Manifest,
    readonly now: () => number,
  ) {
    this.#saidAt = now();
  }

  said(playhead: Playhead): void {
    this.#said = playhead;
    this.#saidAt = this.now();
  }

  follow(kind: string, rendition: number): void {
    this.#following.set(kind, rendition);
  }

  /** How long until a segment is needed, in seconds of the clock. */
  slack(segment: Segment): number {
    return (segment.start - this.#time()) / Math.max(this.#said.rate, 0.1);
  }

  /** The segments that will be needed, nearest first, as long as they fit into so many bytes. */
  ahead(bytesMax: number): Segment[] {
    const time = this.#time();
    const from = Math.max(time, this.#said.bufferedEnd) + ROUNDING_S;
    const ahead: Segment[] = [];
    for (const rendition of this.#following.values()) {
      let room = bytesMax;
      for (const segment of this.manifest.between(rendition, from, time + AHEAD_S)) {
        room -= segment.size;
        if (room < 0) break;
        ahead.push(segment);
      }
    }
    return ahead;
  }

  /** True if a segment is still to be seen. */
  isAhead(segment: Segment): boolean {
    const { bufferedEnd } = this.#said;
    return segment.start >= bufferedEnd - ROUNDING_S && segment.start < this.#time() + AHEAD_S;
  }

  /** True while the player has less than so many seconds ahead, and more to come. */
  isShort(seconds: number): boolean {
    const { bufferedEnd, playing } = this.#said;
    if (!playing || bufferedEnd - this.#time() >= seconds) return false;
    return [...this.#following.values()].some((rendition) => bufferedEnd < this.#end(rendition) - 1);
  }

  #end(rendition: number): number {
    const last = this.manifest.renditions[rendition]?.at(-1);
    return last ? last.start + last.duration : 0;
  }

  #time(): number {
    const { time, bufferedEnd, rate, playing } = this.#said;
    if (!playing) return time;
    // Without media it stands still.
    return Math.max(time, Math.min(time + ((this.now() - this.#saidAt) / 1_000) * rate, bufferedEnd));
  }
}
