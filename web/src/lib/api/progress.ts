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

/** Calls `seen` with each change until all is settled, `signal` aborts, or the video is not there for us. */
export async function followProgress(
  id: string,
  seen: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  let wait = RETRY_MS;
  while (!signal.aborted) {
    try {
      const last = await readProgress(id, signal, (progress) => {
        wait = RETRY_MS;
        seen(progress);
      });
      if (last && isSettled(last)) return;
    } catch (cause) {
      if (signal.aborted) return;
      const status = (cause as { status?: number }).status ?? 0;
      if (status >= 400 && status < 500 && status !== 429) return;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
    wait = Math.min(wait * 2, RETRY_MS_MAX);
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
