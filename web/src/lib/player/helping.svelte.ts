import {
  announce,
  getBootstrap,
  getManifest,
  sendMetrics,
  type Bootstrap,
  type Presence,
  type Swarm,
} from '../api/peers';
import type { Component } from 'svelte';
import { keep, recall } from '../kept';
import { locale } from '../locale/locale.svelte';
import { permit, type Circumstances, type Refusal } from '../swarm/permission';
import type { Membership, Report } from '../swarm/join';
import { isPhone, lookAround } from './circumstances';
import type { Playback } from './playback.svelte';

/** A video that may be shared. */
export interface Shareable {
  uuid: string;
  /** Null if nobody may. */
  swarm: Swarm | null;
  /** The video lives on the node that served this page. */
  isLocal: boolean;
  /** Public or unlisted, without a password. */
  open: boolean;
}

/** The ring with its panel, and the notice at first play. */
interface Parts {
  Menu: Component<{ helping: Helping }>;
  Notice: Component<{ helping: Helping }>;
}

/** How much memory segments may take, in bytes. */
const memory = () => (isPhone() ? 24_000_000 : 64_000_000);
/** The longest manifest that is fetched, in bytes. */
const MANIFEST_BYTES_MAX = 25_000_000;
/** How often a viewer who is alone looks whether others came, in ms: at first, and after `EAGER` times. */
const ALONE_MS = 2_000;
const ALONE_LATER_MS = 10_000;
const EAGER = 15;
/** How often it is looked again after something else spoke against it, in ms. */
const REFUSED_MS = 20_000;
/** How often the figures on screen change, in ms, and how often the node is told, in such steps. */
const REPORT_MS = 1_000;
const TELL_EVERY = 15;
/** The longest that the player waits to know whether others will help, in ms. */
const COMING_MS_MAX = 5_000;

const NOTHING: Report = { fromOrigin: 0, fromPeers: 0, given: 0, neighbours: 0, helped: 0, stalls: 0 };

/** Refusals that nothing on this page can change: then there is nothing to show. */
const FINAL: readonly Refusal[] = ['unable', 'private', 'owner', 'node', 'embed'];

/** A name for this load of the page, used for nothing but counting who watches. */
const session = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  );

/**
 * Viewers who help each other, as the player sees it: whether they may, whether they do, and what came of it.
 *
 * Nothing of it is loaded before playback began and somebody else watches too.
 */
export class Helping {
  /** `none`: there is nothing to share, or no way to. */
  state = $state<'none' | 'refused' | 'asking' | 'alone' | 'sharing'>('none');
  refusal = $state<Refusal | null>(null);
  /** What belongs into the player; null while there is nothing to show. */
  parts = $state.raw<Parts | null>(null);
  report = $state.raw<Report>(NOTHING);
  /** What the viewer decided for all videos; null if nothing. */
  choice = $state<boolean | null>(recall<boolean>('peers'));
  /** True once the viewer knows that viewers see each other's addresses. */
  noticed = $state(recall<boolean>('peers.noticed') ?? false);

  readonly #playback: Playback;
  #video: Shareable | null = null;
  #embed: boolean | null = null;
  #membership: Membership | null = null;
  #bootstrap: Promise<Bootstrap> | null = null;
  #session = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reporting: ReturnType<typeof setInterval> | undefined;
  #told = NOTHING;
  #looks = 0;
  #looking = false;
  #stopped = false;

  constructor(playback: Playback) {
    this.#playback = playback;
  }

  /** Says what is going to be played; before the player opens it. */
  async offer(video: Shareable, embed: boolean | null): Promise<void> {
    this.#video = video;
    this.#embed = embed;
    this.#session = session();
    const permission = permit({ ...(await this.#facts()), node: 'on', watchers: Infinity });
    if (this.#stopped) return;
    // Fragments that can wait do so until it is known whether others watch; what passes may be of use to them.
    this.#playback.gate.expect(permission === 'share');
    if (permission === 'share') this.#playback.gate.keep(memory());
    else this.#show(permission);
    this.#playback.whenPlaying(() => this.#begin());
  }

  /** Turns sharing on or off, for this and later videos. */
  choose(on: boolean): void {
    this.choice = on;
    keep('peers', on);
    this.notice();
    if (!on) this.#leave();
    this.#playback.gate.keep(on ? memory() : 0);
    void this.#look();
  }

  /** The viewer has read what is said about it. */
  notice(): void {
    this.noticed = true;
    keep('peers.noticed', true);
  }

  /** Ends it all, with the page. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#leave();
  }

  #begin(): void {
    if (this.#stopped) return;
    setTimeout(() => this.#membership ?? this.#playback.gate.expect(false), COMING_MS_MAX);
    void this.#look();
  }

  /** Looks whether to share now, and when to look again. */
  async #look(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#stopped || this.#looking || this.#video === null) return;
    this.#looking = true;
    const wait = await this.#decide().catch(() => REFUSED_MS);
    this.#looking = false;
    if (!this.#membership) this.#playback.gate.expect(false);
    if (!this.#stopped) this.#timer = setTimeout(() => void this.#look(), wait);
  }

  /** Shares if all speaks for it; answers when to look again, in ms. */
  async #decide(): Promise<number> {
    const facts = await this.#facts();
    const before = permit({ ...facts, node: 'on', watchers: Infinity });
    if (before !== 'share') {
      this.#leave();
      this.#show(before);
      this.#playback.gate.keep(0);
      return REFUSED_MS;
    }
    const { origin, video } = this.#where();
    const [bootstrap, presence] = await Promise.all([
      (this.#bootstrap ??= getBootstrap(origin)),
      announce(origin, video, this.#session),
    ]);
    const { viewers, watchersMin } = bootstrap;
    const permission = permit({ ...facts, node: viewers, watchersMin, watchers: presence.watchers });
    // Who shares goes on when the others leave: they may come back.
    const isAlone = typeof permission === 'object' && permission.no === 'alone';
    if (this.#membership && (permission === 'share' || isAlone)) return presence.ttl * 800;
    this.#show(permission);
    if (permission === 'share') await this.#join(bootstrap, presence);
    else this.#leave();
    if (!isAlone) return presence.ttl * 800;
    this.#looks += 1;
    return this.#looks < EAGER ? ALONE_MS : ALONE_LATER_MS;
  }

  async #join(bootstrap: Bootstrap, presence: Presence): Promise<void> {
    const link = this.#video?.swarm?.manifest ?? presence.manifest;
    if (!link || this.#membership) return;
    const [{ join }, manifest] = await Promise.all([
      import('../swarm/join'),
      getManifest(this.#local(link), MANIFEST_BYTES_MAX),
    ]);
    if (this.#stopped || this.choice === false) return;
    this.#membership = join({
      manifest,
      swarm: presence.swarm,
      video: presence.video,
      meeting: bootstrap,
      gate: this.#playback.gate,
      playhead: () => this.#playback.playhead(),
      memory: memory(),
    });
    let steps = 0;
    this.#reporting = setInterval(() => {
      this.report = this.#membership?.report() ?? this.report;
      steps += 1;
      if (steps % TELL_EVERY === 0) this.#tell();
    }, REPORT_MS);
  }

  #leave(): void {
    if (!this.#membership) return;
    clearInterval(this.#reporting);
    this.report = this.#membership.report();
    this.#tell();
    this.#membership.leave();
    this.#membership = null;
  }

  #show(permission: ReturnType<typeof permit>): void {
    const no = typeof permission === 'object' ? permission.no : null;
    this.refusal = no;
    if (permission === 'ask') this.state = 'asking';
    else if (permission === 'share') this.state = 'sharing';
    else if (no === 'alone') this.state = 'alone';
    else this.state = no !== null && FINAL.includes(no) ? 'none' : 'refused';
    if (this.state === 'none') this.parts = null;
    else if (this.parts === null) void this.#dress();
  }

  async #dress(): Promise<void> {
    const [menu, notice] = await Promise.all([
      import('../../player/PeersMenu.svelte'),
      import('../../player/PeersNotice.svelte'),
      locale.need('peers'),
    ]);
    if (!this.#stopped) this.parts = { Menu: menu.default, Notice: notice.default };
  }

  /** Tells the node where the viewers meet what passed since the last time: there the other bytes are counted. */
  #tell(): void {
    const { report } = this;
    const since = (field: keyof Report) => Math.max(0, report[field] - this.#told[field]);
    sendMetrics(this.#where().origin, {
      playerMode: 'p2p-media-loader',
      resolution: this.#playback.showing,
      fps: null,
      p2pEnabled: true,
      p2pPeers: report.neighbours,
      resolutionChanges: 0,
      errors: 0,
      bufferStalled: since('stalls'),
      downloadedBytesP2P: since('fromPeers'),
      downloadedBytesHTTP: since('fromOrigin'),
      uploadedBytesP2P: since('given'),
      videoId: this.#video?.uuid ?? '',
    });
    this.#told = report;
  }

  async #facts(): Promise<Omit<Circumstances, 'node' | 'watchers'>> {
    return {
      ...(await lookAround()),
      open: this.#video?.open ?? false,
      owner: this.#video?.swarm !== null,
      viewer: this.choice,
      embed: this.#embed,
      watchersMin: 2,
    };
  }

  /** A node of ours is asked at the address of the page, which may be another than its public one. */
  #where(): { origin: string; video: string } {
    const { uuid, isLocal, swarm } = this.#video as Shareable;
    return { origin: isLocal ? location.origin : (swarm?.origin ?? location.origin), video: uuid };
  }

  #local<T extends { url: string }>(link: T): T {
    return this.#video?.isLocal ? { ...link, url: new URL(link.url, location.href).pathname } : link;
  }
}
