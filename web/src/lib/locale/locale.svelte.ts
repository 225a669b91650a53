import { keep, recall } from '../kept';
import { ago as agoIn, bytes as bytesIn } from '../measure';
import { en } from './en';
import { fill, type Plural, type Values } from './message';
import type { Key, Pack, Words } from './words';
export type { Key, Pack } from './words';

export const LANGUAGES = { en: 'English', fr: 'Français' } as const;
export type Language = keyof typeof LANGUAGES;

const LOADERS: Record<Language, () => Promise<Words>> = {
  en: async () => en,
  fr: async () => (await import('./fr')).fr,
};

/** Texts that only some pages need; these pages name them, so that the others need not wait for them. */
const PACKS: Record<Pack, Record<Language, () => Promise<Texts>>> = {
  desk: {
    en: async () => (await import('./desk/en')).desk,
    fr: async () => (await import('./desk/fr')).desk,
  },
  peers: {
    en: async () => (await import('./peers/en')).peers,
    fr: async () => (await import('./peers/fr')).peers,
  },
  social: {
    en: async () => (await import('./social/en')).social,
    fr: async () => (await import('./social/fr')).social,
  },
};

type Texts = Record<string, string | Plural>;

/** The language of the pages. */
class Locale {
  language = $state<Language>('en');
  #words = $state.raw<Texts>(en);
  #packs = new Set<Pack>();

  /** Takes the language chosen before, else the first of the browser's that there is. */
  async start(): Promise<void> {
    const wanted = [recall<string>('language'), ...navigator.languages].map((tag) => tag?.slice(0, 2));
    await this.choose((wanted.find((tag) => tag && tag in LANGUAGES) ?? 'en') as Language, false);
  }

  /** Has the texts of some packs at hand. */
  async need(...packs: Pack[]): Promise<void> {
    const missing = packs.filter((pack) => !this.#packs.has(pack));
    if (missing.length === 0) return;
    const language = this.language;
    const texts = await Promise.all(missing.map((pack) => PACKS[pack][language]()));
    for (const pack of missing) this.#packs.add(pack);
    // The language may have changed meanwhile; then it is fetched once more, in that one.
    if (language === this.language) this.#words = Object.assign({}, this.#words, ...texts);
    else await this.choose(this.language, false);
  }

  /** Changes the language of everything on the page, at once. */
  async choose(language: Language, remember = true): Promise<void> {
    try {
      const packs = [...this.#packs].map((pack) => PACKS[pack][language]());
      this.#words = Object.assign({}, ...(await Promise.all([LOADERS[language](), ...packs])));
    } catch {
      return;
    }
    this.language = language;
    document.documentElement.lang = language;
    if (remember) keep('language', language);
  }

  /** The text for a key, with its values filled in. */
  say(key: Key, values: Values = {}): string {
    return fill(this.#words[key] ?? key, values, this.language);
  }

  /** The text for a key made at run time, or `fallback` if there is none. */
  sayOr(key: string, fallback: string): string {
    const message = this.#words[key];
    return message === undefined ? fallback : fill(message, {}, this.language);
  }
}

export const locale = new Locale();
export const t = (key: Key, values?: Values) => locale.say(key, values);

/** Words of the node, such as categories, in the language of the page. */
export const label = (
  kind: 'category' | 'licence' | 'privacy' | 'role',
  id: number | null,
  fallback: string,
) => (id === null ? fallback : locale.sayOr(`${kind}.${id}`, fallback));

/** The name of a language, such as of a video. */
export function languageName(tag: string, fallback: string): string {
  try {
    return new Intl.DisplayNames(locale.language, { type: 'language' }).of(tag) ?? fallback;
  } catch {
    return fallback;
  }
}

export const bytes = (count: number) => bytesIn(count, locale.language);
export const ago = (date: string) => agoIn(new Date(date), new Date(), locale.language);
export const date = (iso: string) =>
  new Intl.DateTimeFormat(locale.language, { dateStyle: 'long' }).format(new Date(iso));
/** Large numbers in short, as `1.2K`. */
/** Writes a part of a whole, 0 to 1, as a percentage. */
export const part = (of: number) =>
  new Intl.NumberFormat(locale.language, { style: 'percent', maximumFractionDigits: 1 }).format(of);
export const short = (count: number) =>
  new Intl.NumberFormat(locale.language, { notation: 'compact', maximumFractionDigits: 1 }).format(count);

/** A stretch of time in words, as `2 min`. */
export function span(seconds: number): string {
  const [value, unit]: [number, string] =
    seconds < 60
      ? [Math.max(1, Math.round(seconds)), 'second']
      : seconds < 3600
        ? [Math.round(seconds / 60), 'minute']
        : [Math.round(seconds / 360) / 10, 'hour'];
  return new Intl.NumberFormat(locale.language, { style: 'unit', unit, unitDisplay: 'short' }).format(value);
}
