import { send } from './client';
import { readEvents, type ServerEvent } from './event_stream';

/** How long to wait before the next try, in ms; doubled up to the most after each failure. */
const RETRY_MS = 1_000;
const RETRY_MS_MAX = 30_000;

/** What someone wants who follows a stream. */
export interface Listener {
  /** Gets each event; answers true when no more are wanted. */
  seen: (event: ServerEvent) => boolean | void;
  /** Called when a stream that was lost or put away is there again: something may have been missed. */
  again?: () => void;
}

/**
 * Follows server-sent events until `seen` has enough, `signal` aborts, or the answer is final. Browsers open only a few
 * connections to one server: so a page that nobody looks at holds none.
 */
export async function followEvents(path: string, listener: Listener, signal: AbortSignal): Promise<void> {
  let wait = RETRY_MS;
  let first = true;
  while (!signal.aborted) {
    await untilShown(signal);
    const hidden = new AbortController();
    const hide = () => document.hidden && hidden.abort();
    document.addEventListener('visibilitychange', hide);
    try {
      const response = await send(path, {
        headers: { Accept: 'text/event-stream' },
        signal: AbortSignal.any([signal, hidden.signal]),
        stream: true,
      });
      if (!first) listener.again?.();
      first = false;
      if (response.body) {
        for await (const event of readEvents(response.body)) {
          wait = RETRY_MS;
          if (listener.seen(event)) return;
        }
      }
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

/** True for an answer that asking again would not change. */
export function isFinal(cause: unknown): boolean {
  const status = (cause as { status?: number }).status ?? 0;
  return status >= 400 && status < 500 && status !== 429;
}

/** Waits until someone looks at the page. */
export async function untilShown(signal: AbortSignal): Promise<void> {
  while (document.hidden && !signal.aborted) {
    await new Promise((resolve) => {
      document.addEventListener('visibilitychange', resolve, { once: true, signal });
      signal.addEventListener('abort', resolve, { once: true });
    });
  }
}
