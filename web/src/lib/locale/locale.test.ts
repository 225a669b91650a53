import { describe, expect, it } from 'vitest';
import { en } from './en';
import { fr } from './fr';
import { fill, type Plural } from './message';

const texts = (message: string | Plural) =>
  typeof message === 'string' ? [message] : [message.one, message.other];
const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

describe('French', () => {
  const words = fr as Record<string, string | Plural>;

  it('has every text that English has, and no other', () => {
    expect(Object.keys(fr).sort()).toEqual(Object.keys(en).sort());
  });

  it('leaves no text empty and keeps the places for values', () => {
    for (const [key, message] of Object.entries(en)) {
      const other = words[key] as string | Plural;
      expect(
        texts(other).every((text) => text.trim() !== ''),
        key,
      ).toBe(true);
      const last = (one: string | Plural) => places(texts(one).at(-1) ?? '');
      expect(last(other), key).toEqual(last(message));
    }
  });

  it('is set as French is: narrow spaces before signs, no straight apostrophes', () => {
    for (const [key, message] of Object.entries(fr)) {
      for (const text of texts(message)) {
        expect(text.replace(/https?:\S+/g, ''), key).not.toMatch(
          /[^\s\u202f\u00a0?!][?!;]|[^\u202f\u00a0\d]:(?=\s|$)|\w'\w/,
        );
      }
    }
  });
});

describe('fill', () => {
  it('chooses the form by the rules of the language', () => {
    const views = { one: '{count} vue', other: '{count} vues' };
    expect(fill(views, { count: 0 }, 'fr')).toBe('0 vue');
    expect(fill(views, { count: 0 }, 'en')).toBe('0 vues');
  });

  it('writes numbers as the language does', () => {
    expect(fill('{n}', { n: 12345 }, 'en')).toBe('12,345');
  });

  it('leaves a place without a value as it is', () => {
    expect(fill('a {b}', {}, 'en')).toBe('a {b}');
  });
});
