/** A text that depends on `{count}`. */
export interface Plural {
  one: string;
  other: string;
}

export type Values = Record<string, string | number>;

/** Puts values in the places of a text that have their names; `count` chooses between the forms of a plural. */
export function fill(message: string | Plural, values: Values, language: string): string {
  let text: string;
  if (typeof message === 'string') text = message;
  else {
    const form = new Intl.PluralRules(language).select(Number(values['count'] ?? 0));
    text = form === 'one' ? message.one : message.other;
  }
  return text.replace(/\{(\w+)\}/g, (place, name: string) => {
    const value = values[name];
    if (value === undefined) return place;
    return typeof value === 'number' ? new Intl.NumberFormat(language).format(value) : value;
  });
}
