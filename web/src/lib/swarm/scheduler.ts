import { Bitmap } from './bitmap';
import { Demands, type Waiter } from './demands';
import { Flights, type Flight } from './flights';
import type { Manifest, Segment } from './manifest';
import type { Neighbour } from './neighbour';
import { better, Neighbourhood } from './neighbourhood';
import { Pace } from './pace';
import { Position, type Playhead } from './position';
import { SegmentCache } from './segment_cache';
import type { Delivery, Failure, Source, Surroundings } from './surroundings';
import { Uploads, type Upload } from './uploads';
import { Urgency } from './urgency';
import type { HaveMessage, SegmentAt, SegmentStatus } from './wire';

/** Within so many seconds the order of segments follows how rare they are. */
const BUCKET_S = 10;
/** How often it looks around without a reason, in ms. */
const TICK_MS = 500;
/** The longest that the player waits for peers, in ms. */
const WAIT_MS_MAX = 4_000;
/** The longest that one peer may take for a segment, in ms, and the longest that anyone may be silent. */
const FLIGHT_MS_MAX = 4_000;
const SILENCE_MS_MAX = 2_000;
/** The longest that a peer may take for a segment that is not waited for, in ms. */
const UNHURRIED_MS_MAX = 12_000;
/** So many segments come from peers at the same time. */
const PEER_FLIGHTS_MAX = 3;
/** So many urgent ones come from the origin at the same time. */
const HURRIED_MAX = 2;
/** How long peers are trusted more than the origin after it failed, in ms. */
const SICK_MS = 10_000;
/** This part of the memory may hold what is still to be seen. */
const AHEAD_PART = 0.6;
/**
 * How far ahead the player should ask among peers, in seconds: what it asks for cannot wait long, and what is fetched ahead
 * of that can.
 */
export const BUFFER_AMONG_PEERS_S = 12;

/** What passed, in bytes unless it says otherwise. */
export interface Tally {
  fromOrigin: number;
  fromPeers: number;
  /** Came from peers, and was thrown away. */
  wasted: number;
  /** Segments whose hash was wrong. */
  lies: number;
  /** Segments of the origin whose hash was not the manifest's. */
  originLies: number;
}

/** What a peer is answered. */
export type Answer =
  { status: 'ok'; bytes: Uint8Array<ArrayBuffer>; upload: Upload } | { status: Exclude<SegmentStatus, 'ok'> };

/**
 * Decides where each segment comes from, so that the picture never waits for peers and the origin gives as little as can
 * be.
 *
 * Close to its moment a segment comes from the origin (`Urgency`). Before that, peers are asked for what they have, rarest
 * first within `BUCKET_S`; what nobody has is fetched from the origin by one of those who will want it (`Neighbourhood`). It
 * never touches the page, the network, the clock or chance: these are its `Surroundings`.
 */
export class Scheduler {
  readonly tally: Tally = { fromOrigin: 0, fromPeers: 0, wasted: 0, lies: 0, originLies: 0 };
  readonly uploads = new Uploads();
  readonly #world: Surroundings;
  readonly #cache: SegmentCache;
  readonly #urgency = new Urgency();
  readonly #pace = new Pace();
  readonly #position: Position;
  readonly #neighbours: Neighbourhood;
  readonly #demands: Demands;
  readonly #flights = new Flights();
  #expecting = false;
  #sickUntil = -Infinity;
  #callOffTick: () => void = () => undefined;
  #acting = false;
  #again = false;
  #stopped = false;

  constructor(
    readonly manifest: Manifest,
    /** This peer's own id. */
    self: string,
    /** Peers that lied, by id: it outlives connections and videos, until the page is closed. */
    readonly banned: Set<string>,
    /** How much memory segments may take, in bytes. */
    cacheBytesMax: number,
    surroundings: Surroundings,
  ) {
    this.#world = surroundings;
    this.#cache = new SegmentCache(cacheBytesMax);
    this.#position = new Position(manifest, () => this.#now());
    this.#neighbours = new Neighbourhood(manifest, self);
    this.#demands = new Demands(surroundings.clock);
    this.#tick();
  }

  /** How many peers are connected. */
  get neighbours(): number {
    return this.#neighbours.size;
  }

  /** Ends everything; whoever waits is told that it failed. */
  stop(): void {
    this.#stopped = true;
    this.#callOffTick();
    for (const flight of this.#flights.all()) {
      this.#flights.end(flight);
      flight.cancel();
    }
    for (const demand of this.#demands.all()) this.#demands.disappoint(demand);
  }

  /** Says where the player is; often, and at once after a jump. */
  watch(playhead: Playhead): void {
    this.#position.said(playhead);
    this.#act();
  }

  /** Says whether peers may still come; without that and without neighbours nobody waits for them. */
  expect(peers: boolean): void {
    this.#expecting = peers;
    this.#act();
  }

  /** Says this peer's own id, once it is known. */
  iAm(peer: string): void {
    this.#neighbours.self = peer;
  }

  /** How many watch in all, as far as is known. */
  crowd(watchers: number): void {
    this.#neighbours.crowd = watchers;
  }

  /** The picture stood still: the origin is asked earlier for a while. */
  stalled(): void {
    this.#urgency.trouble(this.#now());
    this.#act();
  }

  /** The page went out of sight or came back. */
  hidden(hidden: boolean): void {
    this.uploads.hidden(hidden ? this.#now() : null);
  }

  /** Gets a segment for the player; returns the way to call it off. */
  want(segment: Segment, waiter: Waiter): () => void {
    this.#position.follow(waiter.kind, segment.rendition);
    const cached = this.#cache.use(segment.sha256);
    if (cached) {
      this.#demands.give(segment);
      waiter.delivered(cached);
      this.#act();
      return () => undefined;
    }
    const spare_ms = this.#spare_s(segment) * 1_000;
    const wait_ms = Math.min(Math.max(spare_ms, 0), WAIT_MS_MAX);
    const demand = this.#demands.add(segment, waiter, wait_ms, () => this.#act());
    this.#act();
    return () => {
      this.#demands.forget(demand);
      this.#act();
    };
  }

  /** Takes in a segment that the page fetched from the origin by itself, in so many ms. */
  offer(segment: Segment, bytes: Uint8Array<ArrayBuffer>, ms: number): void {
    const now = this.#now();
    this.#urgency.saw(bytes.length, ms);
    this.#pace.origin(bytes.length, ms, now);
    if (this.#cache.has(segment) || bytes.length !== segment.size) return;
    this.#world.digest(bytes, (sha256) => {
      if (this.#stopped || sha256 !== segment.sha256) return;
      this.#keep(segment, {
        bytes,
        via: 'origin',
        startedAt: now - ms,
        firstAt: now - ms,
        endedAt: now,
        alone_ms: ms,
      });
    });
  }

  /** A peer is connected and speaks the protocols. */
  met(peer: string): void {
    if (this.banned.has(peer)) return this.#world.banish(peer);
    if (this.#stopped || !this.#neighbours.add(peer, this.#now())) return;
    const loading = this.#flights.fromOrigin().map((flight) => placeOf(flight.segment));
    this.#world.tell(peer, { maps: this.#maps(), have: [], loading, dropped: [] });
  }

  /** A peer is gone. */
  left(peer: string): void {
    if (!this.#neighbours.delete(peer)) return;
    for (const flight of this.#flights.fromPeers()) {
      if (flight.peer?.id === peer && !flight.checking) this.#abandon(flight);
    }
    this.#act();
  }

  /** A peer said what it has. */
  told(peer: string, message: Omit<HaveMessage, 'swarm'>): void {
    const neighbour = this.#neighbours.get(peer);
    if (!neighbour) return;
    neighbour.told(message, this.#now());
    for (const { rendition, index } of message.loading) {
      const segment = this.manifest.segment(rendition, index);
      if (segment) this.#yieldTo(neighbour, segment);
    }
    this.#act();
  }

  /** A peer asks for a segment. Whoever gets an `upload` ends it. */
  serve(peer: string, sha256: string): Answer {
    const now = this.#now();
    if (this.#stopped || this.banned.has(peer) || this.uploads.isAway(now)) return { status: 'refused' };
    const segment = this.manifest.withHash(sha256);
    if (!segment || !this.#cache.has(segment)) return { status: 'not-found' };
    // Whoever is short of media needs the line for it.
    const isShort = this.#position.isShort(this.#urgency.window(0, now));
    const upload = isShort ? null : this.uploads.begin(peer, segment.size, now);
    const bytes = this.#cache.use(sha256)?.bytes;
    return upload && bytes ? { status: 'ok', bytes, upload } : { status: 'busy' };
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#act();
    this.#seed(() => this.#world.random());
    this.#callOffTick = this.#world.clock.after(TICK_MS, () => this.#tick());
  }

  /** Does what is to be done now. What it does may call it again: then it looks once more when it is through. */
  #act(): void {
    if (this.#stopped) return;
    this.#again = true;
    if (this.#acting) return;
    this.#acting = true;
    // Each round starts or ends a transfer, or is the last; there are only so many.
    for (let round = 0; this.#again && round < 16; round += 1) {
      this.#again = false;
      const missing = this.#missing();
      this.#endFlights(missing);
      this.#fetchUrgent(missing);
      this.#askPeers(missing);
    }
    this.#seed(null);
    this.#acting = false;
  }

  /** What is to be had: first what the player waits for, then what comes next. */
  #missing(): Segment[] {
    const missing = this.#demands.segments();
    for (const segment of this.#position.ahead(this.#cache.bytesMax * AHEAD_PART)) {
      if (!this.#cache.has(segment) && !this.#demands.wasGiven(segment)) missing.add(segment);
    }
    return [...missing];
  }

  /** Ends transfers that take too long or that nobody wants any more. */
  #endFlights(missing: Segment[]): void {
    const now = this.#now();
    const wanted = new Set(missing);
    for (const flight of this.#flights.all()) {
      if (flight.checking || !this.#flights.has(flight)) continue;
      if (!wanted.has(flight.segment) && flight.loaded < flight.segment.size / 2) {
        this.#abandon(flight);
      } else if (flight.peer === null) {
        if (now - flight.heardAt >= SILENCE_MS_MAX && this.#hasHope(flight.segment))
          this.#originFailed(flight);
      } else if (this.#isLate(flight, now)) {
        flight.peer.failed(flight.segment, 'broken', now);
        this.#abandon(flight);
      }
    }
  }

  #isLate(flight: Flight, now: number): boolean {
    if (now - flight.heardAt >= SILENCE_MS_MAX) return true;
    const took_ms = now - flight.startedAt;
    if (took_ms < FLIGHT_MS_MAX) return false;
    if (this.#demands.has(flight.segment)) return true;
    // Nobody waits for it yet: it may go on if at this pace it comes in time.
    const left_ms = this.#left_ms(flight, now);
    return left_ms > this.#spare_s(flight.segment) * 1_000 || took_ms + left_ms > UNHURRIED_MS_MAX;
  }

  /** How much longer a transfer takes at its pace. */
  #left_ms(flight: Flight, now: number): number {
    return ((flight.segment.size - flight.loaded) / Math.max(flight.loaded, 1)) * (now - flight.startedAt);
  }

  #fetchUrgent(missing: Segment[]): void {
    const now = this.#now();
    for (const segment of missing) {
      if (!this.#isUrgent(segment, now)) continue;
      const flights = this.#flights.of(segment);
      if (flights.some((flight) => flight.peer === null || flight.checking)) continue;
      // When the origin is ill, peers are the better hope.
      if (now < this.#sickUntil && (flights.length > 0 || this.#neighbours.holders(segment).length > 0))
        continue;
      if (flights.some((flight) => this.#arrives(flight, now))) continue;
      // On a slow line a second transfer would only delay the first.
      if (this.#flights.hurried > 0 && !this.#demands.has(segment)) continue;
      if (this.#flights.hurried >= HURRIED_MAX) continue;
      for (const flight of [...flights, ...this.#spareFlights(segment)]) this.#abandon(flight);
      this.#fetch(segment, false);
    }
  }

  /** True if a peer's segment comes so soon that, should it not come after all, the origin can still give it in time. */
  #arrives(flight: Flight, now: number): boolean {
    const floor_s = this.#urgency.floor(flight.segment.size, now);
    const spare_ms = (this.#position.slack(flight.segment) - floor_s) * 1_000;
    return flight.loaded > 0 && this.#left_ms(flight, now) < spare_ms;
  }

  /** Transfers that can wait for an urgent one: on a slow line it needs all there is. */
  #spareFlights(urgent: Segment): Flight[] {
    const slow = this.#urgency.isSlow(urgent.size);
    return this.#flights.all().filter((flight) => {
      const canWait = flight.seeding || (slow && flight.peer !== null);
      return canWait && !flight.checking && flight.loaded < flight.segment.size / 2;
    });
  }

  #askPeers(missing: Segment[]): void {
    const now = this.#now();
    const sick = now < this.#sickUntil;
    // What is needed at once gets all of the line; transfers that share a slow one would all come late.
    if (this.#neighbours.size === 0 || (this.#flights.hurried > 0 && !sick)) return;
    const most = missing[0] && this.#urgency.isSlow(missing[0].size) ? 1 : PEER_FLIGHTS_MAX;
    let running = this.#flights.fromPeers().length;
    if (running >= most) return;
    const open = missing.filter(
      (segment) => this.#flights.of(segment).length === 0 && (sick || !this.#isUrgent(segment, now)),
    );
    const carrying = this.#carrying();
    for (const { segment, holders } of this.#rarestFirst(open)) {
      if (running >= most) return;
      const free = holders.filter((one) => one.isFree(now) && !carrying.has(one));
      const peer = better(free, () => this.#world.random());
      if (!peer) continue;
      this.#ask(peer, segment);
      running += 1;
    }
  }

  /** What the player waits for, then by `BUCKET_S` and within that by how few have it. */
  #rarestFirst(segments: Segment[]): { segment: Segment; holders: Neighbour[] }[] {
    return segments
      .map((segment) => {
        const bucket = Math.floor(this.#position.slack(segment) / BUCKET_S);
        const holders = this.#neighbours.holders(segment);
        return {
          segment,
          holders,
          bucket: this.#demands.has(segment) ? -Infinity : bucket,
          tie: this.#world.random(),
        };
      })
      .filter(({ holders }) => holders.length > 0)
      .sort((a, b) =>
        a.bucket === b.bucket ? a.holders.length - b.holders.length || a.tie - b.tie : a.bucket - b.bucket,
      );
  }

  /** Peers that send what the player waits for: a second segment would slow down the first. */
  #carrying(): Set<Neighbour | null> {
    const soon = this.#flights
      .fromPeers()
      .filter(({ segment }) => this.#demands.has(segment) && this.#position.slack(segment) < BUCKET_S);
    return new Set(soon.map((flight) => flight.peer));
  }

  /** Fetches something from the origin that nobody around has, if it is this viewer's turn. */
  #seed(chance: (() => number) | null): void {
    const now = this.#now();
    if (now < this.#sickUntil || !this.#neighbours.isSettled(now) || this.#flights.fromOrigin().length > 0)
      return;
    for (const segment of this.#missing()) {
      if (this.#isUrgent(segment, now) || this.#flights.of(segment).length > 0) continue;
      if (!this.#neighbours.lacks(segment, now)) continue;
      // On a slow line there is only time for what the player waits for.
      const isMyTurn = this.#urgency.isSlow(segment.size)
        ? this.#demands.has(segment)
        : this.#neighbours.isMyTurn(segment, this.#spare_s(segment), chance);
      if (isMyTurn) return this.#fetch(segment, true);
    }
  }

  /** Two seed the same segment at once: the one that comes second stops, if little was spent on it. */
  #yieldTo(neighbour: Neighbour, segment: Segment): void {
    if (this.#isUrgent(segment, this.#now()) || !this.#neighbours.goesFirst(neighbour, segment)) return;
    for (const flight of this.#flights.of(segment)) {
      if (flight.seeding && flight.loaded <= segment.size / 4) this.#abandon(flight);
    }
  }

  #fetch(segment: Segment, seeding: boolean): void {
    const flight = this.#flights.begin(segment, null, seeding, this.#now());
    this.#announce('loading', segment);
    flight.cancel = this.#world.fetch(segment, {
      progress: (loaded) => this.#progressed(flight, loaded),
      done: (bytes) => this.#fetched(flight, bytes),
      failed: () => this.#originFailed(flight),
    });
  }

  #ask(peer: Neighbour, segment: Segment): void {
    const flight = this.#flights.begin(segment, peer, false, this.#now());
    flight.cancel = this.#world.ask(peer.id, segment, {
      progress: (loaded) => this.#progressed(flight, loaded),
      done: (bytes) => this.#received(flight, peer, bytes),
      failed: (why) => this.#peerFailed(flight, peer, why),
    });
  }

  #progressed(flight: Flight, loaded: number): void {
    if (!this.#flights.has(flight) || loaded <= flight.loaded) return;
    flight.heardAt = this.#now();
    this.#pace.passed(loaded - flight.loaded, flight.heardAt);
    if (flight.loaded === 0) flight.firstAt = flight.heardAt;
    flight.loaded = loaded;
    for (const demand of this.#demands.of(flight.segment)) demand.waiter.progress?.(loaded);
  }

  /** The origin gave a segment: the player gets it at once, others only if its hash is right. */
  #fetched(flight: Flight, bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#flights.has(flight)) return;
    const { segment } = flight;
    const delivery = this.#landed(flight, bytes, 'origin');
    this.#urgency.saw(bytes.length, delivery.endedAt - delivery.startedAt);
    this.tally.fromOrigin += bytes.length;
    this.#demands.deliver(segment, delivery);
    this.#world.digest(bytes, (sha256) => {
      if (!this.#flights.end(flight)) return;
      if (sha256 === segment.sha256) {
        this.#keep(segment, delivery);
      } else {
        this.tally.originLies += 1;
        this.#announce('dropped', segment);
      }
      // Someone may have begun to wait in the meantime.
      this.#demands.deliver(segment, delivery);
      this.#act();
    });
  }

  /** A peer gave a segment: nobody sees it before its hash was found right. */
  #received(flight: Flight, peer: Neighbour, bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#flights.has(flight)) return;
    const { segment } = flight;
    const delivery = this.#landed(flight, bytes, 'peers');
    this.#world.digest(bytes, (sha256) => {
      if (!this.#flights.end(flight)) return;
      if (bytes.length === segment.size && sha256 === segment.sha256) {
        peer.gave(bytes.length, delivery.endedAt - delivery.startedAt);
        this.tally.fromPeers += bytes.length;
        this.#keep(segment, delivery);
        this.#demands.deliver(segment, delivery);
      } else {
        this.tally.lies += 1;
        this.tally.wasted += bytes.length;
        this.#ban(peer.id);
      }
      this.#act();
    });
  }

  /** All bytes of a transfer are there. */
  #landed(flight: Flight, bytes: Uint8Array<ArrayBuffer>, via: Source): Delivery {
    const endedAt = this.#now();
    const { startedAt } = flight;
    const firstAt = flight.firstAt || endedAt;
    this.#pace.passed(bytes.length - flight.loaded, endedAt);
    if (via === 'origin') this.#pace.origin(bytes.length, endedAt - startedAt, endedAt);
    const alone_ms = this.#pace.alone(bytes.length, startedAt, endedAt);
    flight.loaded = bytes.length;
    this.#flights.check(flight);
    return { bytes, via, startedAt, firstAt, endedAt, alone_ms };
  }

  /** The origin failed, or says nothing while a peer could help. */
  #originFailed(flight: Flight): void {
    if (!this.#flights.has(flight)) return;
    const now = this.#now();
    this.#abandon(flight);
    this.#sickUntil = now + SICK_MS;
    this.#urgency.trouble(now);
    const hope = this.#hasHope(flight.segment);
    for (const demand of this.#demands.of(flight.segment)) {
      if (hope) this.#demands.lastChance(demand, FLIGHT_MS_MAX);
      else this.#demands.disappoint(demand);
    }
    this.#act();
  }

  /** True if a peer could give a segment. */
  #hasHope(segment: Segment): boolean {
    return this.#neighbours.holders(segment).some((peer) => peer.isFree(this.#now()));
  }

  #peerFailed(flight: Flight, peer: Neighbour, why: Failure): void {
    if (!this.#flights.has(flight)) return;
    peer.failed(flight.segment, why, this.#now());
    this.#abandon(flight);
    this.#act();
  }

  /** Ends a transfer before its end. */
  #abandon(flight: Flight): void {
    if (!this.#flights.end(flight)) return;
    flight.cancel();
    if (flight.peer !== null) {
      this.tally.wasted += flight.loaded;
      return;
    }
    this.tally.fromOrigin += flight.loaded;
    this.#announce('dropped', flight.segment);
  }

  #ban(peer: string): void {
    this.banned.add(peer);
    this.left(peer);
    this.#world.banish(peer);
  }

  #keep(segment: Segment, delivery: Delivery): void {
    const gone = this.#cache.hold({ segment, ...delivery }, (one) => this.#position.isAhead(one));
    const have = gone.includes(segment) ? [] : [placeOf(segment)];
    this.#tellAll({ maps: new Map(), have, loading: [], dropped: gone.map(placeOf) });
  }

  #announce(what: 'loading' | 'dropped', segment: Segment): void {
    this.#tellAll({ maps: new Map(), have: [], loading: [], dropped: [], [what]: [placeOf(segment)] });
  }

  #tellAll(message: Omit<HaveMessage, 'swarm'>): void {
    if (message.have.length + message.loading.length + message.dropped.length === 0) return;
    for (const peer of this.#neighbours.ids()) this.#world.tell(peer, message);
  }

  /** What is held, by rendition. */
  #maps(): Map<number, Uint8Array> {
    const maps = new Map<number, Bitmap>();
    for (const { rendition, index } of this.#cache.segments()) {
      const map = maps.get(rendition) ?? new Bitmap(this.manifest.renditions[rendition]?.length ?? 0);
      map.add(index);
      maps.set(rendition, map);
    }
    return new Map([...maps].map(([rendition, map]) => [rendition, map.bytes()]));
  }

  /** True if a segment should not wait for peers any more. */
  #isUrgent(segment: Segment, now: number): boolean {
    const isAlone = this.#neighbours.size === 0 && !this.#expecting;
    if (this.#demands.of(segment).some((demand) => isAlone || now >= demand.patientUntil)) return true;
    return this.#spare_s(segment) < 0;
  }

  /** How long peers may still take for a segment, in seconds. */
  #spare_s(segment: Segment): number {
    return this.#position.slack(segment) - this.#urgency.window(segment.size, this.#now());
  }

  #now(): number {
    return this.#world.clock.now();
  }
}

function placeOf(segment: Segment): SegmentAt {
  return { rendition: segment.rendition, index: segment.index };
}
