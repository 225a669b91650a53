/** What a key asks of the player. */
export type Action =
  | { do: 'toggle' | 'mute' | 'fullscreen' | 'theater' | 'pictureInPicture' | 'captions' | 'start' | 'end' }
  /** In seconds, back if negative. */
  | { do: 'skip'; seconds: number }
  /** A part of the whole, 0 to 1. */
  | { do: 'jump'; part: number }
  | { do: 'volume'; by: number }
  | { do: 'speed'; steps: number }
  | { do: 'frame'; by: number };

/** Where the keyboard focus is, as far as it decides who gets a key. */
export type Focus = 'page' | 'player' | 'control' | 'slider' | 'typing';

/** The parts of a keyboard event that decide. */
export interface Key {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

const LETTERS: Record<string, Action> = {
  k: { do: 'toggle' },
  j: { do: 'skip', seconds: -10 },
  l: { do: 'skip', seconds: 10 },
  m: { do: 'mute' },
  f: { do: 'fullscreen' },
  t: { do: 'theater' },
  i: { do: 'pictureInPicture' },
  c: { do: 'captions' },
  '<': { do: 'speed', steps: -1 },
  '>': { do: 'speed', steps: 1 },
  ',': { do: 'frame', by: -1 },
  '.': { do: 'frame', by: 1 },
};

const MOVES: Record<string, Action> = {
  ArrowLeft: { do: 'skip', seconds: -5 },
  ArrowRight: { do: 'skip', seconds: 5 },
  Home: { do: 'start' },
  End: { do: 'end' },
};

const VOLUMES: Record<string, Action> = {
  ArrowUp: { do: 'volume', by: 0.05 },
  ArrowDown: { do: 'volume', by: -0.05 },
};

/** The player's part in a key press; null if the key is someone else's. */
export function actionOf(event: Key, focus: Focus): Action | null {
  if (focus === 'typing' || event.ctrlKey || event.metaKey || event.altKey) return null;
  const { key } = event;
  // Space presses the button that has the focus.
  if (key === ' ') return focus === 'control' ? null : { do: 'toggle' };
  if (/^[0-9]$/.test(key)) return { do: 'jump', part: Number(key) / 10 };
  const letter = LETTERS[key.length === 1 ? key.toLowerCase() : key];
  if (letter) return letter;
  // Arrows move a slider or a choice that has the focus, and scroll the page when the player is not meant.
  if (focus === 'slider') return null;
  if (key === 'Home' || key === 'End') return focus === 'player' ? (MOVES[key] ?? null) : null;
  return MOVES[key] ?? (focus === 'player' ? (VOLUMES[key] ?? null) : null);
}

/** The speeds that can be chosen, slowest first. */
export const SPEEDS = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 3] as const;

/** The speed `steps` further up the list, as far as it goes. */
export function speedAfter(current: number, steps: number): number {
  const nearest = SPEEDS.findIndex((speed) => speed >= current);
  const index = Math.min(Math.max((nearest < 0 ? SPEEDS.length - 1 : nearest) + steps, 0), SPEEDS.length - 1);
  return SPEEDS[index] ?? 1;
}
