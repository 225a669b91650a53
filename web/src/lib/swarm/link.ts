import { WireError } from './frame';
import { HaveWriter, hearHaves } from './have_stream';
import type { Segment } from './manifest';
import type { Net } from './net';
import { NEIGHBOURS_MAX } from './neighbourhood';
import type { Pipe } from './pipe';
import type { Scheduler } from './scheduler';
import { SegmentClient, serveSegments } from './segment_stream';
import type { Clock, Receiver } from './surroundings';
import { askTracker } from './tracker_stream';
import { HAVE_PROTOCOL, SEGMENT_PROTOCOL, TRACKED_MAX, TRACKER_PROTOCOL, type HaveMessage } from './wire';

/** So many peers are dialled; others may come by themselves. */
const DIALLED_MAX = 8;
/** How long a connection may take, in ms. */
const DIAL_MS_MAX = 8_000;
/** How often the node is asked while there are few neighbours, and otherwise, in ms. */
const ASK_FEW_MS = 5_000;
const ASK_MS = 30_000;
/** Whoever joins because others watch may be there before them: so often, and so soon after each other, the node is asked first. */
const EAGER_ASKS = 8;
const EAGER_MS = 1_000;
/** With fewer neighbours than this more are looked for. */
const FEW = 4;
/** How long to wait before a node that did not answer is asked again, in ms. */
const RETRY_MS = 10_000;
/** A peer that could not be reached is not tried again for so long, in ms: at first, and later four times longer each time. */
const UNREACHED_MS = 3_000;
const UNREACHED_MS_MAX = 60_000;

/** One neighbour's streams. */
interface Line {
  haves: HaveWriter | null;
  segments: SegmentClient;
  /** What is to be said once the stream is open. */
  waiting: Omit<HaveMessage, 'swarm'>[];
}

/** Keeps one scheduler in touch with its peers and the tracker. */
export class Link {
  readonly #net: Net;
  readonly #clock: Clock;
  readonly #swarm: Uint8Array;
  readonly #video: string;
  readonly #lines = new Map<string, Line>();
  /** How often peers could not be reached, and until when they are let alone. */
  readonly #unreached = new Map<string, { times: number; until: number }>();
  readonly #liars = new Set<string>();
  #scheduler: Scheduler | null = null;
  #stopped = false;
  #callOff: () => void = () => undefined;

  constructor(net: Net, clock: Clock, swarm: Uint8Array, video: string) {
    this.#net = net;
    this.#clock = clock;
    this.#swarm = swarm;
    this.#video = video;
  }

  /** Begins to answer, and to look for others. */
  async start(scheduler: Scheduler): Promise<void> {
    this.#scheduler = scheduler;
    this.#net.onGone((peer) => this.#gone(peer));
    await this.#net.handle(HAVE_PROTOCOL, 1, (pipe, peer) => void this.#hear(pipe, peer));
    await this.#net.handle(SEGMENT_PROTOCOL, 2, (pipe, peer) => void this.#serve(pipe, peer));
    void this.#track();
  }

  stop(): void {
    this.#stopped = true;
    this.#callOff();
    void this.#net.stop().catch(() => undefined);
  }

  ask(peer: string, segment: Segment, receiver: Receiver): () => void {
    const line = this.#lines.get(peer);
    if (!line) return this.#clock.after(0, () => receiver.failed('broken'));
    return line.segments.get(segment, receiver);
  }

  tell(peer: string, message: Omit<HaveMessage, 'swarm'>): void {
    const line = this.#lines.get(peer);
    if (line?.haves) line.haves.tell(message);
    else line?.waiting.push(message);
  }

  /** Ends with a peer that lied. The node is told: it drops whom several accuse. */
  banish(peer: string): void {
    this.#liars.add(peer);
    this.#lines.delete(peer);
    this.#net.hangUp(peer);
  }

  /** Asks the tracker as long as this lasts; without an answer there are simply no peers. */
  async #track(): Promise<void> {
    for (let asks = 1; !this.#stopped; asks += 1) {
      const wait = await this.#askTracker().catch(() => RETRY_MS);
      const eager = this.#lines.size === 0 && asks < EAGER_ASKS && wait < RETRY_MS;
      if (!eager) this.#scheduler?.expect(false);
      await this.#sleep(eager ? EAGER_MS : wait);
    }
  }

  /** Asks once, and meets whom it hears of; answers when to ask again, in ms. */
  async #askTracker(): Promise<number> {
    const want = this.#lines.size < DIALLED_MAX ? TRACKED_MAX : 0;
    const liars = [...this.#liars];
    const pipe = await this.#net.toNode(TRACKER_PROTOCOL);
    const answer = await askTracker(pipe, { swarm: this.#swarm, video: this.#video, want, liars });
    for (const liar of liars) this.#liars.delete(liar);
    this.#scheduler?.crowd(answer.watchers);
    await this.#dial(answer.peers);
    return this.#lines.size < FEW ? ASK_FEW_MS : Math.min(ASK_MS, (answer.ttl * 1_000) / 2);
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((done) => (this.#callOff = this.#clock.after(ms, done)));
  }

  /** Dials some of the peers that were named, at the same time; resolves with the first that is there. */
  async #dial(peers: string[]): Promise<void> {
    const now = this.#clock.now();
    const fresh = peers.filter(
      (peer) =>
        peer !== this.#net.self &&
        !this.#lines.has(peer) &&
        !this.#scheduler?.banned.has(peer) &&
        (this.#unreached.get(peer)?.until ?? -Infinity) < now,
    );
    const room = Math.max(0, DIALLED_MAX - this.#lines.size);
    const dials = fresh.slice(0, room).map((peer) => this.#reach(peer));
    await Promise.any(dials).catch(() => undefined);
  }

  async #reach(peer: string): Promise<void> {
    try {
      await this.#net.dial(peer, AbortSignal.timeout(DIAL_MS_MAX));
      await this.#meet(peer);
      this.#unreached.delete(peer);
    } catch (cause) {
      const times = (this.#unreached.get(peer)?.times ?? 0) + 1;
      const wait = Math.min(UNREACHED_MS * 4 ** (times - 1), UNREACHED_MS_MAX);
      this.#unreached.set(peer, { times, until: this.#clock.now() + wait });
      throw cause;
    }
  }

  /** Opens what is needed with a connected peer; it is a neighbour from then on. */
  async #meet(peer: string): Promise<void> {
    if (this.#stopped || this.#lines.has(peer)) return;
    if (this.#scheduler?.banned.has(peer) || this.#lines.size >= NEIGHBOURS_MAX)
      return this.#net.hangUp(peer);
    const line: Line = {
      haves: null,
      segments: new SegmentClient(() => this.#net.open(peer, SEGMENT_PROTOCOL)),
      waiting: [],
    };
    this.#lines.set(peer, line);
    try {
      line.haves = new HaveWriter(await this.#net.open(peer, HAVE_PROTOCOL), this.#swarm);
    } catch (cause) {
      this.#lines.delete(peer);
      this.#net.hangUp(peer);
      throw cause;
    }
    // It may have been banished, or have gone, in the meantime.
    if (this.#lines.get(peer) !== line) return;
    for (const message of line.waiting.splice(0)) line.haves.tell(message);
    this.#scheduler?.met(peer);
  }

  async #hear(pipe: Pipe, peer: string): Promise<void> {
    try {
      await this.#meet(peer);
      if (!this.#lines.has(peer)) return pipe.abort(new Error('not wanted'));
      const heard = (message: HaveMessage) => this.#scheduler?.told(peer, message);
      await hearHaves(pipe, this.#swarm, heard, () => this.#clock.now());
    } catch (cause) {
      this.#blame(peer, cause);
    }
  }

  async #serve(pipe: Pipe, peer: string): Promise<void> {
    try {
      const answer = (sha256: string) =>
        this.#scheduler?.serve(peer, sha256) ?? ({ status: 'refused' } as const);
      await serveSegments(pipe, answer, () => this.#clock.now());
      await pipe.close();
    } catch (cause) {
      pipe.abort(cause instanceof Error ? cause : new Error('failed'));
      this.#blame(peer, cause);
    }
  }

  /** Whoever does not keep to the protocol is sent away; a line that broke is nobody's fault. */
  #blame(peer: string, cause: unknown): void {
    if (!(cause instanceof WireError)) return;
    this.#lines.delete(peer);
    this.#net.hangUp(peer);
    this.#unreached.set(peer, { times: 1, until: this.#clock.now() + UNREACHED_MS_MAX });
    this.#scheduler?.left(peer);
  }

  #gone(peer: string): void {
    this.#lines.delete(peer);
    this.#scheduler?.left(peer);
  }
}
