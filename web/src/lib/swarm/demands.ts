import type { Segment } from './manifest';
import type { Clock, Delivery } from './surroundings';

/** How long the player may take to buffer what it was given, in ms, and how many segments that may be. */
const GIVEN_MS = 15_000;
const GIVEN_MAX = 16;

/** Who waits for one segment in the player. */
export interface Waiter {
  /** Sound and pictures may come as renditions of their own, side by side. */
  kind: string;
  progress?(loaded: number): void;
  delivered(delivery: Delivery): void;
  /** The origin failed, and no peer could help. */
  failed(): void;
}

/** A segment that the player waits for. */
export interface Demand {
  segment: Segment;
  waiter: Waiter;
  /** Until when peers are waited for. */
  patientUntil: number;
  callOff: () => void;
}

/** What the player waits for, and what it was given lately. */
export class Demands {
  readonly #all = new Set<Demand>();
  readonly #given = new Map<Segment, number>();

  constructor(readonly clock: Clock) {}

  get size(): number {
    return this.#all.size;
  }

  /** The player waits for a segment; `late` is called once it should not wait for peers any more. */
  add(segment: Segment, waiter: Waiter, wait_ms: number, late: () => void): Demand {
    const patientUntil = this.clock.now() + wait_ms;
    const demand = { segment, waiter, patientUntil, callOff: this.clock.after(wait_ms, late) };
    this.#all.add(demand);
    return demand;
  }

  forget(demand: Demand): void {
    demand.callOff();
    this.#all.delete(demand);
  }

  segments(): Set<Segment> {
    return new Set([...this.#all].map((demand) => demand.segment));
  }

  of(segment: Segment): Demand[] {
    return [...this.#all].filter((demand) => demand.segment === segment);
  }

  all(): Demand[] {
    return [...this.#all];
  }

  has(segment: Segment): boolean {
    return this.of(segment).length > 0;
  }

  /** Gives a segment to all who wait for it. */
  deliver(segment: Segment, delivery: Delivery): void {
    for (const demand of this.of(segment)) {
      this.forget(demand);
      this.give(segment);
      demand.waiter.delivered(delivery);
    }
  }

  /** Tells one who waits that it was in vain. */
  disappoint(demand: Demand): void {
    if (!this.#all.has(demand)) return;
    this.forget(demand);
    demand.waiter.failed();
  }

  /** Peers may still help after the origin failed, but not for longer than this. */
  lastChance(demand: Demand, wait_ms: number): void {
    demand.callOff();
    demand.callOff = this.clock.after(wait_ms, () => this.disappoint(demand));
  }

  /** Remembers that the player has a segment, although it has not buffered it yet. */
  give(segment: Segment): void {
    this.#given.delete(segment);
    this.#given.set(segment, this.clock.now());
    const [oldest] = this.#given.keys();
    if (oldest && this.#given.size > GIVEN_MAX) this.#given.delete(oldest);
  }

  wasGiven(segment: Segment): boolean {
    const at = this.#given.get(segment);
    return at !== undefined && this.clock.now() - at < GIVEN_MS;
  }
}
