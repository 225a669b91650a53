import type { Manifest, Segment } from '../manifest';
import { BUFFER_AMONG_PEERS_S, Scheduler } from '../scheduler';
import type { Receiver, Surroundings } from '../surroundings';
import { Line } from './line';
import type { Party } from './party';

/** What kind of viewer comes. */
export interface Character {
  /** When it opens the page, in ms. */
  at: number;
  /** Bytes in a ms. */
  down: number;
  up: number;
  /** Round trip to the origin, in ms. */
  origin_ms: number;
  /** From the first picture until it is in the swarm, in ms. */
  join_ms: number;
  /** Sends other bytes than it was asked for. */
  lies?: boolean;
  /** Is gone at this moment. */
  killed?: number;
  /** Rendition to begin with, and to change to at some moments, in ms. */
  rendition?: number;
  changes?: { at: number; rendition: number }[];
  memory?: number;
}

/** How far ahead the player buffers by itself, and among peers, in seconds. */
const ALONE_S = 30;
const STEP_MS = 250;

/** A page with a player that behaves as hls.js: one segment after the other, as long as the buffer is not full. */
export class Viewer {
  readonly line: Line;
  readonly uplink: Line;
  readonly scheduler: Scheduler;
  /** What the origin gave it, and what peers did. */
  readonly origin = { bytes: 0 };
  readonly peers = { bytes: 0 };
  gone = false;
  done = false;
  startup_ms = 0;
  stalls = 0;
  stalled_ms = 0;
  badBytes = 0;
  #time = 0;
  #buffered = 0;
  #playing = false;
  #next = 0;
  #pending: (() => void) | null = null;
  #waiting = false;
  #rendition: number;
  #at = 0;

  constructor(
    readonly id: string,
    readonly character: Character,
    readonly party: Party,
  ) {
    const { clock } = party;
    this.#rendition = character.rendition ?? 0;
    this.line = new Line(clock, character.down, character.origin_ms / 2);
    this.uplink = new Line(clock, character.up, 20);
    const world: Surroundings = {
      clock,
      random: party.random,
      fetch: (segment, receiver) => this.#fetch(segment, receiver),
      ask: (peer, segment, receiver) => party.ask(this, peer, segment, receiver),
      tell: (peer, message) => party.tell(this, peer, message),
      banish: (peer) => party.part(this.id, peer),
      digest: (bytes, then) => void clock.after(4, () => then(party.digest(bytes))),
    };
    this.scheduler = new Scheduler(party.manifest, id, new Set(), character.memory ?? 64e6, world);
    this.#start();
  }

  get manifest(): Manifest {
    return this.party.manifest;
  }

  leave(): void {
    this.gone = true;
    this.#pending?.();
    this.scheduler.stop();
  }

  /** The first segment comes from the origin, before anything of the swarm is loaded. */
  #start(): void {
    const { clock, manifest } = this.party;
    const first = manifest.segment(this.#rendition, 0) as Segment;
    const came = clock.now();
    this.#fetch(first, {
      progress: () => undefined,
      failed: () => undefined,
      done: (bytes) => {
        this.startup_ms = clock.now() - came;
        this.#buffered = first.duration;
        this.#next = 1;
        this.#playing = true;
        this.#at = clock.now();
        this.party.playing(this);
        this.scheduler.offer(first, bytes, this.startup_ms);
        this.#step();
      },
    });
    if (this.character.killed !== undefined) {
      clock.after(this.character.killed - clock.now(), () => this.party.kill(this));
    }
    for (const { at, rendition } of this.character.changes ?? []) {
      clock.after(at - clock.now(), () => (this.#rendition = rendition));
    }
  }

  #step(): void {
    if (this.gone) return;
    this.#advance();
    this.#ask();
    if (!this.done) this.party.clock.after(STEP_MS, () => this.#step());
  }

  #advance(): void {
    const now = this.party.clock.now();
    const passed = (now - this.#at) / 1_000;
    this.#at = now;
    const end = this.party.length;
    if (this.done || !this.#playing) return;
    const wanted = this.#time + passed;
    this.#time = Math.min(wanted, this.#buffered);
    if (this.#time >= end - 0.01) {
      this.done = true;
      this.#playing = false;
    } else if (wanted > this.#buffered + 0.001) {
      if (!this.#waiting) this.stalls += 1;
      this.#waiting = true;
      this.stalled_ms += (wanted - this.#buffered) * 1_000;
      this.scheduler.stalled();
    } else {
      this.#waiting = false;
    }
    this.scheduler.watch({
      time: this.#time,
      bufferedEnd: this.#buffered,
      rate: 1,
      playing: this.#playing,
    });
  }

  #ask(): void {
    if (
      this.#pending ||
      this.gone ||
      this.#buffered - this.#time >= (this.scheduler.neighbours > 0 ? BUFFER_AMONG_PEERS_S : ALONE_S)
    )
      return;
    const segment = this.manifest.segment(this.#rendition, this.#next);
    if (!segment) return;
    let answered = false;
    const cancel = this.scheduler.want(segment, {
      kind: 'main',
      delivered: (delivery) => {
        answered = true;
        this.#pending = null;
        if (this.party.digest(delivery.bytes) !== segment.sha256) this.badBytes += 1;
        this.#advance();
        this.#buffered = segment.start + segment.duration;
        this.#next += 1;
        // hls.js asks for the next one a moment later.
        this.party.clock.after(5, () => this.#ask());
      },
      failed: () => {
        answered = true;
        this.#pending = null;
        this.party.clock.after(1_000, () => this.#ask());
      },
    });
    if (!answered) this.#pending = cancel;
  }

  #fetch(segment: Segment, receiver: Receiver): () => void {
    const { party } = this;
    let stop: () => void = () => undefined;
    const begin = party.clock.after(this.character.origin_ms / 2, () => {
      if (party.origin === 'down') return void receiver.failed('broken');
      if (party.origin === 'silent') {
        // As long as a request may take for its first byte.
        stop = party.clock.after(10_000, () => receiver.failed('broken'));
        return;
      }
      party.fetches[segment.index] = (party.fetches[segment.index] ?? 0) + 1;
      const flow = this.line.open(this.origin);
      let loaded = 0;
      flow.push(segment.size, (part) => {
        loaded += part;
        receiver.progress(loaded);
        if (loaded === segment.size) receiver.done(party.bytesOf(segment));
      });
      stop = () => flow.close();
    });
    return () => {
      begin();
      stop();
    };
  }
}
