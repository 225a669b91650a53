import { WireError } from './frame';
import { PipeReader, sendFrame, type Pipe } from './pipe';
import { readTrackerAnswer, writeTrackerRequest, type TrackerAnswer, type TrackerRequest } from './wire';

/** How long the node may take for an answer, in ms. */
const ANSWER_MS_MAX = 10_000;

/** Asks the node who else watches, on a stream of its own. */
export async function askTracker(pipe: Pipe, request: TrackerRequest): Promise<TrackerAnswer> {
  const timer = setTimeout(() => pipe.abort(new Error('no answer')), ANSWER_MS_MAX);
  try {
    await sendFrame(pipe, writeTrackerRequest(request));
    // Only this side: the answer still comes. It may take long to be heard of, and nobody waits for that.
    pipe.close().catch(() => undefined);
    const frame = await new PipeReader(pipe).frame();
    if (frame === null) throw new WireError('no answer');
    return readTrackerAnswer(frame);
  } finally {
    clearTimeout(timer);
  }
}
