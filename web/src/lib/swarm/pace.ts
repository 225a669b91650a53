/** So many moments are remembered. */
const MOMENTS_MAX = 256;
/** For how long it is believed what the origin could do, in ms. */
const ORIGIN_MS = 120_000;

/**
 * Says what the player may believe of the line.
 *
 * A segment from memory looks infinitely fast, and one of three that came side by side from peers looks slow; by either the
 * player would choose a wrong quality. What counts is what all transfers brought together while it came. And since the
 * origin is asked whenever peers are too slow, the line is not worse than what the origin gave lately.
 */
export class Pace {
  /** All bytes that had come by a moment. */
  #moments: { at: number; bytes: number }[] = [];
  #bytes = 0;
  #originRate = 0;
  #originAt = -Infinity;

  /** Some bytes came, from wherever. */
  passed(bytes: number, now: number): void {
    this.#bytes += bytes;
    const last = this.#moments.at(-1);
    if (last?.at === now) last.bytes = this.#bytes;
    else this.#moments.push({ at: now, bytes: this.#bytes });
    if (this.#moments.length > MOMENTS_MAX) this.#moments.splice(0, MOMENTS_MAX / 2);
  }

  /** The origin gave a segment in so many ms. */
  origin(bytes: number, ms: number, now: number): void {
    this.#originRate = bytes / Math.max(ms, 1);
    this.#originAt = now;
  }

  /** How long a segment that came between two moments would have taken alone, in ms. */
  alone(bytes: number, from: number, to: number): number {
    const took = Math.max(to - from, 1);
    const together = Math.max(this.#by(to) - this.#by(from), bytes);
    const shared = (took * bytes) / together;
    const known = this.#originRate > 0 && to - this.#originAt < ORIGIN_MS;
    return known ? Math.min(shared, Math.max(bytes / this.#originRate, 1)) : shared;
  }

  #by(moment: number): number {
    for (let index = this.#moments.length - 1; index >= 0; index -= 1) {
      const { at, bytes } = this.#moments[index] as { at: number; bytes: number };
      if (at <= moment) return bytes;
    }
    // Forgotten: as if nothing had come before the first moment that is known.
    return this.#moments.length < MOMENTS_MAX / 2 ? 0 : (this.#moments[0]?.bytes ?? 0);
  }
}
