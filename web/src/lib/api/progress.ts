import { call } from './client';
import { followEvents, isFinal, untilShown } from './live';

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

/** How often progress is asked for where many videos are shown at a time. */
const POLL_MS = 2_000;

/** Calls `seen` with each change until all is settled, `signal` aborts, or the video is not there for us. */
export function followProgress(
  id: string,
  seen: (progress: Progress) => void,
  signal: AbortSignal,
): Promise<void> {
  return followEvents(
    `${at(id)}/events`,
    {
      seen: (event) => {
        if (event.name !== 'progress') return false;
        const progress = JSON.parse(event.data) as Progress;
        seen(progress);
        return isSettled(progress);
      },
    },
    signal,
  );
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
