import { WireError } from './frame';
import { PipeReader, sendFrame, type Pipe } from './pipe';
import { CHANGES_MAX, readHave, splitMaps, writeHave, type HaveMessage } from './wire';

/** A peer may say so many things in a row, and then so many in a second. */
const BURST_MAX = 200;
const PER_SECOND_MAX = 40;
/** Changes are gathered for so long, in ms. */
const GATHER_MS = 40;

/** Tells one peer what is here; what changes while it does not listen is gathered. */
export class HaveWriter {
  readonly #pipe: Pipe;
  readonly #swarm: Uint8Array;
  #first = true;
  #maps = new Map<number, Uint8Array>();
  /** What is to be said of a segment, by its place: only the last counts. */
  #changes = new Map<string, { kind: 'have' | 'loading' | 'dropped'; rendition: number; index: number }>();
  #running = false;

  constructor(pipe: Pipe, swarm: Uint8Array) {
    this.#pipe = pipe;
    this.#swarm = swarm;
  }

  tell(message: Omit<HaveMessage, 'swarm'>): void {
    for (const [rendition, bits] of message.maps) this.#maps.set(rendition, bits);
    for (const kind of ['dropped', 'loading', 'have'] as const) {
      for (const { rendition, index } of message[kind]) {
        this.#changes.set(`${rendition}/${index}`, { kind, rendition, index });
      }
    }
    if (!this.#running) void this.#run().catch(() => this.#pipe.abort(new Error('cannot tell')));
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#first || this.#maps.size > 0 || this.#changes.size > 0) {
      if (!this.#first) await new Promise((done) => setTimeout(done, GATHER_MS));
      for (const message of this.#take()) await sendFrame(this.#pipe, writeHave(message));
    }
    this.#running = false;
  }

  #take(): HaveMessage[] {
    const messages = this.#first || this.#maps.size > 0 ? splitMaps(this.#swarm, this.#maps) : [];
    const [head] = messages;
    if (head && !this.#first) head.swarm = null;
    this.#first = false;
    this.#maps = new Map();
    const changes = [...this.#changes.values()];
    this.#changes = new Map();
    for (let at = 0; at < changes.length; at += CHANGES_MAX) {
      const part = changes.slice(at, at + CHANGES_MAX);
      const of = (kind: string) =>
        part.filter((one) => one.kind === kind).map(({ rendition, index }) => ({ rendition, index }));
      const [have, loading, dropped] = [of('have'), of('loading'), of('dropped')];
      messages.push({ swarm: null, maps: new Map(), have, loading, dropped });
    }
    return messages;
  }
}

/** Hears what one peer says of itself, until it ends. Throws what the peer did wrong. */
export async function hearHaves(
  pipe: Pipe,
  swarm: Uint8Array,
  heard: (message: HaveMessage) => void,
  now: () => number,
): Promise<void> {
  const reader = new PipeReader(pipe);
  let room = BURST_MAX;
  let at = now();
  for (let first = true; ; first = false) {
    const frame = await reader.frame();
    if (frame === null) return;
    const message = readHave(frame);
    if (first ? !isSame(message.swarm, swarm) : message.swarm !== null) throw new WireError('another swarm');
    room = Math.min(room + ((now() - at) / 1_000) * PER_SECOND_MAX, BURST_MAX) - 1;
    at = now();
    if (room < 0) throw new WireError('too many words');
    heard(message);
  }
}

function isSame(one: Uint8Array | null, other: Uint8Array): boolean {
  return one !== null && one.length === other.length && one.every((byte, at) => byte === other[at]);
}
