import { toHex } from './hex';
import type { Clock, Receiver } from './surroundings';
import { SEGMENT_BYTES_MAX } from './wire';

/** How long the origin may take for its first byte and for a whole segment, in ms. */
const FIRST_MS_MAX = 10_000;
const WHOLE_MS_MAX = 120_000;

/** The clock of the page. */
export const pageClock: Clock = {
  now: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** SHA-256 by the browser; wrong for every segment if it cannot. */
export function digest(bytes: Uint8Array<ArrayBuffer>, then: (sha256: string) => void): void {
  crypto.subtle.digest('SHA-256', bytes).then(
    (hash) => then(toHex(new Uint8Array(hash))),
    () => then(''),
  );
}

/** Fetches a segment from an address; returns the way to call it off. */
export function fetchSegment(url: string, receiver: Receiver): () => void {
  const stop = new AbortController();
  const run = async () => {
    const whole = setTimeout(() => stop.abort(), WHOLE_MS_MAX);
    try {
      const bytes = await read(url, stop, receiver);
      if (!stop.signal.aborted) receiver.done(bytes);
    } finally {
      clearTimeout(whole);
    }
  };
  let calledOff = false;
  run().catch(() => {
    if (!calledOff) receiver.failed('broken');
  });
  return () => {
    calledOff = true;
    stop.abort();
  };
}

async function read(
  url: string,
  stop: AbortController,
  receiver: Receiver,
): Promise<Uint8Array<ArrayBuffer>> {
  const first = setTimeout(() => stop.abort(), FIRST_MS_MAX);
  const response = await fetch(url, { signal: stop.signal }).finally(() => clearTimeout(first));
  if (!response.ok || !response.body) throw new Error(`status ${response.status}`);
  const reader = response.body.getReader();
  const pieces: Uint8Array[] = [];
  let loaded = 0;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    loaded += value.length;
    if (loaded > SEGMENT_BYTES_MAX) throw new Error('too long');
    pieces.push(value);
    receiver.progress(loaded);
  }
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
