import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Manifest, type Segment } from './manifest';
import { Neighbour } from './neighbour';
import { encode } from 'cborg';
import { readHave, SEGMENTS_MAX } from './wire';

/** A manifest whose renditions have so many segments. */
function manifestOf(...lengths: number[]): Manifest {
  let number = 0;
  const renditions = lengths.map((length) => ({
    segments: Array.from({ length }, () => {
      const sha256 = (number += 1).toString(16).padStart(64, '0');
      return { name: `${sha256}.m4s`, size: 1, sha256, duration: 4 };
    }),
  }));
  return Manifest.parse(JSON.stringify({ version: 1, renditions }));
}

const none = { maps: new Map<number, Uint8Array>(), have: [], loading: [], dropped: [] };

describe('what a peer says of itself', () => {
  const small = manifestOf(3, 11);
  const all = small.renditions.flat();
  const place = fc.record({ rendition: fc.nat(31), index: fc.nat(SEGMENTS_MAX - 1) });
  const near = fc.record({ rendition: fc.nat(2), index: fc.nat(12) });
  const places = fc.array(fc.oneof(place, near), { maxLength: 30 });
  const maps = fc
    .array(fc.tuple(fc.nat(31), fc.uint8Array({ maxLength: 60 })), { maxLength: 8 })
    .map((entries) => new Map(entries));
  const words = fc.record({ maps, have: places, loading: places, dropped: places });

  it('counts for what the manifest has, and for nothing beyond it', () => {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 6 }), (said) => {
        const peer = new Neighbour('p', small);
        const has = new Set<Segment>();
        for (const message of said) {
          peer.told(message, 0);
          for (const segment of all) {
            const bits = message.maps.get(segment.rendition);
            if (!bits) continue;
            const byte = bits[segment.index >> 3] ?? 0;
            if (byte & (0x80 >> (segment.index & 7))) has.add(segment);
            else has.delete(segment);
          }
          const named = ({ rendition, index }: { rendition: number; index: number }) =>
            small.segment(rendition, index) as Segment;
          for (const one of message.have) has.add(named(one));
          for (const one of message.dropped) has.delete(named(one));
        }
        expect(all.filter((segment) => peer.has(segment))).toEqual(all.filter((segment) => has.has(segment)));
      }),
    );
  });

  it('may be a map of a hundred thousand segments', () => {
    const huge = manifestOf(SEGMENTS_MAX);
    const [segments = []] = huge.renditions;
    const peer = new Neighbour('p', huge);
    const bits = new Uint8Array(SEGMENTS_MAX / 8).fill(0xff);
    peer.told(readHave(encode({ maps: [[0, bits]] })), 0);
    expect(segments.every((segment) => peer.has(segment))).toBe(true);
    // A shorter one takes its place: what it leaves out is not there.
    peer.told({ ...none, maps: new Map([[0, Uint8Array.from([0x40])]]) }, 0);
    expect(segments.filter((segment) => peer.has(segment)).map(({ index }) => index)).toEqual([1]);
  });

  it('is forgotten where it announces more fetches than anybody makes', () => {
    const huge = manifestOf(1_000);
    const peer = new Neighbour('p', huge);
    const loading = Array.from({ length: 1_000 }, (_, index) => ({ rendition: 0, index }));
    peer.told({ ...none, loading }, 0);
    const believed = huge.renditions.flat().filter((segment) => peer.loads(segment, 1));
    expect(believed).toHaveLength(64);
    expect(believed.some((segment) => peer.loads(segment, 8_000))).toBe(false);
  });
});
