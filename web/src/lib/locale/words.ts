import type { desk } from './desk/en';
import type { en } from './en';
import type { Plural } from './message';
import type { peers } from './peers/en';
import type { social } from './social/en';

/** Texts that come later, with the pages that need them. */
export type Pack = 'desk' | 'peers' | 'social';

interface Packs {
  desk: typeof desk;
  peers: typeof peers;
  social: typeof social;
}

/** A text where English has a text, a plural where it has a plural. */
type Same<T> = { [K in keyof T]: T[K] extends string ? string : Plural };

/** All texts of one pack in one language. */
export type WordsOf<P extends Pack> = Same<Packs[P]>;

/** The texts that every page needs, in one language. */
export type Words = Same<typeof en>;

export type Key = keyof typeof en | { [P in Pack]: keyof Packs[P] }[Pack];
