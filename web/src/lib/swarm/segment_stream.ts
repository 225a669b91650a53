import { WireError } from './frame';
import { fromHex, toHex } from './hex';
import type { Segment } from './manifest';
import { PipeReader, sendFrame, type Pipe } from './pipe';
import type { Answer } from './scheduler';
import type { Receiver } from './surroundings';
import { readSegmentHeader, readSegmentRequest, writeSegmentHeader, writeSegmentRequest } from './wire';

/** So many streams that are not in use are kept open to one peer. */
const IDLE_MAX = 2;
/** Bytes go out in pieces of this size. */
const PIECE_BYTES = 65_536;
/** Who does not take a segment within this is cut off, in ms. */
const SEND_MS_MAX = 15_000;
/** An open stream on which nothing is asked for so long is closed, in ms. */
const IDLE_MS_MAX = 120_000;

/** Asks one peer for segments, over streams that are used again. */
export class SegmentClient {
  readonly #open: () => Promise<Pipe>;
  readonly #idle: { pipe: Pipe; reader: PipeReader }[] = [];

  constructor(open: () => Promise<Pipe>) {
    this.#open = open;
  }

  /** Asks for a segment; returns the way to call it off. */
  get(segment: Segment, receiver: Receiver): () => void {
    let pipe: Pipe | null = null;
    let over = false;
    const run = async () => {
      const lane = this.#idle.pop() ?? (await this.#fresh());
      pipe = lane.pipe;
      if (over) return void this.#release(lane);
      const result = await ask(lane, segment, (loaded) => over || receiver.progress(loaded));
      if (over) return;
      over = true;
      this.#release(lane);
      if (typeof result === 'string') receiver.failed(result);
      else receiver.done(result);
    };
    run().catch((cause) => {
      pipe?.abort(cause instanceof Error ? cause : new Error('failed'));
      if (over) return;
      over = true;
      receiver.failed('broken');
    });
    return () => {
      if (over) return;
      over = true;
      // What is under way on it cannot be told from what comes next.
      pipe?.abort(new Error('called off'));
    };
  }

  async #fresh(): Promise<{ pipe: Pipe; reader: PipeReader }> {
    const pipe = await this.#open();
    return { pipe, reader: new PipeReader(pipe) };
  }

  #release(lane: { pipe: Pipe; reader: PipeReader }): void {
    if (this.#idle.length < IDLE_MAX && !lane.reader.isAhead) this.#idle.push(lane);
    else lane.pipe.abort(new Error('not needed'));
  }
}

/** One question and its answer: the bytes, or why there are none. */
async function ask(
  { pipe, reader }: { pipe: Pipe; reader: PipeReader },
  segment: Segment,
  progress: (loaded: number) => void,
): Promise<Uint8Array<ArrayBuffer> | 'busy' | 'refused' | 'not-found'> {
  await sendFrame(pipe, writeSegmentRequest({ sha256: fromHex(segment.sha256) }));
  const frame = await reader.frame();
  if (frame === null) throw new WireError('no answer');
  const { status, size } = readSegmentHeader(frame);
  if (status !== 'ok') return status;
  // Bytes of another size are wrong bytes: nothing is kept for them, and whoever checks will say so.
  if (size !== segment.size) {
    pipe.abort(new WireError('wrong size'));
    return new Uint8Array(0);
  }
  const bytes = new Uint8Array(size);
  await reader.fill(bytes, progress);
  return bytes;
}

/** Answers what one peer asks on one stream, until it ends. Throws what the peer did wrong. */
export async function serveSegments(
  pipe: Pipe,
  answer: (sha256: string) => Answer,
  now: () => number,
): Promise<void> {
  const reader = new PipeReader(pipe);
  for (;;) {
    const idle = setTimeout(() => pipe.abort(new Error('idle')), IDLE_MS_MAX);
    const frame = await reader.frame().finally(() => clearTimeout(idle));
    if (frame === null) return;
    const { sha256 } = readSegmentRequest(frame);
    const given = answer(toHex(sha256));
    if (given.status !== 'ok') {
      await sendFrame(pipe, writeSegmentHeader({ status: given.status, size: 0 }));
      continue;
    }
    const { bytes, upload } = given;
    try {
      const signal = AbortSignal.timeout(SEND_MS_MAX);
      await sendFrame(pipe, writeSegmentHeader({ status: 'ok', size: bytes.length }), signal);
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        const piece = bytes.subarray(at, at + PIECE_BYTES);
        if (!pipe.send(piece)) await pipe.onDrain({ signal });
        upload.sent(piece.length, now());
      }
    } finally {
      upload.end(now());
    }
  }
}
