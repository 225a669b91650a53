import type { Config } from './api/config';
import type { List } from './api/list';
import type { Video, VideoCard } from './api/video';

/** What the node wrote into the page, so that the first view needs no further question. */
export interface Boot {
  config: Config | null;
  video: Video | null;
  videos: List<VideoCard> | null;
  /** The public address of the node: scheme, host and port. */
  origin: string | null;
}

let boot: Boot = { config: null, video: null, videos: null, origin: null };

/** Reads what the node wrote into the page; once, at start. */
export function readBoot(): void {
  const text = document.getElementById('boot')?.textContent;
  if (!text) return;
  try {
    boot = { ...boot, ...(JSON.parse(text) as Partial<Boot>) };
  } catch {
    // A page without it works too, by asking.
  }
}

/** The host that stands in handles of this node. */
export function publicHost(): string {
  return boot.origin ? new URL(boot.origin).host : location.host;
}

/** Takes a part of what the page was served with: the second caller gets null, and asks the node. */
export function takeBoot<K extends keyof Boot>(part: K): Boot[K] | null {
  const value = boot[part];
  boot = { ...boot, [part]: null };
  return value ?? null;
}
