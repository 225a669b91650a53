import { Bitmap } from './bitmap';
import type { Manifest, Segment } from './manifest';
import { Neighbour } from './neighbour';
import { SegmentCache } from './segment_cache';
import type { Delivery, Failure, Source, Surroundings } from './surroundings';
import { Uploads, type Upload } from './uploads';
import { Urgency } from './urgency';
import type { HaveMessage, SegmentStatus } from './wire';

/** How far ahead of the picture segments are fetched, in seconds. */
const AHEAD_S = 60;
/** Within so many seconds the order of segments follows how rare they are. */
const BUCKET_S = 10;
/** How often it looks around without a reason, in ms. */
const TICK_MS = 500;
/** The longest that the player waits for peers, in ms. */
const WAIT_MS_MAX = 4_000;
/** The longest that one peer may take for a segment, in ms, and the longest that it may be silent. */
const FLIGHT_MS_MAX = 4_000;
const SILENCE_MS_MAX = 2_000;
/** The longest that a peer may take for a segment that is not waited for, in ms. */
const UNHURRIED_MS_MAX = 12_000;
/** So many segments come from peers at the same time. */
const PEER_FLIGHTS_MAX = 3;
/** So many come from the origin at the same time. */
const ORIGIN_FLIGHTS_MAX = 2;
/** With an urgent window above this, in seconds, the line is slow: transfers would be in each other's way. */
const SLOW_S = 4;
/** How long peers are trusted more than the origin after it failed, in ms. */
const SICK_MS = 10_000;
/** How long after the first neighbour came others may still come at once, in ms. */
const SETTLE_MS = 400;
/** How long before it is needed a segment must be somewhere around, to have time to spread, in seconds. */
const SPREAD_S = 20;
/** This part of the memory may hold what is still to be seen. */
const AHEAD_PART = 0.6;
/** How long the player may take to buffer what it was given, in ms, and how many segments that may be. */
const GIVEN_MS = 15_000;
const GIVEN_MAX = 16;
/**
 * How far ahead the player should ask among peers, in seconds: what it asks for cannot wait long, and what is fetched ahead
 * of that can.
 */
export const BUFFER_AMONG_PEERS_S = 12;
/** So many neighbours are known at the same time. */
export const NEIGHBOURS_MAX = 16;

/** Where the player is. */
export interface Playhead {
  /** In seconds, as is `bufferedEnd`: how far the player has media without a gap. */
  time: number;
  bufferedEnd: number;
  /** Video seconds in a second, also while it is paused. */
  rate: number;
  playing: boolean;
}

/** Who waits for one segment in the player. */
export interface Waiter {
  /** Sound and pictures may come as renditions of their own, side by side. */
  kind: string;
  progress?(loaded: number): void;
  delivered(delivery: Delivery): void;
  /** The origin failed, and no peer could help. */
  failed(): void;
}

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

interface Demand {
  segment: Segment;
  waiter: Waiter;
  /** Until when peers are waited for. */
  patientUntil: number;
  callOff: () => void;
}

interface Flight {
  segment: Segment;
  /** Null for the origin. */
  peer: Neighbour | null;
  /** Fetched from the origin for others as much as for this viewer. */
  seeding: boolean;
  startedAt: number;
  firstAt: number;
  heardAt: number;
  loaded: number;
  /** True while its bytes are looked at: they are all there. */
  checking: boolean;
  cancel: () => void;
}

/**
 * Decides where each segment comes from, so that the picture never waits for peers and the origin gives as little as can
 * be.
 *
 * Close to its moment a segment comes from the origin (`Urgency`). Before that, peers are asked for what they have, rarest
 * first within `BUCKET_S`; what nobody has is fetched from the origin by one of those who will want it. It never touches the
 * page, the network, the clock or chance: these are its `Surroundings`.
 */
export class Scheduler {
  readonly tally: Tally = { fromOrigin: 0, fromPeers: 0, wasted: 0, lies: 0, originLies: 0 };
  readonly uploads = new Uploads();
  readonly #world: Surroundings;
  readonly #cache: SegmentCache;
  readonly #urgency = new Urgency();
  readonly #neighbours = new Map<string, Neighbour>();
  readonly #demands = new Set<Demand>();
  readonly #flights = new Set<Flight>();
  /** The rendition that the player asked for last, by kind: these are fetched ahead. */
  readonly #following = new Map<string, number>();
  /** What the player was given lately, and when: it need not be fetched again although it is not buffered yet. */
  readonly #given = new Map<Segment, number>();
  #expecting = false;
  #crowd = 0;
  #settledAt = 0;
  #playhead: Playhead & { at: number };
  #sickUntil = -Infinity;
  #callOffTick: () => void = () => undefined;
  #acting = false;
  #again = false;
  #stopped = false;

  constructor(
    readonly manifest: Manifest,
    /** This peer's own id. */
    readonly self: string,
    /** Peers that lied, by id: it outlives connections and videos, until the page is closed. */
    readonly banned: Set<string>,
    /** How much memory segments may take, in bytes. */
    cacheBytesMax: number,
    surroundings: Surroundings,
  ) {
    this.#world = surroundings;
    this.#cache = new SegmentCache(cacheBytesMax);
    this.#playhead = { time: 0, bufferedEnd: 0, rate: 1, playing: false, at: surroundings.clock.now() };
    this.#tick();
  }

  get neighbours(): number {
    return this.#neighbours.size;
  }

  /** Ends everything; whoever waits is told that it failed. */
  stop(): void {
    this.#stopped = true;
    this.#callOffTick();
    for (const flight of this.#flights) flight.cancel();
    this.#flights.clear();
    for (const demand of [...this.#demands]) this.#disappoint(demand);
  }

  /** Says where the player is; often, and at once after a jump. */
  watch(playhead: Playhead): void {
    this.#playhead = { ...playhead, at: this.#now() };
    this.#act();
  }

  /** Says whether peers may still come; without that and without neighbours nobody waits for them. */
  expect(peers: boolean): void {
    this.#expecting = peers;
    this.#act();
  }

  /** How many watch in all, as far as is known. */
  crowd(watchers: number): void {
    this.#crowd = watchers;
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
    this.#following.set(waiter.kind, segment.rendition);
    const cached = this.#cache.use(segment.sha256);
    if (cached) {
      this.#give(segment);
      waiter.delivered(cached);
      this.#act();
      return () => undefined;
    }
    const slack_ms = (this.#slack(segment) - this.#window(segment)) * 1_000;
    const wait = Math.min(Math.max(slack_ms, 0), WAIT_MS_MAX);
    const demand: Demand = {
      segment,
      waiter,
      patientUntil: this.#now() + wait,
      callOff: this.#world.clock.after(wait, () => this.#act()),
    };
    this.#demands.add(demand);
    this.#act();
    return () => {
      this.#forget(demand);
      this.#act();
    };
  }

  /** Takes in a segment that the page fetched from the origin by itself, in so many ms. */
  offer(segment: Segment, bytes: Uint8Array<ArrayBuffer>, ms: number): void {
    this.#urgency.saw(bytes.length, ms);
    if (this.#cache.has(segment) || bytes.length !== segment.size) return;
    const now = this.#now();
    this.#world.digest(bytes, (sha256) => {
      if (this.#stopped || sha256 !== segment.sha256) return;
      this.#keep(segment, { bytes, via: 'origin', startedAt: now - ms, firstAt: now - ms, endedAt: now });
    });
  }

  /** A peer is connected and speaks the protocols. */
  met(peer: string): void {
    if (this.banned.has(peer)) return this.#world.banish(peer);
    if (this.#stopped || this.#neighbours.has(peer) || this.#neighbours.size >= NEIGHBOURS_MAX) return;
    // Whoever has just come knows too little of the others to take turns with them.
    if (this.#neighbours.size === 0) this.#settledAt = this.#now() + SETTLE_MS;
    this.#neighbours.set(peer, new Neighbour(peer, this.manifest));
    const loading = this.#originFlights().map((flight) => place(flight.segment));
    this.#world.tell(peer, { maps: this.#maps(), have: [], loading, dropped: [] });
  }

  /** A peer is gone. */
  left(peer: string): void {
    if (!this.#neighbours.delete(peer)) return;
    for (const flight of this.#flights) if (flight.peer?.id === peer) this.#abandon(flight);
    this.#act();
  }

  /** A peer said what it has. */
  told(peer: string, message: Omit<HaveMessage, 'swarm'>): void {
    const neighbour = this.#neighbours.get(peer);
    if (!neighbour) return;
    const now = this.#now();
    neighbour.told(message, now);
    for (const { rendition, index } of message.loading) {
      const segment = this.manifest.segment(rendition, index);
      if (segment && neighbour.loads(segment, now)) this.#yieldTo(neighbour, segment);
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
    const upload = this.#isShort() ? null : this.uploads.begin(peer, segment.size, now);
    const bytes = this.#cache.use(sha256)?.bytes;
    return upload && bytes ? { status: 'ok', bytes, upload } : { status: 'busy' };
  }

  #tick(): void {
    if (this.#stopped) return;
    this.#act();
    this.#seed(true);
    this.#callOffTick = this.#world.clock.after(TICK_MS, () => this.#tick());
  }

  /** Does what is to be done now. What it does may call it again: then it looks once more when it is through. */
  #act(): void {
    if (this.#stopped) return;
    this.#again = true;
    if (this.#acting) return;
    this.#acting = true;
    // Each round starts at least one transfer or ends; there are only so many.
    for (let round = 0; this.#again && round < 16; round += 1) {
      this.#again = false;
      this.#endFlights();
      const missing = this.#missing();
      this.#fetchUrgent(missing);
      this.#askPeers(missing);
    }
    this.#seed(false);
    this.#acting = false;
  }

  /** What is to be had: first what the player waits for, then what comes next. */
  #missing(): Segment[] {
    const missing = new Set<Segment>();
    for (const demand of this.#demands) missing.add(demand.segment);
    const { bufferedEnd } = this.#playhead;
    const time = this.#time();
    let room = this.#cache.bytesMax * AHEAD_PART;
    for (const rendition of this.#following.values()) {
      // A moment beyond the end of the buffer: rounding must not bring back the segment that ends there.
      const from = Math.max(time, bufferedEnd) + 0.05;
      for (const segment of this.manifest.between(rendition, from, time + AHEAD_S)) {
        room -= segment.size;
        if (room < 0) break;
        if (!this.#cache.has(segment) && !this.#wasGiven(segment)) missing.add(segment);
      }
    }
    return [...missing];
  }

  #fetchUrgent(missing: Segment[]): void {
    const now = this.#now();
    for (const segment of missing) {
      if (!this.#isUrgent(segment, now)) continue;
      const flights = this.#of(segment);
      if (flights.some((flight) => flight.peer === null || flight.checking)) continue;
      // When the origin is ill, peers are the better hope.
      if (now < this.#sickUntil && (flights.length > 0 || this.#holders(segment).length > 0)) continue;
      if (flights.some((flight) => this.#arrives(flight, now))) continue;
      // On a slow line a second transfer would only delay the first.
      if (this.#hurriedFlights() > 0 && !this.#isDemanded(segment)) continue;
      if (this.#hurriedFlights() >= ORIGIN_FLIGHTS_MAX) continue;
      for (const flight of [...flights, ...this.#spare(segment)]) this.#abandon(flight);
      this.#fetch(segment, false);
    }
  }

  /** How many transfers from the origin run because there is no more time. */
  #hurriedFlights(): number {
    return this.#originFlights().filter((flight) => !flight.seeding && !flight.checking).length;
  }

  /** Transfers that can wait for an urgent one: on a slow line it needs all there is. */
  #spare(urgent: Segment): Flight[] {
    const slow = this.#isSlow(urgent);
    return [...this.#flights].filter(
      (flight) =>
        !flight.checking &&
        (flight.seeding || (slow && flight.peer !== null)) &&
        flight.loaded < flight.segment.size / 2,
    );
  }

  /** True if a peer's segment comes so soon that, should it not come after all, the origin can still give it in time. */
  #arrives(flight: Flight, now: number): boolean {
    if (flight.loaded === 0) return false;
    const left_ms = ((flight.segment.size - flight.loaded) / flight.loaded) * (now - flight.startedAt);
    const spare_s = this.#slack(flight.segment) - this.#urgency.floor(flight.segment.size, now);
    return left_ms < spare_s * 1_000;
  }

  #askPeers(missing: Segment[]): void {
    const now = this.#now();
    let running = [...this.#flights].filter((flight) => flight.peer !== null).length;
    // Transfers that share a slow line would all come late.
    const most = missing[0] && this.#isSlow(missing[0]) ? 1 : PEER_FLIGHTS_MAX;
    if (running >= most || this.#neighbours.size === 0 || this.#isTight()) return;
    const demanded = new Set([...this.#demands].map((demand) => demand.segment));
    const choices = missing
      .filter((segment) => this.#of(segment).length === 0)
      .filter((segment) => now < this.#sickUntil || !this.#isUrgent(segment, now))
      .map((segment) => {
        const bucket = demanded.has(segment) ? -1 : Math.floor(this.#slack(segment) / BUCKET_S);
        return { segment, bucket, holders: this.#holders(segment), tie: this.#world.random() };
      })
      .filter((choice) => choice.holders.length > 0)
      .sort((a, b) => a.bucket - b.bucket || a.holders.length - b.holders.length || a.tie - b.tie);
    const hurried = this.#hurried(demanded);
    for (const { segment, holders } of choices) {
      if (running >= most) return;
      const peer = this.#better(holders.filter((one) => one.isFree(now) && !hurried.has(one)));
      if (!peer) continue;
      this.#ask(peer, segment);
      running += 1;
    }
  }

  /** True while the origin's bytes are needed at once: they get all of the line. */
  #isTight(): boolean {
    return this.#hurriedFlights() > 0 && this.#now() >= this.#sickUntil;
  }

  /** True if the line takes about as long for a segment as it lasts. */
  #isSlow(segment: Segment): boolean {
    return this.#window(segment) > SLOW_S;
  }

  /** Peers that send what the player waits for: a second segment would slow down the first. */
  #hurried(demanded: Set<Segment>): Set<Neighbour | null> {
    const soon = (flight: Flight) => demanded.has(flight.segment) && this.#slack(flight.segment) < BUCKET_S;
    return new Set([...this.#flights].filter(soon).map((flight) => flight.peer));
  }

  #holders(segment: Segment): Neighbour[] {
    return [...this.#neighbours.values()].filter((neighbour) => neighbour.has(segment));
  }

  /** The better of two by chance: load spreads without everyone running to the fastest. */
  #better(peers: Neighbour[]): Neighbour | null {
    const draw = () => peers[Math.floor(this.#world.random() * peers.length)] ?? null;
    const [one, other] = [draw(), draw()];
    if (!one || !other) return one;
    if (one.flights !== other.flights) return one.flights < other.flights ? one : other;
    return one.rate >= other.rate ? one : other;
  }

  /** Fetches something from the origin that nobody around has, if it is this viewer's turn. */
  #seed(chance: boolean): void {
    const now = this.#now();
    if (this.#neighbours.size === 0 || now < Math.max(this.#sickUntil, this.#settledAt)) return;
    if (this.#originFlights().length > 0) return;
    for (const segment of this.#missing()) {
      if (this.#isUrgent(segment, now) || !this.#isNobodys(segment, now)) continue;
      const left_s = this.#slack(segment) - this.#window(segment);
      if (!this.#isMyTurn(segment, left_s, chance)) continue;
      this.#fetch(segment, true);
      return;
    }
  }

  /**
   * One of those who will want a segment is to fetch it, without a word between them: each reckons who is appointed.
   *
   * In a large crowd each neighbourhood appoints its own. So while there is time only chance starts, at the pace of about one
   * in the whole crowd, and what was fetched has time to spread.
   */
  #isMyTurn(segment: Segment, left_s: number, chance: boolean): boolean {
    // On a slow line there is only time for what the player waits for.
    if (this.#isSlow(segment)) return this.#isDemanded(segment);
    const known = this.#neighbours.size + 1;
    if (this.#isAppointed(segment)) {
      if (known >= this.#crowd || left_s < SPREAD_S) return true;
      return chance && this.#world.random() < 1 / this.#crowd;
    }
    // Who is appointed may have other things to do.
    return chance && left_s < SPREAD_S / 2 && this.#world.random() < 1 / known;
  }

  #isNobodys(segment: Segment, now: number): boolean {
    if (this.#of(segment).length > 0) return false;
    for (const neighbour of this.#neighbours.values()) {
      if (neighbour.has(segment) || neighbour.loads(segment, now)) return false;
    }
    return true;
  }

  /** True if this viewer weighs more for a segment than any neighbour who will want it. All of them reckon alike. */
  #isAppointed(segment: Segment): boolean {
    const own = weight(this.self, segment);
    for (const neighbour of this.#neighbours.values()) {
      if (neighbour.isNear(segment) && weight(neighbour.id, segment) > own) return false;
    }
    return true;
  }

  /** Two seed the same segment at once: the one that weighs less stops, if little was spent on it. */
  #yieldTo(neighbour: Neighbour, segment: Segment): void {
    for (const flight of this.#originFlights()) {
      if (flight.segment !== segment || !flight.seeding || flight.loaded > segment.size / 4) continue;
      if (this.#isUrgent(segment, this.#now())) continue;
      if (weight(neighbour.id, segment) > weight(this.self, segment)) this.#abandon(flight);
    }
  }

  /** Ends transfers that take too long or that nobody wants any more. */
  #endFlights(): void {
    const now = this.#now();
    const missing = new Set(this.#missing());
    for (const flight of this.#flights) {
      if (flight.checking) continue;
      if (!missing.has(flight.segment) && flight.loaded < flight.segment.size / 2) {
        this.#abandon(flight);
      } else if (flight.peer !== null && this.#isLate(flight, now)) {
        flight.peer.failed(flight.segment, 'broken', now);
        this.#abandon(flight);
      }
    }
  }

  #isLate(flight: Flight, now: number): boolean {
    if (now - flight.heardAt >= SILENCE_MS_MAX) return true;
    const took_ms = now - flight.startedAt;
    if (took_ms < FLIGHT_MS_MAX) return false;
    if (this.#isDemanded(flight.segment)) return true;
    // Nobody waits for it yet: it may go on if at this pace it comes in time.
    const left_ms = ((flight.segment.size - flight.loaded) / Math.max(flight.loaded, 1)) * took_ms;
    const spare_ms = (this.#slack(flight.segment) - this.#window(flight.segment)) * 1_000;
    return left_ms > spare_ms || took_ms + left_ms > UNHURRIED_MS_MAX;
  }

  #fetch(segment: Segment, seeding: boolean): void {
    const flight = this.#flight(segment, null, seeding);
    this.#announce('loading', segment);
    flight.cancel = this.#world.fetch(segment, {
      progress: (loaded) => this.#progressed(flight, loaded),
      done: (bytes) => this.#fetched(flight, bytes),
      failed: () => this.#originFailed(flight),
    });
  }

  #ask(peer: Neighbour, segment: Segment): void {
    const flight = this.#flight(segment, peer, false);
    peer.flights += 1;
    flight.cancel = this.#world.ask(peer.id, segment, {
      progress: (loaded) => this.#progressed(flight, loaded),
      done: (bytes) => this.#received(flight, peer, bytes),
      failed: (why) => this.#peerFailed(flight, peer, why),
    });
  }

  #flight(segment: Segment, peer: Neighbour | null, seeding: boolean): Flight {
    const now = this.#now();
    const times = { startedAt: now, firstAt: 0, heardAt: now };
    const cancel = () => undefined;
    const flight: Flight = { segment, peer, seeding, ...times, loaded: 0, checking: false, cancel };
    this.#flights.add(flight);
    return flight;
  }

  #progressed(flight: Flight, loaded: number): void {
    if (!this.#flights.has(flight) || loaded <= flight.loaded) return;
    flight.heardAt = this.#now();
    if (flight.loaded === 0) flight.firstAt = flight.heardAt;
    flight.loaded = loaded;
    for (const demand of this.#demands) {
      if (demand.segment === flight.segment) demand.waiter.progress?.(loaded);
    }
  }

  /** The origin gave a segment: the player gets it at once, others only if its hash is right. */
  #fetched(flight: Flight, bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#flights.has(flight)) return;
    const { segment } = flight;
    const delivery = this.#landed(flight, bytes, 'origin');
    this.#urgency.saw(bytes.length, delivery.endedAt - delivery.startedAt);
    this.tally.fromOrigin += bytes.length;
    flight.checking = true;
    this.#deliver(segment, delivery);
    this.#world.digest(bytes, (sha256) => {
      if (!this.#flights.delete(flight)) return;
      if (sha256 === segment.sha256) {
        this.#keep(segment, delivery);
      } else {
        this.tally.originLies += 1;
        this.#announce('dropped', segment);
      }
      // Someone may have begun to wait in the meantime.
      this.#deliver(segment, delivery);
      this.#act();
    });
  }

  /** A peer gave a segment: nobody sees it before its hash was found right. */
  #received(flight: Flight, peer: Neighbour, bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#flights.has(flight)) return;
    const { segment } = flight;
    const delivery = this.#landed(flight, bytes, 'peers');
    flight.checking = true;
    peer.flights -= 1;
    this.#world.digest(bytes, (sha256) => {
      if (!this.#flights.delete(flight)) return;
      if (bytes.length === segment.size && sha256 === segment.sha256) {
        peer.gave(bytes.length, delivery.endedAt - delivery.startedAt);
        this.tally.fromPeers += bytes.length;
        this.#keep(segment, delivery);
        this.#deliver(segment, delivery);
      } else {
        this.tally.lies += 1;
        this.tally.wasted += bytes.length;
        this.#ban(peer.id);
      }
      this.#act();
    });
  }

  #landed(flight: Flight, bytes: Uint8Array<ArrayBuffer>, via: Source): Delivery {
    const endedAt = this.#now();
    const { startedAt, firstAt } = flight;
    flight.loaded = bytes.length;
    return { bytes, via, startedAt, firstAt: firstAt || endedAt, endedAt };
  }

  #originFailed(flight: Flight): void {
    if (!this.#flights.delete(flight)) return;
    const now = this.#now();
    this.#sickUntil = now + SICK_MS;
    this.#urgency.trouble(now);
    this.#announce('dropped', flight.segment);
    const hope = this.#holders(flight.segment).some((peer) => peer.isFree(now));
    for (const demand of [...this.#demands]) {
      if (demand.segment !== flight.segment) continue;
      if (hope) this.#lastChance(demand);
      else this.#disappoint(demand);
    }
    this.#act();
  }

  /** Peers may still help, but not for ever. */
  #lastChance(demand: Demand): void {
    demand.callOff();
    demand.callOff = this.#world.clock.after(FLIGHT_MS_MAX, () => this.#disappoint(demand));
  }

  #peerFailed(flight: Flight, peer: Neighbour, why: Failure): void {
    if (!this.#flights.has(flight)) return;
    peer.failed(flight.segment, why, this.#now());
    this.#abandon(flight);
    this.#act();
  }

  /** Ends a transfer before its end. */
  #abandon(flight: Flight): void {
    if (!this.#flights.delete(flight)) return;
    flight.cancel();
    if (flight.peer === null) {
      this.tally.fromOrigin += flight.loaded;
      this.#announce('dropped', flight.segment);
      return;
    }
    if (!flight.checking) flight.peer.flights -= 1;
    this.tally.wasted += flight.loaded;
  }

  #ban(peer: string): void {
    this.banned.add(peer);
    this.left(peer);
    this.#world.banish(peer);
  }

  #keep(segment: Segment, delivery: Delivery): void {
    const { rendition, index } = segment;
    const gone = this.#cache.hold({ segment, ...delivery }, (one) => this.#isAhead(one));
    const have = gone.includes(segment) ? [] : [{ rendition, index }];
    this.#tellAll({ maps: new Map(), have, loading: [], dropped: gone.map(place) });
  }

  #deliver(segment: Segment, delivery: Delivery): void {
    for (const demand of [...this.#demands]) {
      if (demand.segment !== segment) continue;
      this.#forget(demand);
      this.#give(segment);
      demand.waiter.delivered(delivery);
    }
  }

  #give(segment: Segment): void {
    this.#given.delete(segment);
    this.#given.set(segment, this.#now());
    const [oldest] = this.#given.keys();
    if (oldest && this.#given.size > GIVEN_MAX) this.#given.delete(oldest);
  }

  #wasGiven(segment: Segment): boolean {
    const at = this.#given.get(segment);
    return at !== undefined && this.#now() - at < GIVEN_MS;
  }

  #disappoint(demand: Demand): void {
    if (!this.#demands.has(demand)) return;
    this.#forget(demand);
    demand.waiter.failed();
  }

  #forget(demand: Demand): void {
    demand.callOff();
    this.#demands.delete(demand);
  }

  #announce(what: 'loading' | 'dropped', segment: Segment): void {
    this.#tellAll({ maps: new Map(), have: [], loading: [], dropped: [], [what]: [place(segment)] });
  }

  #tellAll(message: Omit<HaveMessage, 'swarm'>): void {
    if (message.have.length + message.loading.length + message.dropped.length === 0) return;
    for (const peer of this.#neighbours.keys()) this.#world.tell(peer, message);
  }

  #maps(): Map<number, Uint8Array> {
    const maps = new Map<number, Bitmap>();
    for (const { rendition, index } of this.#cache.segments()) {
      const size = this.manifest.renditions[rendition]?.length ?? 0;
      const map = maps.get(rendition) ?? new Bitmap(size);
      map.add(index);
      maps.set(rendition, map);
    }
    return new Map([...maps].map(([rendition, map]) => [rendition, map.bytes()]));
  }

  #of(segment: Segment): Flight[] {
    return [...this.#flights].filter((flight) => flight.segment === segment);
  }

  #originFlights(): Flight[] {
    return [...this.#flights].filter((flight) => flight.peer === null);
  }

  #isUrgent(segment: Segment, now: number): boolean {
    const isAlone = this.#neighbours.size === 0 && !this.#expecting;
    for (const demand of this.#demands) {
      if (demand.segment === segment && (isAlone || now >= demand.patientUntil)) return true;
    }
    return this.#slack(segment) < this.#window(segment);
  }

  #isDemanded(segment: Segment): boolean {
    for (const demand of this.#demands) if (demand.segment === segment) return true;
    return false;
  }

  #isShort(): boolean {
    const { bufferedEnd, playing } = this.#playhead;
    const next = [...this.#following.values()].some((rendition) => bufferedEnd < this.#end(rendition) - 1);
    return playing && next && bufferedEnd - this.#time() < this.#window(0);
  }

  #end(rendition: number): number {
    const last = this.manifest.renditions[rendition]?.at(-1);
    return last ? last.start + last.duration : 0;
  }

  #isAhead(segment: Segment): boolean {
    return segment.start >= this.#playhead.bufferedEnd - 0.05 && segment.start < this.#time() + AHEAD_S;
  }

  /** How long until a segment is needed, in seconds of the clock. */
  #slack(segment: Segment): number {
    return (segment.start - this.#time()) / Math.max(this.#playhead.rate, 0.1);
  }

  #window(segment: Segment | 0): number {
    return this.#urgency.window(segment === 0 ? 0 : segment.size, this.#now());
  }

  /** Where the picture is by now. */
  #time(): number {
    const { time, bufferedEnd, rate, playing, at } = this.#playhead;
    if (!playing) return time;
    // Without media it stands still.
    return Math.max(time, Math.min(time + ((this.#now() - at) / 1_000) * rate, bufferedEnd));
  }

  #now(): number {
    return this.#world.clock.now();
  }
}

function place(segment: Segment): { rendition: number; index: number } {
  return { rendition: segment.rendition, index: segment.index };
}

/** A number that anyone gets alike for a peer and a segment (FNV-1a). */
function weight(peer: string, segment: Segment): number {
  let hash = 0x811c9dc5;
  for (const text of [segment.sha256, peer]) {
    for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
