/** Reads a small setting of this browser, null if it is absent or storage is closed to us. */
export function recall<T>(key: string): T | null {
  try {
    const raw = localStorage.getItem(`kinora.${key}`);
    return raw === null ? null : (JSON.parse(raw) as T);
  } catch {
    return null;
  }
}

/** Keeps a small setting in this browser; null forgets it. Nothing depends on it being there later. */
export function keep(key: string, value: unknown): void {
  try {
    if (value === null || value === undefined) localStorage.removeItem(`kinora.${key}`);
    else localStorage.setItem(`kinora.${key}`, JSON.stringify(value));
  } catch {
    // Storage may be full or closed.
  }
}
