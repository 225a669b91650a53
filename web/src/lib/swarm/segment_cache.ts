import type { Segment } from './manifest';
import type { Delivery } from './surroundings';

/** A verified segment that is held for this viewer or for others. */
export interface Cached extends Delivery {
  segment: Segment;
}

/** Verified segments in memory, up to a number of bytes; what was not used for longest goes first. */
export class SegmentCache {
  // Least recently used first.
  readonly #held = new Map<string, Cached>();
  #bytes = 0;

  constructor(readonly bytesMax: number) {}

  get bytes(): number {
    return this.#bytes;
  }

  has(segment: Segment): boolean {
    return this.#held.has(segment.sha256);
  }

  /** A segment that is held; it counts as used now. */
  use(sha256: string): Cached | null {
    const cached = this.#held.get(sha256);
    if (!cached) return null;
    this.#held.delete(sha256);
    this.#held.set(sha256, cached);
    return cached;
  }

  /** Holds a segment; returns those that had to go for it, itself if there is no room even so. */
  hold(cached: Cached, needed: (segment: Segment) => boolean): Segment[] {
    if (this.#held.has(cached.segment.sha256)) return [];
    this.#held.set(cached.segment.sha256, cached);
    this.#bytes += cached.bytes.length;
    const gone: Segment[] = [];
    // What this viewer still has to see is kept while anything else can go.
    for (const spare of [true, false]) {
      for (const { segment } of this.#held.values()) {
        if (this.#bytes <= this.bytesMax) return gone;
        if (spare && needed(segment)) continue;
        this.#drop(segment);
        gone.push(segment);
      }
    }
    return gone;
  }

  /** All that is held. */
  *segments(): Iterable<Segment> {
    for (const { segment } of this.#held.values()) yield segment;
  }

  #drop(segment: Segment): void {
    const cached = this.#held.get(segment.sha256);
    if (!cached) return;
    this.#held.delete(segment.sha256);
    this.#bytes -= cached.bytes.length;
  }
}
