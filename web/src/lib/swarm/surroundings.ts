import type { Segment } from './manifest';
import type { HaveMessage } from './wire';

/** Tells the time, in ms from any moment on, and calls back later. */
export interface Clock {
  now(): number;
  /** Returns the way to call it off. */
  after(ms: number, run: () => void): () => void;
}

/** Why bytes did not come. `busy` asks for patience; the others are failures of whoever was asked. */
export type Failure = 'busy' | 'refused' | 'not-found' | 'broken';

/** Who waits for the bytes of one segment. Nothing is called after `done` or `failed`. */
export interface Receiver {
  /** More bytes have come; `loaded` of them in all. */
  progress(loaded: number): void;
  done(bytes: Uint8Array<ArrayBuffer>): void;
  failed(why: Failure): void;
}

/** All that the scheduler cannot do itself; in tests it is a simulation. No receiver is called before its call returned. */
export interface Surroundings {
  clock: Clock;
  /** A number in [0, 1). */
  random(): number;
  /** Fetches a segment from the origin; returns the way to call it off. */
  fetch(segment: Segment, receiver: Receiver): () => void;
  /** Asks a peer for a segment; returns the way to call it off. At most `segment.size` bytes are ever taken. */
  ask(peer: string, segment: Segment, receiver: Receiver): () => void;
  /** Tells a peer what changed here. */
  tell(peer: string, message: Omit<HaveMessage, 'swarm'>): void;
  /** Ends the connection to a peer that lied; the tracker is told. */
  banish(peer: string): void;
  /** SHA-256 in lower-case hex; `then` is never called before this returns. */
  digest(bytes: Uint8Array<ArrayBuffer>, then: (sha256: string) => void): void;
}

/** A segment, where it came from and how long that really took. */
export interface Delivery {
  bytes: Uint8Array<ArrayBuffer>;
  via: Source;
  /** When it was asked for, when its first and last bytes came, by the clock. */
  startedAt: number;
  firstAt: number;
  endedAt: number;
  /** What the transfer says of the line: how long it would have taken alone, in ms. */
  alone_ms: number;
}

export type Source = 'origin' | 'peers';
