import type { BrowserType, LaunchOptions } from '@playwright/test';
import { clip } from './clip';
import { Client, finished } from './client';
import { LIE, lying, socketless, type Prepare } from './faults';
import { expect, test } from './fixtures';
import type { TestNode } from './node';
import { Viewer } from './viewers';

/** How long the film is, in seconds, and how many pictures it has. */
const SECONDS = 20;
const FRAMES = SECONDS * 25;
/** How far the film is when the next viewer comes, in seconds. */
const STAGGER_S = 3;
/** One who watches, and what is odd about the browser. */
interface Cast {
  prepare?: Prepare;
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
  async enter(url: string, { prepare, kept = {} }: Cast = {}): Promise<Viewer> {
    await this.viewers.at(-1)?.at(STAGGER_S);
    const known = { quality: 360, 'peers.noticed': true, ...kept };
    const viewer = await Viewer.open(this.#type, this.#options, url, known, prepare);
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

/** A line that takes so many bytes in a second from the node. */
const slow =
  (downloadThroughput: number): Prepare =>
  async (context) => {
    context.on('page', (page) => {
      void context.newCDPSession(page).then(async (session) => {
        await session.send('Network.enable');
        const conditions = { offline: false, latency: 0, downloadThroughput, uploadThroughput: -1 };
        await session.send('Network.emulateNetworkConditions', conditions);
      });
    });
  };

/** Gives so many bytes to others and then no more; `midway` hears how many were held back in the middle of a segment. */
const dyingAfter =
  (bytes: number, midway: (held: number) => void): Prepare =>
  async (context) => {
    await context.exposeFunction('midway', midway);
    await context.addInitScript((most) => {
      let sent = 0;
      const send = RTCDataChannel.prototype.send as (
        this: RTCDataChannel,
        data: ArrayBufferView<ArrayBuffer>,
      ) => void;
      RTCDataChannel.prototype.send = function (this: RTCDataChannel, data: unknown) {
        const { byteLength } = data as ArrayBufferView;
        if (sent < most) {
          sent += byteLength;
          return send.call(this, data as ArrayBufferView<ArrayBuffer>);
        }
        // Longer than any message that is no part of a segment.
        if (byteLength > 4_096) (window as unknown as { midway: (held: number) => void }).midway(byteLength);
      } as RTCDataChannel['send'];
    }, bytes);
  };

it('a viewer who is killed while giving is not missed', async ({ audience, film }) => {
  let midway: (held: number) => void = () => undefined;
  const held = new Promise<number>((resolve) => (midway = resolve));
  it.setTimeout(60_000);
  // More than a segment of four seconds.
  const dying = dyingAfter((film.bytes / SECONDS) * 5, midway);
  const giver = await audience.enter(film.url, { prepare: dying });
  const others = [await audience.enter(film.url)];
  expect(await held).toBeGreaterThan(0);
  await giver.kill();
  others.push(await audience.enter(film.url));
  for (const viewer of others) await sawAll(viewer);
});

it('a node that is lost in the middle is back before anyone notices', async ({ audience, film, node }) => {
  // Or all of the film would be here before the node is lost.
  const prepare = slow((film.bytes / SECONDS) * 2);
  const viewers = [await audience.enter(film.url, { prepare }), await audience.enter(film.url, { prepare })];
  const last = viewers.at(-1) as Viewer;
  await last.at(STAGGER_S);
  await node.kill();
  const before = viewers.reduce((sum, { fromNode }) => sum + fromNode, 0);
  await last.at(STAGGER_S + 2);
  await node.revive();
  for (const viewer of viewers) await sawAll(viewer);
  expect(viewers.reduce((sum, { fromNode }) => sum + fromNode, 0)).toBeGreaterThan(before);
});

/** WebSockets that open and stay silent, as behind some proxies. */
const mute: Prepare = (context) => context.routeWebSocket(/.*/, () => undefined);

it('without WebSockets the node gives all', async ({ audience, film }) => {
  await audience.enter(film.url);
  const silent = await audience.enter(film.url, { prepare: mute });
  const without = await audience.enter(film.url, { prepare: socketless });
  for (const viewer of [silent, without]) {
    await sawAll(viewer);
    expect(viewer.loadedPeers).toBe(true);
    expect(viewer.fromNode).toBe(film.bytes);
  }
  const tried = () => (window as unknown as { tried: { sockets: number } }).tried.sockets;
  expect(await without.page.evaluate(tried)).toBeGreaterThan(0);
});

/** Connects to other browsers through servers that it does not have, as where all UDP is blocked; notes how far that comes. */
const secluded: Prepare = (context) =>
  context.addInitScript(() => {
    const states: string[] = [];
    const Real = RTCPeerConnection;
    const Secluded = class extends Real {
      constructor(configuration?: RTCConfiguration) {
        super({ ...configuration, iceTransportPolicy: 'relay' });
        states.push('new');
        this.addEventListener('connectionstatechange', () => states.push(this.connectionState));
      }
    };
    Object.assign(window, { states, RTCPeerConnection: Secluded });
  });
const statesOf = (viewer: Viewer) =>
  viewer.page.evaluate(() => (window as unknown as { states: string[] }).states);

it('without UDP the node gives all', async ({ audience, film }) => {
  const open = await audience.enter(film.url);
  const closed = await audience.enter(film.url, { prepare: secluded });
  for (const viewer of [open, closed]) await sawAll(viewer);
  expect(closed.fromNode).toBe(film.bytes);
  const states = await statesOf(closed);
  expect(states).toContain('new');
  expect(states).not.toContain('connected');
});

it('who watches alone loads nothing of it', async ({ audience, node }) => {
  const { url } = await film(node, '1');
  const viewer = await audience.enter(url);
  await sawAll(viewer);
  expect(viewer.loadedPeers).toBe(false);
  expect(viewer.sockets).toEqual([]);
});

it('what is private is not shared', async ({ audience, node, root }) => {
  const { url } = await film(node, '3');
  const kept = { session: JSON.parse(root.session) as unknown };
  const viewers = [await audience.enter(url, { kept }), await audience.enter(url, { kept })];
  for (const viewer of viewers) {
    await sawAll(viewer);
    expect(viewer.loadedPeers).toBe(false);
    expect(viewer.sockets).toEqual([]);
  }
});

/** A browser that asks not to be tracked. */
const discreet: Prepare = (context) =>
  context.addInitScript(() => Object.defineProperty(navigator, 'globalPrivacyControl', { value: true }));

it('who does not want to share does not, among others who do', async ({ audience, film }) => {
  const sharing = [await audience.enter(film.url), await audience.enter(film.url)];
  const refusing = [
    await audience.enter(film.url, { kept: { peers: false } }),
    await audience.enter(film.url, { prepare: discreet }),
  ];
  for (const viewer of refusing) {
    await sawAll(viewer);
    expect(viewer.loadedPeers).toBe(false);
    expect(viewer.sockets).toEqual([]);
    expect(viewer.fromNode).toBe(film.bytes);
  }
  for (const viewer of sharing) {
    await sawAll(viewer);
    expect(viewer.loadedPeers).toBe(true);
    expect(viewer.sockets).not.toEqual([]);
  }
});

/** A clock that is wrong by so many days. */
const dated =
  (days: number): Prepare =>
  (context) =>
    context.addInitScript((by) => {
      const Real = Date;
      const now = () => Real.now() + by;
      window.Date = new Proxy(Real, {
        construct: (target, args: []) => (args.length === 0 ? new target(now()) : new target(...args)),
        apply: () => new Real(now()).toString(),
        get: (target, key) => (key === 'now' ? now : (Reflect.get(target, key) as unknown)),
      });
    }, days * 86_400_000);

it('viewers whose clocks are two days apart help each other', async ({ audience, film }) => {
  const ahead = await audience.enter(film.url, { prepare: dated(1) });
  const behind = await audience.enter(film.url, { prepare: dated(-1) });
  const day = (viewer: Viewer) => viewer.page.evaluate(() => Date.now() / 86_400_000);
  expect((await day(ahead)) - (await day(behind))).toBeCloseTo(2, 2);
  for (const viewer of [ahead, behind]) await sawAll(viewer);
  expect(ahead.fromNode + behind.fromNode).toBeLessThan(1.7 * film.bytes);
});
