import type { Pipe } from '../pipe';

/** One end of a stream within memory. */
export class MemoryPipe implements Pipe {
  readonly sent: Uint8Array[] = [];
  aborted: Error | null = null;
  other: MemoryPipe | null = null;
  #waiting: Uint8Array[] = [];
  #ended = false;
  #wake: () => void = () => undefined;

  send(data: Uint8Array): boolean {
    this.sent.push(data);
    this.other?.feed(data);
    return true;
  }
  async onDrain(): Promise<void> {}
  async close(): Promise<void> {
    this.other?.finish();
  }
  abort(error: Error): void {
    this.aborted = error;
    this.finish();
    this.other?.finish();
  }
  feed(data: Uint8Array): void {
    this.#waiting.push(data);
    this.#wake();
  }
  finish(): void {
    this.#ended = true;
    this.#wake();
  }
  async *[Symbol.asyncIterator]() {
    for (;;) {
      const next = this.#waiting.shift();
      if (next) yield next;
      else if (this.#ended) return;
      else await new Promise<void>((wake) => (this.#wake = wake));
    }
  }
}

/** A stream within memory, by its two ends. */
export function pair(): [MemoryPipe, MemoryPipe] {
  const [one, other] = [new MemoryPipe(), new MemoryPipe()];
  one.other = other;
  other.other = one;
  return [one, other];
}
