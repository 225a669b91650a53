import type { Manifest, Segment } from './manifest';
import { Neighbour } from './neighbour';

/** So many neighbours are known at the same time. */
export const NEIGHBOURS_MAX = 16;
/** How long after the first neighbour came others may still come at once, in ms. */
const SETTLE_MS = 400;
/** How long before it is needed a segment must be somewhere around, to have time to spread, in seconds. */
const SPREAD_S = 20;

/** The connected peers, and what follows from what they have. */
export class Neighbourhood {
  readonly #all = new Map<string, Neighbour>();
  #settledAt = 0;
  /** How many watch in all, as far as is known. */
  crowd = 0;

  constructor(
    readonly manifest: Manifest,
    /** This peer's own id, once it is known. */
    public self: string,
  ) {}

  get size(): number {
    return this.#all.size;
  }

  ids(): Iterable<string> {
    return this.#all.keys();
  }

  get(peer: string): Neighbour | null {
    return this.#all.get(peer) ?? null;
  }

  /** Takes a peer in; false if it is there already or there are enough. */
  add(peer: string, now: number): boolean {
    if (this.#all.has(peer) || this.#all.size >= NEIGHBOURS_MAX) return false;
    if (this.#all.size === 0) this.#settledAt = now + SETTLE_MS;
    this.#all.set(peer, new Neighbour(peer, this.manifest));
    return true;
  }

  delete(peer: string): boolean {
    return this.#all.delete(peer);
  }

  /** False for a moment after the first came: whoever knows too little of the others cannot take turns with them. */
  isSettled(now: number): boolean {
    return this.#all.size > 0 && now >= this.#settledAt;
  }

  holders(segment: Segment): Neighbour[] {
    return [...this.#all.values()].filter((neighbour) => neighbour.has(segment));
  }

  /** True if nobody has a segment or fetches it. */
  lacks(segment: Segment, now: number): boolean {
    for (const neighbour of this.#all.values()) {
      if (neighbour.has(segment) || neighbour.loads(segment, now)) return false;
    }
    return true;
  }

  /**
   * One of those who will want a segment is to fetch it from the origin, without a word between them: each reckons who is
   * appointed. True if it is this viewer, with so many seconds left for it.
   *
   * In a large crowd each neighbourhood appoints its own. So while there is time only chance starts, at the pace of about one
   * in the whole crowd, and what was fetched has time to spread. `chance` draws from [0, 1); null if this is not the moment.
   */
  isMyTurn(segment: Segment, left_s: number, chance: (() => number) | null): boolean {
    if (this.#isAppointed(segment)) {
      if (this.#all.size + 1 >= this.crowd || left_s < SPREAD_S) return true;
      return chance !== null && chance() < 1 / this.crowd;
    }
    // Who is appointed may have other things to do.
    return chance !== null && left_s < SPREAD_S / 2 && chance() < 1 / (this.#all.size + 1);
  }

  /** True if a neighbour comes before this viewer in fetching a segment. */
  goesFirst(neighbour: Neighbour, segment: Segment): boolean {
    return weight(neighbour.id, segment) > weight(this.self, segment);
  }

  #isAppointed(segment: Segment): boolean {
    for (const neighbour of this.#all.values()) {
      if (neighbour.isNear(segment) && this.goesFirst(neighbour, segment)) return false;
    }
    return true;
  }
}

/** The better of two by chance: load spreads without everyone running to the fastest. */
export function better(peers: Neighbour[], random: () => number): Neighbour | null {
  const draw = () => peers[Math.floor(random() * peers.length)] ?? null;
  const [one, other] = [draw(), draw()];
  if (!one || !other) return one;
  if (one.flights !== other.flights) return one.flights < other.flights ? one : other;
  return one.rate >= other.rate ? one : other;
}

/** A number that anyone gets alike for a peer and a segment (FNV-1a, mixed). */
function weight(peer: string, segment: Segment): number {
  let hash = 0x811c9dc5;
  for (const text of [segment.sha256, peer]) {
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
