import type { Segment } from './manifest';
import type { Neighbour } from './neighbour';

/** A segment on its way. */
export interface Flight {
  segment: Segment;
  /** Null for the origin. */
  peer: Neighbour | null;
  /** Fetched from the origin for others as much as for this viewer. */
  seeding: boolean;
  startedAt: number;
  firstAt: number;
  /** When the last bytes came. */
  heardAt: number;
  loaded: number;
  /** True while its bytes are looked at: they are all there. */
  checking: boolean;
  cancel: () => void;
}

/** All segments that are on their way. */
export class Flights {
  readonly #all = new Set<Flight>();

  begin(segment: Segment, peer: Neighbour | null, seeding: boolean, now: number): Flight {
    const times = { startedAt: now, firstAt: 0, heardAt: now };
    const cancel = () => undefined;
    const flight: Flight = { segment, peer, seeding, ...times, loaded: 0, checking: false, cancel };
    this.#all.add(flight);
    if (peer) peer.flights += 1;
    return flight;
  }

  /** Takes a transfer out; false if it was out already. */
  end(flight: Flight): boolean {
    if (!this.#all.delete(flight)) return false;
    if (flight.peer && !flight.checking) flight.peer.flights -= 1;
    return true;
  }

  /** All bytes are there; whether they are right is still to be seen. */
  check(flight: Flight): void {
    flight.checking = true;
    if (flight.peer) flight.peer.flights -= 1;
  }

  has(flight: Flight): boolean {
    return this.#all.has(flight);
  }

  all(): Flight[] {
    return [...this.#all];
  }

  of(segment: Segment): Flight[] {
    return this.all().filter((flight) => flight.segment === segment);
  }

  fromPeers(): Flight[] {
    return this.all().filter((flight) => flight.peer !== null);
  }

  fromOrigin(): Flight[] {
    return this.all().filter((flight) => flight.peer === null);
  }

  /** How many come from the origin because there is no more time. */
  get hurried(): number {
    return this.fromOrigin().filter((flight) => !flight.seeding && !flight.checking).length;
  }
}
