import type { Clock } from '../surroundings';

/** So many bytes go before another flow has its turn. */
const TURN_BYTES = 128 * 1024;

/** How many bytes went. */
export interface Counter {
  bytes: number;
}

interface Flow {
  counter: Counter;
  /** What waits, in bytes, and what is to be done with each part that arrived. */
  waiting: { left: number; arrived: (bytes: number) => void }[];
}

/** A line of so many bytes in a ms that all its flows share evenly. */
export class Line {
  readonly #queue: Flow[] = [];
  #busy = false;

  constructor(
    readonly clock: Clock,
    readonly rate: number,
    readonly latency_ms: number,
  ) {}

  /** Opens a flow: what is pushed into it arrives in order, part by part, until it is closed. */
  open(counter: Counter): { push(bytes: number, arrived: (bytes: number) => void): void; close(): void } {
    const flow: Flow = { counter, waiting: [] };
    let closed = false;
    return {
      push: (bytes, arrived) => {
        const unlessClosed = (part: number) => {
          if (!closed) arrived(part);
        };
        flow.waiting.push({ left: bytes, arrived: unlessClosed });
        if (!this.#queue.includes(flow)) this.#queue.push(flow);
        if (!this.#busy) this.#next();
      },
      close: () => {
        closed = true;
        flow.waiting = [];
      },
    };
  }

  #next(): void {
    let flow = this.#queue.shift();
    while (flow && flow.waiting.length === 0) flow = this.#queue.shift();
    const first = flow?.waiting[0];
    this.#busy = first !== undefined;
    if (!flow || !first) return;
    const turn = Math.min(TURN_BYTES, first.left);
    first.left -= turn;
    if (first.left === 0) flow.waiting.shift();
    if (flow.waiting.length > 0) this.#queue.push(flow);
    const { counter } = flow;
    this.clock.after(turn / this.rate, () => {
      counter.bytes += turn;
      this.clock.after(this.latency_ms, () => first.arrived(turn));
      this.#next();
    });
  }
}
