import { RENDITIONS_MAX, SEGMENT_BYTES_MAX, SEGMENTS_MAX } from './wire';

/** The longest manifest that is read, in bytes: `SEGMENTS_MAX` segments at about 250 bytes each. */
export const MANIFEST_BYTES_MAX = 25_000_000;
/** The longest name of a segment, in characters. */
const NAME_CHARS_MAX = 255;
/** The longest segment, in seconds; PeerTube makes some of ten. */
const DURATION_MAX_S = 60;

/** A few seconds of one rendition, as the origin vouches for them. */
export interface Segment {
  /** The last part of its address. */
  name: string;
  /** In bytes. */
  size: number;
  /** In lower-case hex. */
  sha256: string;
  /** The number of its rendition, and its own in there. */
  rendition: number;
  index: number;
  /** When it begins in the video and how long it is, in seconds. */
  start: number;
  duration: number;
}

/** The manifest of a video does not follow its format. */
export class ManifestError extends Error {
  override name = 'ManifestError';
}

/** What a video is made of: the hashes that make bytes from anyone as good as the origin's. */
export class Manifest {
  readonly #byName = new Map<string, Segment>();
  readonly #byHash = new Map<string, Segment>();

  private constructor(
    /** The segments of each rendition in order. Init segments are not in it: they are few bytes, and needed first. */
    readonly renditions: readonly (readonly Segment[])[],
  ) {
    for (const rendition of renditions) {
      for (const segment of rendition) {
        this.#byName.set(segment.name, segment);
        this.#byHash.set(segment.sha256, segment);
      }
    }
  }

  /** Reads a manifest document. */
  static parse(text: string): Manifest {
    if (text.length > MANIFEST_BYTES_MAX) throw new ManifestError('manifest too long');
    let document: unknown;
    try {
      document = JSON.parse(text);
    } catch {
      throw new ManifestError('not JSON');
    }
    const { version, renditions: listed } = record(document);
    if (version !== 1) throw new ManifestError('another version');
    const renditions = list(listed, RENDITIONS_MAX);
    let room = SEGMENTS_MAX;
    return new Manifest(
      renditions.map((one, rendition) => {
        const segments = list(record(one)['segments'] ?? [], room);
        room -= segments.length;
        return readSegments(segments, rendition);
      }),
    );
  }

  /** The segment at an address, whatever host or token is in it; null if it is none. */
  at(url: string): Segment | null {
    const path = url.split(/[?#]/, 1)[0] ?? '';
    return this.#byName.get(path.slice(path.lastIndexOf('/') + 1)) ?? null;
  }

  withHash(sha256: string): Segment | null {
    return this.#byHash.get(sha256) ?? null;
  }

  segment(rendition: number, index: number): Segment | null {
    return this.renditions[rendition]?.[index] ?? null;
  }

  /** The segments of a rendition that lie in `[from, to)`, in seconds. */
  between(rendition: number, from: number, to: number): readonly Segment[] {
    const all = this.renditions[rendition] ?? [];
    let low = 0;
    for (let high = all.length; low < high;) {
      const middle = (low + high) >>> 1;
      const segment = all[middle] as Segment;
      if (segment.start + segment.duration <= from) low = middle + 1;
      else high = middle;
    }
    let end = low;
    while (end < all.length && (all[end] as Segment).start < to) end += 1;
    return all.slice(low, end);
  }
}

function readSegments(segments: unknown[], rendition: number): Segment[] {
  let start = 0;
  return segments.map((value, index) => {
    const { name, size, sha256, duration } = record(value);
    const segment = {
      name: text(name, /^[\w.-]+$/, NAME_CHARS_MAX),
      size: number(size, 1, SEGMENT_BYTES_MAX),
      sha256: text(sha256, /^[0-9a-f]{64}$/, 64),
      rendition,
      index,
      start,
      duration: number(duration, 0, DURATION_MAX_S),
    };
    if (!Number.isInteger(segment.size)) throw new ManifestError('part of a byte');
    start += segment.duration;
    return segment;
  });
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw new ManifestError('not an object');
  return value as Record<string, unknown>;
}

function list(value: unknown, max: number): unknown[] {
  if (!Array.isArray(value) || value.length > max) throw new ManifestError('not a list, or too long');
  return value;
}

function text(value: unknown, form: RegExp, max: number): string {
  if (typeof value !== 'string' || value.length > max || !form.test(value)) {
    throw new ManifestError('not the text that belongs here');
  }
  return value;
}

function number(value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !(value >= min && value <= max)) {
    throw new ManifestError('number out of range');
  }
  return value;
}
