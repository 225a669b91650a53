/** A fragment that was given, and how long it really took. */
export interface Given {
  bytes: Uint8Array;
  /** How long it would have taken alone, in ms: the player measures the line by it. */
  alone_ms: number;
  /** How much of that passed before the first byte, in ms. */
  first_ms: number;
}

/** Who waits for a fragment. */
export interface Taker {
  progress(loaded: number): void;
  given(what: Given): void;
  /** It cannot be had there: it will be fetched in the ordinary way. */
  failed(): void;
}

/** Gives fragments instead of the node. */
export interface FragmentSource {
  /** Returns the way to call it off; null if it knows nothing of this address. */
  take(url: string, kind: string, taker: Taker): (() => void) | null;
  /** How far ahead the player should ask, in seconds. */
  readonly ahead: number;
}

/** A fragment that was fetched before there was a source. */
export interface Kept {
  url: string;
  bytes: Uint8Array<ArrayBuffer>;
  ms: number;
}

/** A request that is held is looked at so often, in ms. */
const LOOK_MS = 100;
/** With less than this ahead, nothing is held any more, in seconds. */
export const HELD_AHEAD_S = 2;

/**
 * Stands between the player and the node: until others watch too, it lets everything pass and only remembers what passed.
 *
 * It is part of the player's first load, and small for that; what deals with peers is loaded when it is needed, and takes its
 * place behind the gate with `open`.
 */
export class FragmentGate {
  /** Called when the source came or went. */
  onchange: () => void = () => undefined;
  #source: FragmentSource | null = null;
  #coming = false;
  #keepBytesMax = 0;
  #kept: Kept[] = [];
  /** How many seconds the player has ahead. */
  ahead: () => number = () => 0;

  get source(): FragmentSource | null {
    return this.#source;
  }

  /** True while a source is on its way: fragments that can wait for it do. */
  get coming(): boolean {
    return this.#coming;
  }

  /** Remembers what passes, up to so many bytes: others may want it. */
  keep(bytesMax: number): void {
    this.#keepBytesMax = bytesMax;
    if (bytesMax === 0) this.#kept = [];
  }

  /** Says that a source is on its way, or will not come after all. */
  expect(coming: boolean): void {
    if (this.#coming === coming) return;
    this.#coming = coming;
    this.onchange();
  }

  /** Gives the fragments over to a source; returns what passed before. */
  open(source: FragmentSource): Kept[] {
    const kept = this.#kept;
    this.#kept = [];
    this.#source = source;
    this.#coming = false;
    this.onchange();
    return kept;
  }

  /** Lets everything pass again. */
  close(): void {
    this.#source = null;
    this.#coming = false;
    this.onchange();
  }

  /** The node gave a fragment. */
  passed(url: string, data: ArrayBuffer, ms: number): void {
    if (this.#source !== null || data.byteLength > this.#keepBytesMax) return;
    // The player gives its own away.
    this.#kept.push({ url, bytes: new Uint8Array(data.slice(0)), ms });
    let held = this.#kept.reduce((sum, one) => sum + one.bytes.length, 0);
    while (held > this.#keepBytesMax) held -= this.#kept.shift()?.bytes.length ?? held;
  }

  /** Calls `go` when a source has come or there is no more time to wait for it; returns the way to call it off. */
  hold(go: () => void): () => void {
    const timer = setInterval(() => {
      if (this.#coming && this.ahead() > HELD_AHEAD_S) return;
      clearInterval(timer);
      go();
    }, LOOK_MS);
    return () => clearInterval(timer);
  }
}
