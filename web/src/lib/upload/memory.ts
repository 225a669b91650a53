import { keep, recall } from '../kept';

/** What is needed to take up an upload after the browser was closed. */
export interface Unfinished {
  id: string;
  filename: string;
  size: number;
  lastModified: number;
  /** Whose upload it is; another person's session cannot take it up. */
  username: string;
  /** Milliseconds since 1970. */
  begunAt: number;
}

/** Older uploads have been collected by the node. */
const AGE_MS_MAX = 7 * 24 * 3600 * 1000;
const KEPT_MAX = 20;

const isOf = (file: File) => (one: Unfinished) =>
  one.filename === file.name && one.size === file.size && one.lastModified === file.lastModified;

/** Uploads of this person that were begun in this browser and not finished. */
export function unfinished(username: string, now: number): Unfinished[] {
  const all = recall<Unfinished[]>('uploads') ?? [];
  return all.filter((one) => one.username === username && now - one.begunAt < AGE_MS_MAX);
}

/** The unfinished upload of this very file, if there is one. */
export function unfinishedOf(file: File, username: string, now: number): Unfinished | null {
  return unfinished(username, now).find(isOf(file)) ?? null;
}

/** Remembers that a file is being uploaded. */
export function remember(one: Unfinished): void {
  const others = (recall<Unfinished[]>('uploads') ?? []).filter((other) => other.id !== one.id);
  keep('uploads', [one, ...others].slice(0, KEPT_MAX));
}

/** Forgets an upload that is finished or given up. */
export function forget(id: string): void {
  const others = (recall<Unfinished[]>('uploads') ?? []).filter((other) => other.id !== id);
  keep('uploads', others.length > 0 ? others : null);
}
