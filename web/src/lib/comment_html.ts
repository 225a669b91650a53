/** What a comment may be made of; everything else gives way to the words in it. */
const ALLOWED = new Set([
  'P',
  'BR',
  'A',
  'SPAN',
  'EM',
  'STRONG',
  'B',
  'I',
  'DEL',
  'S',
  'CODE',
  'PRE',
  'BLOCKQUOTE',
  'UL',
  'OL',
  'LI',
]);
/** What is left out with all that is in it. */
const DROPPED = new Set([
  'SCRIPT',
  'STYLE',
  'TEMPLATE',
  'IFRAME',
  'OBJECT',
  'SVG',
  'MATH',
  'NOSCRIPT',
  'TITLE',
]);

/** How deep elements may lie in each other. */
const DEPTH_MAX = 24;
const MOMENT = /(?<![\d:.])(?:(\d{1,2}):)?([0-5]?\d):([0-5]\d)(?!\.?\d|:\d)/g;

/**
 * Makes the nodes of a comment out of the node's HTML. The node has cleaned it already; this is the second lock on the
 * door, and it opens links in a new page and turns times such as 1:20 into buttons for `seek`.
 */
export function readCommentHtml(html: string, seek: (seconds: number) => void): DocumentFragment {
  // A document made like this runs nothing and loads nothing.
  const { body } = new DOMParser().parseFromString(html, 'text/html');
  const fragment = document.createDocumentFragment();
  for (const node of body.childNodes) copy(node, fragment, 0, seek);
  return fragment;
}

function copy(node: Node, into: ParentNode, depth: number, seek: (seconds: number) => void): void {
  if (node instanceof Text) {
    into.append(...momentsIn(node.data, seek));
    return;
  }
  if (!(node instanceof Element)) return;
  const name = node.tagName.toUpperCase();
  if (DROPPED.has(name)) return;
  let place = into;
  if (ALLOWED.has(name) && depth < DEPTH_MAX) {
    const made = document.createElement(name);
    if (made instanceof HTMLAnchorElement) dress(made, node.getAttribute('href') ?? '');
    into.append(made);
    place = made;
  }
  for (const child of node.childNodes) copy(child, place, depth + 1, seek);
}

function dress(link: HTMLAnchorElement, href: string): void {
  if (!/^https?:\/\//i.test(href)) return;
  link.href = href;
  link.target = '_blank';
  link.rel = 'nofollow noopener ugc';
}

function momentsIn(text: string, seek: (seconds: number) => void): (string | HTMLElement)[] {
  const pieces: (string | HTMLElement)[] = [];
  let end = 0;
  for (const found of text.matchAll(MOMENT)) {
    const [words, hours, minutes, seconds] = found;
    pieces.push(text.slice(end, found.index));
    end = found.index + words.length;
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'moment number';
    button.textContent = words;
    const at = Number(hours ?? 0) * 3600 + Number(minutes) * 60 + Number(seconds);
    button.addEventListener('click', () => seek(at));
    pieces.push(button);
  }
  pieces.push(text.slice(end));
  return pieces;
}
