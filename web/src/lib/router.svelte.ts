import { tick, type Component } from 'svelte';
import type { Pack } from './locale/words';

/** One page: the shape of its path and the code that shows it. */
export interface Route {
  /** Segments beginning with `:` are parameters. */
  path: string;
  load: () => Promise<{ default: Component<never> }>;
  /** True for pages that are only for people who are signed in. */
  signedIn?: boolean;
  /** The texts it needs beyond those of every page. */
  words?: Pack[];
}

class Router {
  path = $state(location.pathname);
  query = $state(new URLSearchParams(location.search));
  /** Asked before leaving; a page with unsaved work may answer false. */
  #mayLeave: (() => boolean) | null = null;

  start(): void {
    addEventListener('popstate', () => this.#read());
    document.addEventListener('click', (event) => this.#clicked(event));
  }

  /** Goes to a path of this site without loading a new document. */
  go(href: string, how: { replace?: boolean } = {}): void {
    if (this.#mayLeave && !this.#mayLeave()) return;
    this.#mayLeave = null;
    const before = this.path;
    if (how.replace) history.replaceState(null, '', href);
    else history.pushState(null, '', href);
    this.#read();
    if (before !== this.path) void this.#arrive();
  }

  /** Lets a page ask before it is left; returns the way to take that back. */
  guard(mayLeave: () => boolean): () => void {
    this.#mayLeave = mayLeave;
    return () => {
      if (this.#mayLeave === mayLeave) this.#mayLeave = null;
    };
  }

  #read(): void {
    this.path = location.pathname;
    this.query = new URLSearchParams(location.search);
  }

  async #arrive(): Promise<void> {
    await tick();
    scrollTo(0, 0);
    // A screen reader goes on reading from the new page, not from the link that is gone.
    document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true });
  }

  #clicked(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest('a');
    if (!link?.href || link.target || link.hasAttribute('download') || link.hasAttribute('data-reload'))
      return;
    const url = new URL(link.href);
    if (url.origin !== location.origin) return;
    // A link within the page is the browser's business.
    if (url.hash && url.pathname === location.pathname && url.search === location.search) return;
    event.preventDefault();
    this.go(url.pathname + url.search + url.hash);
  }
}

export const router = new Router();
