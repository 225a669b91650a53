import type { en } from './en';
import type { Plural } from './message';

export type Key = keyof typeof en;

/** All texts of one language: a text where English has a text, a plural where it has a plural. */
export type Words = { [K in Key]: (typeof en)[K] extends string ? string : Plural };
