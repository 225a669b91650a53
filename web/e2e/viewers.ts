import type { Browser, BrowserContext, BrowserType, LaunchOptions, Page } from '@playwright/test';
import { screen, type Screen } from './screen';

/** What the page itself notes of the player. */
interface Seen {
  stalls: number;
  pressed: number;
  moved: number;
}

/** Someone who watches: a browser of their own, so that nothing is shared but through the network. */
export class Viewer {
  readonly page: Page;
  /** Bytes of segments that came from the node, by the address of each. */
  readonly fetched = new Map<string, number>();
  /** The addresses of scripts that were loaded, and of WebSockets that were opened. */
  readonly scripts: string[] = [];
  readonly sockets: string[] = [];
  readonly #browser: Browser;
  readonly #said: string[] = [];

  private constructor(browser: Browser, page: Page) {
    this.#browser = browser;
    this.page = page;
    page.on('pageerror', (error) => this.#said.push(`uncaught: ${error.message}`));
    page.on('websocket', (socket) => this.sockets.push(socket.url()));
    page.on('request', (request) => {
      if (request.resourceType() === 'script') this.scripts.push(request.url());
    });
    page.on('requestfinished', (request) => {
      const url = request.url();
      if (!url.endsWith('.m4s')) return;
      void request
        .sizes()
        .then(({ responseBodySize }) => {
          this.fetched.set(url, (this.fetched.get(url) ?? 0) + responseBodySize);
        })
        .catch(() => undefined);
    });
  }

  /**
   * Opens a browser at a page and begins to play; `kept` is what it remembers of other days, and `prepare` makes it another
   * browser than most are.
   */
  static async open(
    type: BrowserType,
    options: LaunchOptions,
    url: string,
    kept: Record<string, unknown> = {},
    prepare: (context: BrowserContext) => Promise<unknown> = async () => undefined,
  ): Promise<Viewer> {
    const browser = await type.launch(options);
    const context: BrowserContext = await browser.newContext({ locale: 'en-GB' });
    await prepare(context);
    await context.addInitScript((all) => {
      for (const [name, value] of Object.entries(all))
        localStorage.setItem(`kinora.${name}`, JSON.stringify(value));
    }, kept);
    await context.addInitScript(() => {
      const seen = { stalls: 0, pressed: 0, moved: 0 };
      Object.assign(window, { seen });
      addEventListener('click', () => (seen.pressed ||= performance.now()), true);
      addEventListener('playing', () => (seen.moved ||= performance.now()), true);
      // A busy decoder waits, too, with all its bytes at hand.
      addEventListener(
        'waiting',
        ({ target }) => {
          const { buffered, currentTime } = target as HTMLVideoElement;
          const ends = Array.from({ length: buffered.length }, (_, at) => buffered.end(at));
          const wanting = !ends.some(
            (end, at) => buffered.start(at) <= currentTime && end - currentTime > 0.2,
          );
          if (seen.moved > 0 && wanting) seen.stalls += 1;
        },
        true,
      );
    });
    const page = await context.newPage();
    const viewer = new Viewer(browser, page);
    await page.goto(url);
    await page.getByRole('button', { name: 'Play', exact: true }).first().click();
    return viewer;
  }

  /** Bytes of segments that came from the node. */
  get fromNode(): number {
    return [...this.fetched.values()].reduce((sum, bytes) => sum + bytes, 0);
  }

  /** True once what deals with peers was loaded. */
  get loadedPeers(): boolean {
    return this.scripts.some((url) => /\/(join|libp2p_net)-/.test(url));
  }

  /** Waits until the film is at a second of itself. */
  async at(second: number): Promise<void> {
    const there = (time: number) => (document.querySelector('video')?.currentTime ?? 0) >= time;
    await this.page.waitForFunction(there, second, { timeout: 60_000 });
  }

  /** Waits until the film is over; says how far it is if that takes too long. */
  async ended(): Promise<void> {
    const over = () => document.querySelector('video')?.ended;
    await this.page.waitForFunction(over, null, { timeout: 150_000 }).catch(async (cause: unknown) => {
      throw new Error(`the film is not over: ${await this.#standing()}`, { cause });
    });
  }

  #standing(): Promise<string> {
    return this.page.evaluate(() => {
      const video = document.querySelector('video');
      if (!video) return 'there is none';
      const { buffered, currentTime, paused, readyState, seeking } = video;
      const parts = Array.from({ length: buffered.length }, (_, at) => [
        buffered.start(at),
        buffered.end(at),
      ]);
      return JSON.stringify({ currentTime, paused, seeking, readyState, parts, error: video.error?.message });
    });
  }

  /** How long it took from the press to the first moving picture, in ms. */
  async startup(): Promise<number> {
    const { pressed, moved } = await this.#seen();
    return moved - pressed;
  }

  /** How often the picture stood still for want of bytes after it began. */
  async stalls(): Promise<number> {
    return (await this.#seen()).stalls;
  }

  #seen(): Promise<Seen> {
    return this.page.evaluate(() => (window as unknown as { seen: Seen }).seen);
  }

  /** What went wrong in the page. */
  get said(): readonly string[] {
    return this.#said;
  }

  /** What the decoder did not like; null if nothing. */
  mediaError(): Promise<string | null> {
    return this.page.evaluate(() => document.querySelector('video')?.error?.message ?? null);
  }

  screen(): Promise<Screen> {
    return screen(this.page);
  }

  /** Ends all processes of the browser at once: it has no time to say goodbye to anyone. */
  async kill(): Promise<void> {
    const session = await this.#browser.newBrowserCDPSession();
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const gone = new Promise((resolve) => this.#browser.once('disconnected', resolve));
    for (const { id } of processInfo) process.kill(id, 'SIGKILL');
    await gone;
  }

  async close(): Promise<void> {
    await this.#browser.close();
  }
}
