import { authorization, call, send } from '../api/client';
import { Problem, problemFrom } from '../api/problem';

/** What names a video that was uploaded. */
export interface Uploaded {
  id: number;
  uuid: string;
  shortUUID: string;
}

/** What must be said before the first byte; the rest can be edited meanwhile. */
export interface Intent {
  name: string;
  channelId: number;
  privacy: number;
  waitTranscoding: boolean;
}

/** How far the node got: all of it, or a count of bytes; null if it does not know this upload any more. */
export type Standing = { done: Uploaded } | { received: number } | null;

const PATH = '/api/v1/videos/upload-resumable';
/** The size of the first part; later ones take about `PART_MS` each, within bounds. */
const PART_BYTES = 4 * 1024 * 1024;
const PART_BYTES_MIN = 1024 * 1024;
const PART_BYTES_MAX = 64 * 1024 * 1024;
const PART_MS = 6_000;
/** A part that moves no byte for so long is taken as lost. */
const STALL_MS = 60_000;

const at = (id: string) => `${PATH}?upload_id=${encodeURIComponent(id)}`;

/** Announces a file; the answer names the upload. */
export async function announce(file: File, intent: Intent, signal: AbortSignal): Promise<string> {
  const response = await send(PATH, {
    method: 'POST',
    json: { ...intent, filename: file.name },
    headers: {
      'X-Upload-Content-Length': String(file.size),
      'X-Upload-Content-Type': file.type || 'application/octet-stream',
    },
    signal,
  });
  const place = response.headers.get('location');
  const id = place === null ? null : new URL(place, location.href).searchParams.get('upload_id');
  if (!id) throw new Problem(response.status, 'no_upload_id', '');
  return id;
}

/** Asks how far an upload got. */
export async function standing(id: string, total: number, signal: AbortSignal): Promise<Standing> {
  const answer = await put(id, null, `bytes */${total}`, () => undefined, signal);
  if (answer.status === 404 || answer.status === 410) return null;
  return standingOf(answer);
}

/** Gives an upload up, on the node too. */
export async function abandon(id: string): Promise<void> {
  await call(at(id), { method: 'DELETE' }).catch(() => undefined);
}

/** Chooses how much to send at once, so that progress is kept often without many requests. */
export class PartSize {
  bytes: number;
  readonly #max: number;

  /** `max` is the node's limit in bytes, 0 for none. */
  constructor(max = 0) {
    this.#max = max > 0 ? Math.min(max, PART_BYTES_MAX) : PART_BYTES_MAX;
    this.bytes = Math.min(PART_BYTES, this.#max);
  }

  /** Learns from a part that took `ms`. */
  took(bytes: number, ms: number): void {
    const wanted = (bytes / Math.max(ms, 1)) * PART_MS;
    const bounded = Math.min(Math.max(wanted, this.bytes / 2, PART_BYTES_MIN), this.bytes * 2, this.#max);
    this.bytes = Math.max(1, Math.floor(bounded));
  }

  /** Learns from a part that was lost. */
  lost(): void {
    this.bytes = Math.min(Math.max(PART_BYTES_MIN, Math.floor(this.bytes / 2)), this.#max);
  }
}

/** Sends the bytes of `file` from `start`, one part of at most `size` bytes; `moved` is told what left this machine. */
export async function sendPart(
  id: string,
  file: File,
  start: number,
  size: number,
  moved: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Standing> {
  const end = Math.min(start + size, file.size);
  const range = `bytes ${start}-${end - 1}/${file.size}`;
  const answer = await put(id, file.slice(start, end), range, moved, signal);
  if (answer.status === 404 || answer.status === 410) return null;
  return standingOf(answer);
}

interface Answer {
  status: number;
  text: string;
  range: string | null;
  retryAfter: string | null;
}

/** Reads what an answer to a PUT says; throws the node's problem. */
export function standingOf(answer: Answer): Standing {
  if (answer.status === 308) {
    const last = /bytes=0-(\d+)/.exec(answer.range ?? '')?.[1];
    return { received: last === undefined ? 0 : Number(last) + 1 };
  }
  let body: Record<string, unknown> = {};
  try {
    body = JSON.parse(answer.text) as Record<string, unknown>;
  } catch {
    // An empty or foreign body is judged by the status alone.
  }
  const video = body['video'] as Uploaded | undefined;
  if (answer.status === 200 && video?.uuid) return { done: video };
  throw problemFrom(answer.status, body, answer.retryAfter);
}

/** A PUT that tells how many bytes have left; `fetch` cannot. */
function put(
  id: string,
  body: Blob | null,
  range: string,
  moved: (bytes: number) => void,
  signal: AbortSignal,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const lost = () => reject(new Problem(0, 'unreachable', ''));
    let watch = setTimeout(() => request.abort(), STALL_MS);
    const alive = () => {
      clearTimeout(watch);
      watch = setTimeout(() => request.abort(), STALL_MS);
    };
    const stop = () => request.abort();
    signal.addEventListener('abort', stop);
    request.open('PUT', at(id));
    for (const [name, value] of Object.entries(authorization())) request.setRequestHeader(name, value);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.setRequestHeader('Content-Range', range);
    request.upload.onprogress = (event) => {
      alive();
      moved(event.loaded);
    };
    request.onload = () =>
      resolve({
        status: request.status,
        text: request.responseText,
        range: request.getResponseHeader('range'),
        retryAfter: request.getResponseHeader('retry-after'),
      });
    request.onerror = lost;
    request.onabort = lost;
    request.onloadend = () => {
      clearTimeout(watch);
      signal.removeEventListener('abort', stop);
    };
    if (signal.aborted) lost();
    else request.send(body);
  });
}
