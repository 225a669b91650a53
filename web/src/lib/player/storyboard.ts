import type { Storyboard } from '../api/video';

/** Where on a storyboard's sheet the picture of a moment is, in pixels of the sheet. */
export interface Sprite {
  x: number;
  y: number;
}

/** Finds the picture of the moment `seconds`. */
export function spriteAt(board: Storyboard, seconds: number): Sprite {
  const columns = Math.max(1, Math.floor(board.totalWidth / board.spriteWidth));
  const rows = Math.max(1, Math.floor(board.totalHeight / board.spriteHeight));
  const wanted = Math.floor(Math.max(0, seconds) / Math.max(board.spriteDuration, 0.1));
  const index = Math.min(wanted, columns * rows - 1);
  return { x: (index % columns) * board.spriteWidth, y: Math.floor(index / columns) * board.spriteHeight };
}
