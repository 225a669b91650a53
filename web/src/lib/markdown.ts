/** A piece of a line of Markdown. */
export type Inline =
  | { kind: 'text' | 'code'; text: string }
  | { kind: 'strong' | 'em'; inside: Inline[] }
  | { kind: 'link'; href: string; inside: Inline[] }
  /** A moment of the video, as in "1:20 the bridge". */
  | { kind: 'moment'; seconds: number; text: string }
  | { kind: 'break' };

/** A block of Markdown. */
export type Block =
  | { kind: 'paragraph'; inside: Inline[] }
  | { kind: 'quote'; inside: Inline[] }
  | { kind: 'heading'; inside: Inline[] }
  | { kind: 'list'; ordered: boolean; items: Inline[][] }
  | { kind: 'code'; text: string };

/** Text beyond this is shown as one plain paragraph, in characters. */
const TEXT_CHARS_MAX = 100_000;
const NESTING_MAX = 4;

/**
 * Reads the Markdown that people write in descriptions into a tree. There is no HTML in it and none can come of it: the page
 * makes elements of the tree, so that nothing needs to be cleaned.
 */
export function readMarkdown(text: string): Block[] {
  if (text.length > TEXT_CHARS_MAX) return [{ kind: 'paragraph', inside: [{ kind: 'text', text }] }];
  const blocks: Block[] = [];
  for (const chunk of chunksOf(text)) blocks.push(...blocksOf(chunk));
  return blocks;
}

/** Splits at empty lines, but not within fences of code. */
function chunksOf(text: string): string[][] {
  const chunks: string[][] = [];
  let lines: string[] = [];
  let fenced = false;
  for (const line of text.replaceAll('\r\n', '\n').split('\n')) {
    if (line.startsWith('```')) fenced = !fenced;
    if (line.trim() === '' && !fenced) {
      if (lines.length > 0) chunks.push(lines);
      lines = [];
    } else lines.push(line);
  }
  if (lines.length > 0) chunks.push(lines);
  return chunks;
}

const ITEM = /^\s{0,3}(?:[-*+]|(\d{1,9})[.)])\s+(.*)$/;
const HEADING = /^#{1,6}\s+(.*?)\s*#*$/;

function blocksOf(lines: string[]): Block[] {
  const first = lines[0] ?? '';
  if (first.startsWith('```')) {
    const end = lines.findIndex((line, index) => index > 0 && line.startsWith('```'));
    const code = lines.slice(1, end < 0 ? undefined : end).join('\n');
    const rest = end < 0 ? [] : lines.slice(end + 1);
    return [{ kind: 'code', text: code }, ...(rest.length > 0 ? blocksOf(rest) : [])];
  }
  const heading = HEADING.exec(first);
  if (heading) {
    const rest = lines.slice(1);
    return [
      { kind: 'heading', inside: readInline(heading[1] ?? '') },
      ...(rest.length > 0 ? blocksOf(rest) : []),
    ];
  }
  if (lines.every((line) => line.startsWith('>'))) {
    return [{ kind: 'quote', inside: readInline(lines.map((line) => line.replace(/^>\s?/, '')).join('\n')) }];
  }
  const items = lines.map((line) => ITEM.exec(line));
  if (items.every((item) => item !== null)) {
    return [
      {
        kind: 'list',
        ordered: items[0]?.[1] !== undefined,
        items: items.map((item) => readInline(item[2] ?? '')),
      },
    ];
  }
  return [{ kind: 'paragraph', inside: readInline(lines.join('\n')) }];
}

const INLINE =
  /(?<code>`[^`\n]+`)|(?<strong>\*\*(?=\S)[^\n]+?\*\*|__(?=\S)[^\n]+?__)|(?<em>\*(?=[^\s*])[^*\n]+\*|(?<![\w])_(?=[^\s_])[^_\n]+_(?!\w))|(?<link>\[[^\]\n]{1,500}\]\([^()\s]{1,2000}\))|(?<url>https?:\/\/[^\s<>"]{1,2000})|(?<moment>(?<![\w:./])(?:\d{1,2}:)?\d{1,2}:\d{2}(?![\w:/]))|(?<break>\n)/g;

/** Reads one run of text. */
export function readInline(text: string, depth = 0): Inline[] {
  const pieces: Inline[] = [];
  let last = 0;
  for (const found of text.matchAll(INLINE)) {
    if (found.index > last) pieces.push({ kind: 'text', text: text.slice(last, found.index) });
    pieces.push(...pieceOf(found[0], found.groups ?? {}, depth));
    last = found.index + found[0].length;
  }
  if (last < text.length) pieces.push({ kind: 'text', text: text.slice(last) });
  return pieces;
}

function pieceOf(raw: string, groups: Record<string, string | undefined>, depth: number): Inline[] {
  const inside = (text: string): Inline[] =>
    depth >= NESTING_MAX ? [{ kind: 'text', text }] : readInline(text, depth + 1);
  if (groups['break']) return [{ kind: 'break' }];
  if (groups['code']) return [{ kind: 'code', text: raw.slice(1, -1) }];
  if (groups['strong']) return [{ kind: 'strong', inside: inside(raw.slice(2, -2)) }];
  if (groups['em']) return [{ kind: 'em', inside: inside(raw.slice(1, -1)) }];
  if (groups['moment']) {
    const seconds = raw.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
    return [{ kind: 'moment', seconds, text: raw }];
  }
  if (groups['link']) {
    const middle = raw.lastIndexOf('](');
    const href = safeHref(raw.slice(middle + 2, -1));
    const label = raw.slice(1, middle);
    return href === null
      ? [{ kind: 'text', text: raw }]
      : [{ kind: 'link', href, inside: [{ kind: 'text', text: label }] }];
  }
  // Punctuation after an address belongs to the sentence.
  const tail = /[.,;:!?)\]}'’»]+$/.exec(raw)?.[0] ?? '';
  const url = raw.slice(0, raw.length - tail.length);
  const href = safeHref(url);
  const link: Inline =
    href === null
      ? { kind: 'text', text: url }
      : { kind: 'link', href, inside: [{ kind: 'text', text: url }] };
  return tail === '' ? [link] : [link, { kind: 'text', text: tail }];
}

/** Only addresses that lead to pages or mail are followed. */
function safeHref(href: string): string | null {
  try {
    const url = new URL(href);
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
