import { FrameReader, WireError, writeFrame } from './frame';

/** A stream to one peer or node, as libp2p has them. */
export interface Pipe extends AsyncIterable<Uint8Array | { subarray(): Uint8Array }> {
  /** False if it is better to wait for `onDrain` before more is sent. */
  send(data: Uint8Array): boolean;
  onDrain(options?: { signal?: AbortSignal }): Promise<void>;
  close(options?: { signal?: AbortSignal }): Promise<void>;
  abort(error: Error): void;
}

/** Reads frames and raw bytes from a pipe, one after the other. */
export class PipeReader {
  readonly #pieces: AsyncIterator<Uint8Array | { subarray(): Uint8Array }>;
  readonly #frames = new FrameReader();

  constructor(pipe: Pipe) {
    this.#pieces = pipe[Symbol.asyncIterator]();
  }

  /** The body of the next frame; null if the stream ended before it began. */
  async frame(): Promise<Uint8Array | null> {
    for (;;) {
      const body = this.#frames.next();
      if (body !== null) return body;
      if (!(await this.#more())) {
        if (this.#frames.waiting > 0) throw new WireError('stream ended within a frame');
        return null;
      }
    }
  }

  /** Fills `target` with raw bytes, and says how many there are after each piece. */
  async fill(target: Uint8Array, progress: (loaded: number) => void): Promise<void> {
    for (let loaded = 0; loaded < target.length;) {
      if (this.#frames.waiting === 0 && !(await this.#more()))
        throw new WireError('stream ended within a segment');
      const piece = this.#frames.raw(target.length - loaded);
      target.set(piece, loaded);
      loaded += piece.length;
      progress(loaded);
    }
  }

  /** True if bytes came that nobody asked for. */
  get isAhead(): boolean {
    return this.#frames.waiting > 0;
  }

  async #more(): Promise<boolean> {
    const { value, done } = await this.#pieces.next();
    if (done) return false;
    this.#frames.push(value instanceof Uint8Array ? value : value.subarray());
    return true;
  }
}

/** Sends a message as a frame; resolves when more may be sent. */
export async function sendFrame(pipe: Pipe, body: Uint8Array, signal?: AbortSignal): Promise<void> {
  if (!pipe.send(writeFrame(body))) await pipe.onDrain({ signal });
}
