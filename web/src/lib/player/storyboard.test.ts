import { expect, it } from 'vitest';
import { spriteAt } from './storyboard';

const board = {
  storyboardPath: '/s.jpg',
  totalWidth: 480,
  totalHeight: 180,
  spriteWidth: 160,
  spriteHeight: 90,
  spriteDuration: 2,
};

it('goes left to right, then down, and stays on the last picture', () => {
  expect(spriteAt(board, 0)).toEqual({ x: 0, y: 0 });
  expect(spriteAt(board, 3.9)).toEqual({ x: 160, y: 0 });
  expect(spriteAt(board, 6)).toEqual({ x: 0, y: 90 });
  expect(spriteAt(board, 600)).toEqual({ x: 320, y: 90 });
  expect(spriteAt(board, -1)).toEqual({ x: 0, y: 0 });
});
