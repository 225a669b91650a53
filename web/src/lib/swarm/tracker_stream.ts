import { WireError } from './frame';
import { PipeReader, sendFrame, type Pipe } from './pipe';
import { readTrackerAnswer, writeTrackerRequest, type TrackerAnswer, type TrackerRequest } from './wire';

/** How long the node may take for an answer, in ms. */
const ANSWER_MS_MAX = 10_000;

/** Asks the node who else watches, again and again over one stream. */
export class TrackerClient {
  readonly #pipe: Pipe;
  readonly #reader: PipeReader;

  constructor(pipe: Pipe) {
    this.#pipe = pipe;
    this.#reader = new PipeReader(pipe);
  }

  /** One question at a time. */
  async ask(request: TrackerRequest): Promise<TrackerAnswer> {
    const timer = setTimeout(() => this.#pipe.abort(new Error('no answer')), ANSWER_MS_MAX);
    try {
      await sendFrame(this.#pipe, writeTrackerRequest(request));
      const frame = await this.#reader.frame();
      if (frame === null) throw new WireError('no answer');
      return readTrackerAnswer(frame);
    } finally {
      clearTimeout(timer);
    }
  }
}
