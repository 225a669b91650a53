import { describe, expect, it } from 'vitest';
import { actionOf, speedAfter } from './keys';

const press = (key: string, more = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, ...more });

describe('actionOf', () => {
  it('plays and pauses from anywhere on the page', () => {
    expect(actionOf(press(' '), 'page')).toEqual({ do: 'toggle' });
    expect(actionOf(press('K'), 'control')).toEqual({ do: 'toggle' });
  });

  it('leaves space to the button that has the focus', () => {
    expect(actionOf(press(' '), 'control')).toBeNull();
  });

  it('leaves everything to whoever types', () => {
    for (const key of ['k', ' ', '5', 'ArrowLeft']) expect(actionOf(press(key), 'typing')).toBeNull();
  });

  it('leaves shortcuts of the browser alone', () => {
    expect(actionOf(press('f', { ctrlKey: true }), 'page')).toBeNull();
    expect(actionOf(press('ArrowLeft', { altKey: true }), 'page')).toBeNull();
  });

  it('scrolls the page with up and down unless the player is meant', () => {
    expect(actionOf(press('ArrowUp'), 'page')).toBeNull();
    expect(actionOf(press('ArrowUp'), 'player')).toEqual({ do: 'volume', by: 0.05 });
  });

  it('jumps to tenths', () => {
    expect(actionOf(press('7'), 'page')).toEqual({ do: 'jump', part: 0.7 });
  });
});

describe('speedAfter', () => {
  it('stops at both ends', () => {
    expect(speedAfter(3, 1)).toBe(3);
    expect(speedAfter(0.25, -1)).toBe(0.25);
    expect(speedAfter(1, 1)).toBe(1.25);
  });
});
