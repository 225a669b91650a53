/** The urgent window while nothing is known of the origin, or it gave trouble, in seconds. */
export const URGENT_MAX_S = 6;
/** The urgent window of the fastest origin, in seconds. */
export const URGENT_MIN_S = 1.5;
/** So many answers count as recent. */
const RECENT = 5;
/** A line that takes longer than this for a segment is slow, in seconds. */
const SLOW_S = 1;
/** How long trouble is remembered, in ms. */
const TROUBLE_MS = 30_000;

/**
 * How close to its moment a segment may come before peers are given up for it.
 *
 * A fixed six seconds would make every newcomer fetch its first two or three segments from the origin, also where the
 * origin answers in a tenth of a second. So the window follows what the origin was seen to do.
 */
export class Urgency {
  /** Bytes in a ms, of the last answers. */
  #rates: number[] = [];
  #troubleAt = -Infinity;

  /** The origin gave `bytes` in `ms`, waiting included. */
  saw(bytes: number, ms: number): void {
    this.#rates.push(bytes / Math.max(ms, 1));
    if (this.#rates.length > RECENT) this.#rates.shift();
  }

  /** The origin failed, or the picture stood still. */
  trouble(now: number): void {
    this.#troubleAt = now;
  }

  /** The window for a segment of `bytes`, in seconds. */
  window(bytes: number, now: number): number {
    const expected_s = this.#expected_s(bytes);
    if (expected_s === null || this.#isTroubled(now)) return URGENT_MAX_S;
    return Math.min(Math.max(1 + 3 * expected_s, URGENT_MIN_S), URGENT_MAX_S);
  }

  /** The latest that the origin may be asked for a segment of which most is there already, in seconds before its moment. */
  floor(bytes: number, now: number): number {
    const expected_s = this.#expected_s(bytes);
    if (expected_s === null || this.#isTroubled(now)) return URGENT_MAX_S;
    return Math.min(0.5 + 1.5 * expected_s, URGENT_MAX_S);
  }

  /** True if a segment of `bytes` is known to take so long that several at once would be in each other's way. */
  isSlow(bytes: number): boolean {
    return (this.#expected_s(bytes) ?? 0) > SLOW_S;
  }

  #isTroubled(now: number): boolean {
    return now - this.#troubleAt < TROUBLE_MS;
  }

  /** How long the origin takes, going by the slowest of its recent answers; null if there was none. */
  #expected_s(bytes: number): number | null {
    return this.#rates.length === 0 ? null : bytes / Math.min(...this.#rates) / 1_000;
  }
}
