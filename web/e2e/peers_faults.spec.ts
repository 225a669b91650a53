import type { BrowserContext, BrowserType, LaunchOptions } from '@playwright/test';
import { clip } from './clip';
import { Client, finished } from './client';
import { expect, test } from './fixtures';
import type { TestNode } from './node';
import { Viewer } from './viewers';

/** How long the film is, in seconds, and how many pictures it has. */
const SECONDS = 24;
const FRAMES = SECONDS * 25;
/** How far the film is when the next viewer comes, in seconds. */
const STAGGER_S = 3;
/** What a liar writes over the end of each segment. */
const LIE = 'KINORA-E2E-A-LIE';
/** What is shorter is no segment, in bytes. */
const SEGMENT_BYTES_MIN = 16_000;

type Prepare = (context: BrowserContext) => Promise<unknown>;

/** One who watches, and what is odd about the browser. */
interface Cast {
  prepare?: Prepare;
  args?: string[];
  kept?: Record<string, unknown>;
}

/** Those who watch one film in one test. */
class Audience {
  readonly viewers: Viewer[] = [];
  readonly #type: BrowserType;
  readonly #options: LaunchOptions;

  constructor(type: BrowserType, options: LaunchOptions) {
    this.#type = type;
    this.#options = options;
  }

  /** Lets one more come, once the film of the one before is a little ahead. */
  async enter(url: string, { prepare, args = [], kept = {} }: Cast = {}): Promise<Viewer> {
    await this.viewers.at(-1)?.at(STAGGER_S);
    const options = { ...this.#options, args: [...(this.#options.args ?? []), ...args] };
    const known = { quality: 360, 'peers.noticed': true, ...kept };
    const viewer = await Viewer.open(this.#type, options, url, known, prepare);
    this.viewers.push(viewer);
    return viewer;
  }

  async leave(): Promise<void> {
    await Promise.all(this.viewers.map((viewer) => viewer.close().catch(() => undefined)));
  }
}

const it = test.extend<{ audience: Audience }, { film: { url: string; bytes: number } }>({
  audience: async ({ playwright }, use, info) => {
    const audience = new Audience(playwright.chromium, info.project.use.launchOptions ?? {});
    await use(audience);
    await audience.leave();
  },
  film: [async ({ node }, use) => use(await film(node, '1')), { scope: 'worker', timeout: 120_000 }],
});

/** Puts a film on the node; answers where it is watched, and how long its segments of 360p are in all. */
async function film(node: TestNode, privacy: string): Promise<{ url: string; bytes: number }> {
  const creator = await Client.of(node);
  const video = await creator.upload(clip({ height: 360, seconds: SECONDS, container: 'mkv' }), {
    name: 'Watched in spite of all',
    privacy,
  });
  await creator.until(video.uuid, finished);
  const { swarm } = await creator.get<{ swarm: { manifest: { url: string } } | null }>(
    `/api/v1/videos/${video.uuid}`,
  );
  let bytes = 0;
  if (swarm) {
    const manifest = (await (await fetch(swarm.manifest.url)).json()) as {
      renditions: { name: string; segments: { size: number }[] }[];
    };
    const rendition = manifest.renditions.find(({ name }) => name === '360p');
    bytes = rendition?.segments.reduce((sum, { size }) => sum + size, 0) ?? 0;
  }
  return { url: `${node.url}/w/${video.uuid}`, bytes };
}

/** Nothing that happened was to be seen. */
async function sawAll(viewer: Viewer): Promise<void> {
  await viewer.ended();
  expect(viewer.said).toEqual([]);
  expect(await viewer.mediaError()).toBeNull();
  expect((await viewer.screen()).frames).toBe(FRAMES);
  expect(await viewer.stalls()).toBe(0);
}

/** Spoils what it keeps for others, once it has found it right. */
const lying: Prepare = (context) =>
  context.addInitScript(
    ([lie, least]) => {
      const honest = crypto.subtle.digest.bind(crypto.subtle);
      crypto.subtle.digest = async (algorithm, data) => {
        const hash = await honest(algorithm, data);
        if (data instanceof Uint8Array && data.length >= least)
          data.set(new TextEncoder().encode(lie), data.length - lie.length);
        return hash;
      };
    },
    [LIE, SEGMENT_BYTES_MIN] as const,
  );

/** Notes lies that were looked at, and those that came to the decoder. */
const watchful: Prepare = (context) =>
  context.addInitScript((lie) => {
    const lies = { heard: 0, shown: 0, segments: 0 };
    Object.assign(window, { lies });
    const isLie = (data: BufferSource) => new TextDecoder('latin1').decode(data).includes(lie);
    const digest = crypto.subtle.digest.bind(crypto.subtle);
    crypto.subtle.digest = (algorithm, data) => {
      if (isLie(data)) lies.heard += 1;
      return digest(algorithm, data);
    };
    // eslint-disable-next-line @typescript-eslint/unbound-method -- it is called on the buffer that it was taken from
    const append = SourceBuffer.prototype.appendBuffer;
    SourceBuffer.prototype.appendBuffer = function (data) {
      lies.segments += 1;
      if (isLie(data)) lies.shown += 1;
      append.call(this, data);
    };
  }, LIE);

it('a viewer who lies is found out, and nobody sees it', async ({ audience, film }) => {
  await audience.enter(film.url, { prepare: lying });
  const honest = [
    await audience.enter(film.url, { prepare: watchful }),
    await audience.enter(film.url, { prepare: watchful }),
  ];
  let heard = 0;
  for (const viewer of honest) {
    await sawAll(viewer);
    const lies = await viewer.page.evaluate(
      () => (window as unknown as { lies: Record<'heard' | 'shown' | 'segments', number> }).lies,
    );
    expect(lies.segments).toBeGreaterThan(0);
    expect(lies.shown).toBe(0);
    heard += lies.heard;
  }
  expect(heard).toBeGreaterThan(0);
});
