import { call, send } from './client';
import { readEvents } from './event_stream';

export type RenditionState = 'waiting' | 'running' | 'ready' | 'failed';

/** How far one quality of a video is. */
export interface RenditionProgress {
  height: number;
  label: string;
  state: RenditionState;
  percent: number;
  etaSeconds: number | null;
}

/** How far a video is on its way from upload to all its qualities. */
export interface Progress {
  state: 'processing' | 'published' | 'failed';
  /** True as soon as one quality can be watched. */
  playable: boolean;
  error: { code: string; detail: string } | null;
  renditions: RenditionProgress[];
}

/** True once nothing more will change by itself. */
export function isSettled(progress: Progress): boolean {
  if (progress.state === 'failed') return true;
  const running = progress.renditions.some((one) => one.state === 'waiting' || one.state === 'running');
  return progress.state === 'published' && progress.renditions.length > 0 && !running;
}

const at = (id: string) => `/api/kinora/v1/videos/${encodeURIComponent(id)}`;

export const getProgress = (id: string) => call<Progress>(`${at(id)}/progress`);

/** The wait before the first new try after a broken stream, doubled up to `RETRY_MS_MAX`. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;

/** How often progress is asked for where many videos are shown at a time. */
const POLL_MS = 2_000;

/**
 * Calls `seen` with each change until all is settled, `signal` aborts, or the video is not there for us. Browsers open only a
 * few connections to one server: so a page that nobody looks at holds none.
 */
export async function followProgress(
  id: string,
  seen: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  let wait = RETRY_MS;
  while (!signal.aborted) {
    await untilShown(signal);
    const hidden = new AbortController();
    const hide = () => document.hidden && hidden.abort();
    document.addEventListener('visibilitychange', hide);
    try {
      const last = await readProgress(id, AbortSignal.any([signal, hidden.signal]), (progress) => {
        wait = RETRY_MS;
        seen(progress);
      });
      if (last && isSettled(last)) return;
    } catch (cause) {
      if (signal.aborted) return;
      if (hidden.signal.aborted) continue;
      if (isFinal(cause)) return;
    } finally {
      document.removeEventListener('visibilitychange', hide);
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, RETRY_MS_MAX);
  }
}

/** The same for lists, by asking now and then: a stream for each of them would use up all connections. */
export async function pollProgress(
  id: string,
  seen: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await untilShown(signal);
    try {
      const progress = await getProgress(id);
      if (signal.aborted) return;
      seen(progress);
      if (isSettled(progress)) return;
    } catch (cause) {
      if (isFinal(cause)) return;
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/** True for an answer that asking again would not change. */
function isFinal(cause: unknown): boolean {
  const status = (cause as { status?: number }).status ?? 0;
  return status >= 400 && status < 500 && status !== 429;
}

async function untilShown(signal: AbortSignal): Promise<void> {
  while (document.hidden && !signal.aborted) {
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true, signal });
      signal.addEventListener('abort', resolve, { once: true });
    });
  }
}

async function readProgress(
  id: string,
  signal: AbortSignal,
  seen: (progress: Progress) => void,
): Promise<Progress | null> {
  let last: Progress | null = null;
  const response = await send(`${at(id)}/events`, {
    headers: { Accept: 'text/event-stream' },
    signal,
    stream: true,
  });
  if (!response.body) return null;
  for await (const event of readEvents(response.body)) {
    if (event.name !== 'progress') continue;
    last = JSON.parse(event.data) as Progress;
    seen(last);
    if (isSettled(last)) break;
  }
  return last;
}
