/** What a key asks of the site as a whole. */
export type Shortcut = { do: 'search' } | { do: 'help' } | { do: 'go'; to: string };

const PLACES: Record<string, string> = { h: '/', s: '/studio', u: '/upload' };

/** Reads a key press outside of text fields; `before` is the key pressed before it. */
export function shortcutOf(event: KeyboardEvent, before: string): Shortcut | null {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return null;
  const target = event.target as HTMLElement | null;
  if (target?.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target?.tagName ?? '')) return null;
  if (event.key === '/') return { do: 'search' };
  if (event.key === '?') return { do: 'help' };
  const to = PLACES[event.key];
  return before === 'g' && to ? { do: 'go', to } : null;
}
