import type { FragmentGate, FragmentSource, Taker } from '../player/fragment_gate';
import type { Meeting } from './libp2p_net';
import { fromHex } from './hex';
import { Link } from './link';
import { Manifest, type Segment } from './manifest';
import type { Net } from './net';
import { digest, fetchSegment, pageClock } from './page';
import type { Playhead } from './position';
import { BUFFER_AMONG_PEERS_S, Scheduler } from './scheduler';

/** What peers did for each other, in bytes unless it says otherwise. */
export interface Report {
  fromOrigin: number;
  fromPeers: number;
  given: number;
  /** How many are connected, and how many were given a whole segment. */
  neighbours: number;
  helped: number;
  stalls: number;
}

/** What is to be shared, and with whose help. */
export interface Joining {
  /** The manifest of the video, as the origin wrote it. */
  manifest: string;
  /** The id of the swarm in hex, and the video's uuid. */
  swarm: string;
  video: string;
  meeting: Meeting;
  gate: FragmentGate;
  /** Where the player is; null once it is gone. */
  playhead: () => Playhead | null;
  /** How much memory segments may take, in bytes. */
  memory: number;
  /** Opens the way to others; libp2p unless a test has something else. */
  openNet?: (meeting: Meeting) => Promise<Net>;
}

/** A share in a swarm. */
export interface Membership {
  report(): Report;
  leave(): void;
}

/** How often the player is asked where it is, in ms. */
const LOOK_MS = 250;
/** How long the way to others may take before nobody waits for it, in ms. */
const OPEN_MS_MAX = 8_000;

/** Peers that sent wrong bytes, for as long as this page is open. */
const banned = new Set<string>();

/**
 * Joins those who watch the same video. From now on the fragments of the player come through the scheduler, before the first
 * peer is there as well: it knows what can wait.
 */
export function join(joining: Joining): Membership {
  const share = new Share(joining, Manifest.parse(joining.manifest));
  share.connect();
  return share;
}

class Share implements Membership, FragmentSource {
  readonly ahead = BUFFER_AMONG_PEERS_S;
  readonly #joining: Joining;
  readonly #manifest: Manifest;
  readonly #scheduler: Scheduler;
  readonly #looking: ReturnType<typeof setInterval>;
  readonly #hide = () => this.#scheduler.hidden(document.hidden);
  #link: Link | null = null;
  #left = false;
  /** An address of each rendition: its other segments stand beside it. */
  readonly #folders = new Map<number, string>();
  #stalls = 0;
  /** Bytes that the player had got from its server before this began. */
  #before = 0;
  #last: Playhead | null = null;
  #stands = false;

  constructor(joining: Joining, manifest: Manifest) {
    this.#joining = joining;
    this.#manifest = manifest;
    this.#scheduler = new Scheduler(manifest, '', banned, joining.memory, {
      clock: pageClock,
      random: () => Math.random(),
      digest,
      fetch: (segment, receiver) => fetchSegment(this.#address(segment), receiver),
      ask: (peer, segment, receiver) =>
        this.#link?.ask(peer, segment, receiver) ?? pageClock.after(0, () => receiver.failed('broken')),
      tell: (peer, message) => this.#link?.tell(peer, message),
      banish: (peer) => this.#link?.banish(peer),
    });
    this.#scheduler.expect(true);
    this.#look();
    for (const { url, bytes, ms } of joining.gate.open(this)) {
      const segment = manifest.at(url);
      this.#before += bytes.byteLength;
      if (segment) this.#scheduler.offer(segment, bytes, ms);
    }
    this.#looking = setInterval(() => this.#look(), LOOK_MS);
    if (typeof document !== 'undefined') document.addEventListener('visibilitychange', this.#hide);
  }

  /** Looks for others; if that fails, everything comes from the origin. */
  connect(): void {
    const late = setTimeout(() => this.#scheduler.expect(false), OPEN_MS_MAX);
    const open = async () => {
      const openNet = this.#joining.openNet ?? (await import('./libp2p_net')).openNet;
      const net = await openNet(this.#joining.meeting);
      if (this.#left) return void net.stop();
      const { swarm, video } = this.#joining;
      this.#link = new Link(net, pageClock, fromHex(swarm), video);
      this.#scheduler.iAm(net.self);
      await this.#link.start(this.#scheduler);
    };
    open()
      .catch(() => this.#scheduler.expect(false))
      .finally(() => clearTimeout(late));
  }

  take(url: string, kind: string, taker: Taker): (() => void) | null {
    const segment = this.#manifest.at(url);
    if (!segment || this.#left) return null;
    this.#folders.set(segment.rendition, url);
    this.#look();
    return this.#scheduler.want(segment, {
      kind,
      progress: (loaded) => taker.progress(loaded),
      delivered: ({ bytes, alone_ms, startedAt, firstAt, endedAt }) => {
        const part = (firstAt - startedAt) / Math.max(endedAt - startedAt, 1);
        taker.given({ bytes, alone_ms, first_ms: alone_ms * part });
      },
      failed: () => taker.failed(),
    });
  }

  report(): Report {
    const { tally, uploads, neighbours } = this.#scheduler;
    const { fromOrigin, fromPeers } = tally;
    return {
      fromOrigin: this.#before + fromOrigin,
      fromPeers,
      given: uploads.bytes,
      neighbours,
      helped: uploads.helped,
      stalls: this.#stalls,
    };
  }

  leave(): void {
    if (this.#left) return;
    this.#left = true;
    clearInterval(this.#looking);
    if (typeof document !== 'undefined') document.removeEventListener('visibilitychange', this.#hide);
    // What waits is passed on to the node.
    this.#joining.gate.close();
    this.#scheduler.stop();
    this.#link?.stop();
  }

  #address(segment: Segment): string {
    return new URL(segment.name, this.#folders.get(segment.rendition)).href;
  }

  #look(): void {
    const playhead = this.#joining.playhead();
    if (!playhead) return;
    const stands =
      playhead.playing && playhead.time === this.#last?.time && playhead.bufferedEnd - playhead.time < 0.2;
    if (stands && !this.#stands) {
      this.#stalls += 1;
      this.#scheduler.stalled();
    }
    this.#stands = stands;
    this.#last = playhead;
    this.#scheduler.watch(playhead);
  }
}
