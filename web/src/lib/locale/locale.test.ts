import { describe, expect, it } from 'vitest';
import { desk as deskEn } from './desk/en';
import { desk as deskFr } from './desk/fr';
import { en } from './en';
import { fr } from './fr';
import { fill, type Plural } from './message';
import { peers as peersEn } from './peers/en';
import { peers as peersFr } from './peers/fr';
import { social as socialEn } from './social/en';
import { social as socialFr } from './social/fr';

const texts = (message: string | Plural) =>
  typeof message === 'string' ? [message] : [message.one, message.other];
const places = (text: string) => [...text.matchAll(/\{\w+\}/g)].map(([place]) => place).sort();

const packs: [string, Record<string, string | Plural>, Record<string, string | Plural>][] = [
  ['all pages', en, fr],
  ['the desk', deskEn, deskFr],
  ['viewers who help each other', peersEn, peersFr],
  ['what people say to each other', socialEn, socialFr],
];

it('has each key in one pack alone', () => {
  const keys = packs.flatMap(([, english]) => Object.keys(english));
  expect(new Set(keys).size).toBe(keys.length);
});

describe.each(packs)('French of %s', (_, english, words) => {
  it('has every text that English has, and no other', () => {
    expect(Object.keys(words).sort()).toEqual(Object.keys(english).sort());
  });

  it('leaves no text empty and keeps the places for values', () => {
    for (const [key, message] of Object.entries(english)) {
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
    for (const [key, message] of Object.entries(words)) {
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
