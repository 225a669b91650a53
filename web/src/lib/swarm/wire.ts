import { decode, encode } from 'cborg';
import { FRAME_BYTES_MAX, WireError } from './frame';

// The messages of `/kinora/tracker/1`, `/kinora/have/1` and `/kinora/segment/1`, as docs/p2p-protocol.md has them: CBOR maps
// with text keys, each in a control frame. Keys that are not known are skipped.

export const TRACKER_PROTOCOL = '/kinora/tracker/1';
export const HAVE_PROTOCOL = '/kinora/have/1';
export const SEGMENT_PROTOCOL = '/kinora/segment/1';

/** The most segments that a manifest may have in all. */
export const SEGMENTS_MAX = 100_000;
/** The most renditions of one video. */
export const RENDITIONS_MAX = 32;
/** The longest segment, in bytes. */
export const SEGMENT_BYTES_MAX = 32 * 1024 * 1024;
/** The most peers that a tracker may name at once. */
export const TRACKED_MAX = 12;
/** The most indexes that one change of a have-map may name. */
export const CHANGES_MAX = 1_024;
/** The longest text form of a peer id that is read, in characters. */
const PEER_ID_CHARS_MAX = 128;
/** How many characters a uuid has, and the longest word of a refusal. */
const UUID_CHARS = 36;
const REFUSED_CHARS_MAX = 64;
/** How many bytes a SHA-256 has. */
const HASH_BYTES = 32;

/** Asks a node who else watches. */
export interface TrackerRequest {
  /** The id of the swarm. */
  swarm: Uint8Array;
  /** The uuid of the video. */
  video: string;
  /** How many peers are wanted; 0 only says "still here". */
  want: number;
  /** Peer ids that sent wrong bytes. */
  liars: string[];
}

/** Who else watches. */
export interface TrackerAnswer {
  peers: string[];
  /** For how long the node remembers the asking peer, in seconds. */
  ttl: number;
  /** How many are in the swarm, the asking peer among them. */
  watchers: number;
}

/** The node does not enter this peer: there is no such swarm, or no room in it. */
export class Refused extends Error {
  override name = 'Refused';
}

/** One message of a have-map: the first on a stream carries maps, later ones changes. */
export interface HaveMessage {
  /** Which video, in the first message only. */
  swarm: Uint8Array | null;
  /** All that the peer has, by rendition. */
  maps: Map<number, Uint8Array>;
  /** What it has, is fetching from the origin, and has no more since then. */
  have: SegmentAt[];
  loading: SegmentAt[];
  dropped: SegmentAt[];
}

/** A segment by its place. */
export interface SegmentAt {
  /** The number of its rendition in the manifest. */
  rendition: number;
  index: number;
}

/** Asks a peer for a segment. */
export interface SegmentRequest {
  /** SHA-256 of the segment. */
  sha256: Uint8Array;
}

export type SegmentStatus = 'ok' | 'not-found' | 'busy' | 'refused';

/** Goes before the bytes of a segment. */
export interface SegmentHeader {
  status: SegmentStatus;
  /** How many raw bytes follow; 0 unless `ok`. */
  size: number;
}

const STATUSES: readonly string[] = ['ok', 'not-found', 'busy', 'refused'] satisfies SegmentStatus[];

export function writeTrackerRequest(request: TrackerRequest): Uint8Array {
  const { swarm, video, want, liars } = request;
  return encode({ swarm, video, want, ...(liars.length > 0 ? { liars: liars.slice(0, TRACKED_MAX) } : {}) });
}

export function readTrackerRequest(body: Uint8Array): TrackerRequest {
  const map = readMap(body);
  const liars = map.get('liars') ?? [];
  return {
    swarm: readHash(map.get('swarm')),
    video: readText(map.get('video'), UUID_CHARS),
    want: readNumber(map.get('want'), TRACKED_MAX),
    liars: readList(liars, TRACKED_MAX).map(readPeerId),
  };
}

export function writeTrackerAnswer(answer: TrackerAnswer): Uint8Array {
  return encode({ peers: answer.peers, ttl: answer.ttl, watchers: answer.watchers });
}

export function readTrackerAnswer(body: Uint8Array): TrackerAnswer {
  const map = readMap(body);
  if (map.has('refused')) throw new Refused(readText(map.get('refused'), REFUSED_CHARS_MAX));
  return {
    peers: readList(map.get('peers'), TRACKED_MAX).map(readPeerId),
    ttl: readNumber(map.get('ttl'), 86_400),
    watchers: readNumber(map.get('watchers') ?? 0, Number.MAX_SAFE_INTEGER),
  };
}

/** Writes a have message; the maps of very long videos may need several, see `splitMaps`. */
export function writeHave(message: HaveMessage): Uint8Array {
  const map: Record<string, unknown> = {};
  if (message.swarm) map['swarm'] = message.swarm;
  if (message.maps.size > 0) map['maps'] = [...message.maps];
  for (const kind of ['have', 'loading', 'dropped'] as const) {
    if (message[kind].length > 0) map[kind] = message[kind].map((at) => [at.rendition, at.index]);
  }
  return encode(map);
}

export function readHave(body: Uint8Array): HaveMessage {
  const map = readMap(body);
  const swarm = map.get('swarm');
  const places = (name: string) => readList(map.get(name) ?? [], CHANGES_MAX).map(readPlace);
  const maps = new Map<number, Uint8Array>();
  for (const entry of readList(map.get('maps') ?? [], RENDITIONS_MAX)) {
    const [rendition, bits] = readList(entry, 2);
    maps.set(readNumber(rendition, RENDITIONS_MAX - 1), readBytes(bits, Math.ceil(SEGMENTS_MAX / 8)));
  }
  return {
    swarm: swarm === undefined ? null : readHash(swarm),
    maps,
    have: places('have'),
    loading: places('loading'),
    dropped: places('dropped'),
  };
}

/** Spreads maps over as many messages as their size needs. */
export function splitMaps(swarm: Uint8Array, maps: Map<number, Uint8Array>): HaveMessage[] {
  const none = { have: [], loading: [], dropped: [] };
  const messages: HaveMessage[] = [{ swarm, maps: new Map(), ...none }];
  let room = FRAME_BYTES_MAX / 2;
  for (const [rendition, bits] of maps) {
    if (bits.length + 16 > room) {
      messages.push({ swarm: null, maps: new Map(), ...none });
      room = FRAME_BYTES_MAX / 2;
    }
    messages.at(-1)?.maps.set(rendition, bits);
    room -= bits.length + 16;
  }
  return messages;
}

export function writeSegmentRequest(request: SegmentRequest): Uint8Array {
  return encode({ get: request.sha256 });
}

export function readSegmentRequest(body: Uint8Array): SegmentRequest {
  return { sha256: readHash(readMap(body).get('get')) };
}

export function writeSegmentHeader(header: SegmentHeader): Uint8Array {
  return encode(header.status === 'ok' ? { status: 'ok', size: header.size } : { status: header.status });
}

export function readSegmentHeader(body: Uint8Array): SegmentHeader {
  const map = readMap(body);
  const status = map.get('status');
  if (typeof status !== 'string' || !STATUSES.includes(status)) throw new WireError('unknown status');
  const size = status === 'ok' ? readNumber(map.get('size'), SEGMENT_BYTES_MAX) : 0;
  return { status: status as SegmentStatus, size };
}

/** Reads a message as a map; every failure, even of the stack, is the sender's fault. */
function readMap(body: Uint8Array): Map<unknown, unknown> {
  if (body.length > FRAME_BYTES_MAX) throw new WireError('frame too long');
  let value: unknown;
  try {
    value = decode(body, {
      useMaps: true,
      allowIndefinite: false,
      allowUndefined: false,
      allowBigInt: false,
      allowInfinity: false,
      allowNaN: false,
      rejectDuplicateMapKeys: true,
    });
  } catch {
    throw new WireError('not CBOR');
  }
  if (!(value instanceof Map)) throw new WireError('not a map');
  return value;
}

function readNumber(value: unknown, max: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
    throw new WireError('number out of range');
  }
  return value;
}

function readBytes(value: unknown, max: number): Uint8Array {
  if (!(value instanceof Uint8Array) || value.length > max) throw new WireError('not bytes, or too many');
  // What cborg gives is a view that would keep its whole frame.
  return value.slice();
}

function readHash(value: unknown): Uint8Array {
  const bytes = readBytes(value, HASH_BYTES);
  if (bytes.length !== HASH_BYTES) throw new WireError('not a SHA-256');
  return bytes;
}

function readList(value: unknown, max: number): unknown[] {
  if (!Array.isArray(value) || value.length > max) throw new WireError('not a list, or too long');
  return value;
}

function readPlace(value: unknown): SegmentAt {
  const [rendition, index] = readList(value, 2);
  return { rendition: readNumber(rendition, RENDITIONS_MAX - 1), index: readNumber(index, SEGMENTS_MAX - 1) };
}

function readPeerId(value: unknown): string {
  return readText(value, PEER_ID_CHARS_MAX);
}

function readText(value: unknown, max: number): string {
  if (typeof value !== 'string' || value === '' || value.length > max) {
    throw new WireError('not a text, or too long');
  }
  return value;
}
