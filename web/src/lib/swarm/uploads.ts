/** So many segments are given to peers at the same time. */
export const UPLOADS_MAX = 4;
/** So many of them to one peer. */
const PER_PEER_MAX = 2;
/** Nobody is helped for longer than this after the page was hidden, in ms. */
const HIDDEN_MS = 60_000;
/** What is begun should be through within this, in ms, or whoever asked gives up and all of it was in vain. */
const THROUGH_MS = 3_000;
/** So many run at once while it is not known what the line takes. */
const UNKNOWN_MAX = 2;
/** Viewers that were helped are told apart up to this number. */
const HELPED_MAX = 10_000;

/** One segment on its way to a peer. */
export interface Upload {
  /** So many more bytes went. */
  sent(bytes: number, now: number): void;
  /** It is over; only the first call counts. */
  end(now: number): void;
}

/** What is given to peers, and how much at once. */
export class Uploads {
  readonly #running = new Map<string, number>();
  readonly #helped = new Set<string>();
  #total = 0;
  #hiddenAt: number | null = null;
  /** What is still to go in all uploads, in bytes. */
  #pending = 0;
  /** What the line was seen to take, in bytes in a ms; 0 if that is not known. */
  #rate = 0;
  #measuredAt = 0;
  #measured = 0;
  /** Bytes that were given away. */
  bytes = 0;

  /** How many viewers got a whole segment. */
  get helped(): number {
    return this.#helped.size;
  }

  hidden(since: number | null): void {
    this.#hiddenAt = since;
  }

  /** True once the page was out of sight for too long to go on helping. */
  isAway(now: number): boolean {
    return this.#hiddenAt !== null && now - this.#hiddenAt > HIDDEN_MS;
  }

  /** Takes a slot for `size` bytes to a peer; null if it is better that they ask elsewhere. */
  begin(peer: string, size: number, now: number): Upload | null {
    const own = this.#running.get(peer) ?? 0;
    if (this.#total >= UPLOADS_MAX || own >= PER_PEER_MAX || !this.#hasRoom(size)) return null;
    if (this.#total === 0) this.#restart(now);
    this.#running.set(peer, own + 1);
    this.#total += 1;
    this.#pending += size;
    let left = size;
    let open = true;
    return {
      sent: (bytes, at) => {
        if (!open) return;
        left -= bytes;
        this.#pending -= bytes;
        this.#count(bytes, at);
      },
      end: (at) => {
        if (!open) return;
        open = false;
        this.#pending -= left;
        this.#total -= 1;
        this.#release(peer);
        this.#measure(at);
        if (left <= 0 && this.#helped.size < HELPED_MAX) this.#helped.add(peer);
      },
    };
  }

  #hasRoom(size: number): boolean {
    if (this.#total === 0) return true;
    if (this.#rate === 0) return this.#total < UNKNOWN_MAX;
    return (this.#pending + size) / this.#rate <= THROUGH_MS;
  }

  #release(peer: string): void {
    const left = (this.#running.get(peer) ?? 1) - 1;
    if (left === 0) this.#running.delete(peer);
    else this.#running.set(peer, left);
  }

  #count(bytes: number, now: number): void {
    this.bytes += bytes;
    this.#measured += bytes;
    if (now - this.#measuredAt > 1_000) this.#measure(now);
  }

  /** Looks at what went since the last look, while something always was on its way. */
  #measure(now: number): void {
    const ms = now - this.#measuredAt;
    if (ms < 50 || this.#measured < 65_536) return;
    const rate = this.#measured / ms;
    this.#rate = this.#rate === 0 ? rate : 0.5 * this.#rate + 0.5 * rate;
    this.#restart(now);
  }

  #restart(now: number): void {
    this.#measuredAt = now;
    this.#measured = 0;
  }
}
