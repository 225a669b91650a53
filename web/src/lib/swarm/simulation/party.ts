import { Manifest, type Segment } from '../manifest';
import type { Receiver } from '../surroundings';
import type { HaveMessage } from '../wire';
import type { Character } from './viewer';
import { Viewer } from './viewer';
import { seeded, VirtualClock } from './virtual_clock';

/** A video and those who watch it. */
export interface Plan {
  seed: number;
  viewers: Character[];
  /** How many segments of four seconds. */
  segments: number;
  /** Size of a segment in each rendition, in bytes. */
  sizes: number[];
  /** When the origin does not answer, in ms. */
  originDown?: [number, number];
  /** When it takes questions and never answers them, in ms. */
  originSilent?: [number, number];
  /** How long a lone viewer takes to notice that another came, in ms. */
  notice_ms?: number;
}

/** What came of it. */
export interface Outcome {
  /** Bytes of the origin, over all bytes that were played. */
  offload: number;
  /** The most that is possible: one viewer of n pays. */
  possible: number;
  stalls: number;
  stalled_ms: number;
  badBytes: number;
  lies: number;
  startup_ms: number;
  unfinished: number;
  /** The share that came from peers, by viewer. */
  shares: number[];
  /** What each gave, over the length of the video in bytes. */
  gave: number[];
}

const DIALS_MAX = 8;
const TRACKED = 12;
const DIAL_MS = 320;

/** A simulated swarm around the real scheduler. */
export class Party {
  readonly clock = new VirtualClock();
  readonly random: () => number;
  readonly manifest: Manifest;
  readonly length: number;
  /** How often each segment was fetched from the origin. */
  readonly fetches: number[] = [];
  readonly viewers = new Map<string, Viewer>();
  readonly #links = new Map<string, Set<string>>();
  readonly #joined: string[] = [];
  readonly #bytes = new Map<Segment, Uint8Array<ArrayBuffer>>();
  readonly #digests = new WeakMap<Uint8Array, string>();
  #waiting: Viewer[] = [];

  constructor(readonly plan: Plan) {
    this.random = seeded(plan.seed);
    this.length = plan.segments * 4;
    this.manifest = Manifest.parse(
      JSON.stringify({
        version: 1,
        renditions: plan.sizes.map((size, rendition) => ({
          segments: Array.from({ length: plan.segments }, (_, index) => {
            const sha256 = (rendition * 1e6 + index + 1).toString(16).padStart(64, '0');
            return { name: `${sha256}.m4s`, size, sha256, duration: 4 };
          }),
        })),
      }),
    );
  }

  run(): Outcome {
    for (const [number, character] of this.plan.viewers.entries()) {
      const id = `peer-${number}-${Math.floor(this.random() * 1e9)}`;
      this.clock.after(character.at, () => this.viewers.set(id, new Viewer(id, character, this)));
    }
    const last = Math.max(...this.plan.viewers.map((one) => one.at));
    this.clock.run(last + this.length * 1_000 + 30_000);
    return this.#outcome();
  }

  /** A viewer sees its first picture: it joins if there is someone else, or waits until there is. */
  playing(viewer: Viewer): void {
    const lone = this.viewers.size === 1;
    if (lone) {
      this.#waiting.push(viewer);
      return;
    }
    viewer.scheduler.expect(true);
    this.clock.after(viewer.character.join_ms, () => this.#join(viewer));
    for (const other of this.#waiting) {
      const notice = this.random() * (this.plan.notice_ms ?? 1_000);
      this.clock.after(notice + other.character.join_ms, () => this.#join(other));
    }
    this.#waiting = [];
  }

  /** The tracker names some of those who are there, and the newcomer dials them. */
  #join(viewer: Viewer): void {
    if (viewer.gone) return;
    const known = this.#joined.filter((id) => !this.viewers.get(id)?.gone);
    const named: string[] = [];
    while (named.length < TRACKED && known.length > 0) {
      named.push(...known.splice(Math.floor(this.random() * known.length), 1));
    }
    this.#joined.push(viewer.id);
    this.#count(viewer);
    for (const other of named.slice(0, DIALS_MAX)) {
      this.clock.after(DIAL_MS * (0.6 + 0.8 * this.random()), () => this.#link(viewer.id, other));
    }
    this.clock.after(4_000, () => viewer.scheduler.expect(false));
  }

  /** The node says again and again how many there are. */
  #count(viewer: Viewer): void {
    if (viewer.gone) return;
    viewer.scheduler.crowd(this.#joined.length);
    this.clock.after(30_000, () => this.#count(viewer));
  }

  #link(one: string, other: string): void {
    const [a, b] = [this.viewers.get(one), this.viewers.get(other)];
    if (!a || !b || a.gone || b.gone) return;
    if (a.scheduler.neighbours >= 16 || b.scheduler.neighbours >= 16) return;
    this.#linksOf(one).add(other);
    this.#linksOf(other).add(one);
    a.scheduler.met(other);
    b.scheduler.met(one);
  }

  part(one: string, other: string): void {
    if (!this.#linksOf(one).delete(other)) return;
    this.#linksOf(other).delete(one);
    this.viewers.get(one)?.scheduler.left(other);
    this.viewers.get(other)?.scheduler.left(one);
  }

  kill(viewer: Viewer): void {
    viewer.leave();
    for (const other of [...this.#linksOf(viewer.id)]) {
      // The others only notice after a while.
      this.clock.after(5_000, () => this.part(viewer.id, other));
    }
  }

  tell(from: Viewer, to: string, message: Omit<HaveMessage, 'swarm'>): void {
    this.clock.after(25, () => {
      if (from.gone || !this.#linksOf(from.id).has(to)) return;
      const other = this.viewers.get(to);
      if (!other?.gone) other?.scheduler.told(from.id, message);
    });
  }

  ask(from: Viewer, peer: string, segment: Segment, receiver: Receiver): () => void {
    let stop: () => void = () => undefined;
    const begin = this.clock.after(30, () => {
      const other = this.viewers.get(peer);
      // A killed browser says nothing at all.
      if (!other || other.gone) return;
      const answer = other.scheduler.serve(from.id, segment.sha256);
      if (answer.status !== 'ok') {
        const why = answer.status;
        stop = this.clock.after(30, () => receiver.failed(why));
        return;
      }
      const { upload } = answer;
      const bytes = other.character.lies ? this.#lie(segment) : this.bytesOf(segment);
      const [up, down] = [other.uplink.open({ bytes: 0 }), from.line.open(from.peers)];
      let sent = 0;
      let came = 0;
      // What comes over the line of the one goes over that of the other.
      up.push(segment.size, (part) => {
        upload.sent(part, this.clock.now());
        sent += part;
        if (sent === segment.size) upload.end(this.clock.now());
        down.push(part, (part) => {
          came += part;
          if (other.gone) return;
          receiver.progress(came);
          if (came === segment.size) receiver.done(bytes);
        });
      });
      stop = () => {
        up.close();
        down.close();
        upload.end(this.clock.now());
      };
    });
    return () => {
      begin();
      stop();
    };
  }

  /** What the origin does with a question: it answers, it fails, or nothing ever comes. */
  get origin(): 'well' | 'down' | 'silent' {
    const within = (span?: [number, number]) =>
      span !== undefined && this.clock.now() >= span[0] && this.clock.now() < span[1];
    if (within(this.plan.originDown)) return 'down';
    return within(this.plan.originSilent) ? 'silent' : 'well';
  }

  bytesOf(segment: Segment): Uint8Array<ArrayBuffer> {
    let bytes = this.#bytes.get(segment);
    if (!bytes) {
      bytes = new Uint8Array(segment.size);
      this.#bytes.set(segment, bytes);
      this.#digests.set(bytes, segment.sha256);
    }
    return bytes;
  }

  #lie(segment: Segment): Uint8Array<ArrayBuffer> {
    return new Uint8Array(segment.size);
  }

  digest(bytes: Uint8Array): string {
    return this.#digests.get(bytes) ?? 'wrong';
  }

  #linksOf(id: string): Set<string> {
    let links = this.#links.get(id);
    if (!links) this.#links.set(id, (links = new Set()));
    return links;
  }

  #outcome(): Outcome {
    const all = [...this.viewers.values()];
    const stayed = all.filter((viewer) => !viewer.gone);
    const film = this.plan.segments * (this.plan.sizes[0] ?? 0);
    const origin = all.reduce((sum, viewer) => sum + viewer.origin.bytes, 0);
    const peers = all.reduce((sum, viewer) => sum + viewer.scheduler.tally.fromPeers, 0);
    return {
      offload: peers / (origin + peers),
      possible: 1 - 1 / all.length,
      stalls: stayed.reduce((sum, viewer) => sum + viewer.stalls, 0),
      stalled_ms: stayed.reduce((sum, viewer) => sum + viewer.stalled_ms, 0),
      badBytes: stayed.reduce((sum, viewer) => sum + viewer.badBytes, 0),
      lies: stayed.reduce((sum, viewer) => sum + viewer.scheduler.tally.lies, 0),
      startup_ms: Math.max(...stayed.map((viewer) => viewer.startup_ms)),
      unfinished: stayed.filter((viewer) => !viewer.done).length,
      shares: all.map((viewer) => {
        const { fromPeers } = viewer.scheduler.tally;
        return fromPeers / (fromPeers + viewer.origin.bytes);
      }),
      gave: all.map((viewer) => viewer.scheduler.uploads.bytes / film),
    };
  }
}
