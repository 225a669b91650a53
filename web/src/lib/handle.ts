/** An account or channel anywhere in the network. */
export interface Handle {
  name: string;
  host: string;
}

const HANDLE =
  /^(?:acct:)?[@!]?([\w.-]{1,100})@((?:[\p{L}\p{N}-]{1,63}\.)*[\p{L}\p{N}-]{1,63}(?::\d{1,5})?)$/u;

/** Reads `name@host`, with `@`, `!` or `acct:` before it or without; null if it is none. */
export function readHandle(text: string): Handle | null {
  const parts = HANDLE.exec(text.trim());
  if (!parts?.[1] || !parts[2]) return null;
  return { name: parts[1], host: parts[2].toLowerCase() };
}

/** The host that has to be asked for what was typed, if it is an address or handle and not just words. */
export function hostIn(text: string): string | null {
  const handle = readHandle(text);
  if (handle) return handle.host;
  return webAddress(text)?.host ?? null;
}

/** The address in a text, if it is one of the web. */
export function webAddress(text: string): URL | null {
  const words = text.trim();
  if (!/^https?:\/\/[^\s]+$/i.test(words)) return null;
  try {
    return new URL(words);
  } catch {
    return null;
  }
}

const DOMAIN = /^(?=.{1,253}$)(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}\p{N}-]{2,63}$/u;

/** Reads a domain, such as of an address that was pasted; null if it is none. */
export function readDomain(text: string): string | null {
  const words = (webAddress(text)?.hostname ?? text.trim().replace(/^\*\./, '')).toLowerCase();
  return DOMAIN.test(words) ? words : null;
}
