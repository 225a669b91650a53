import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAME_BYTES_MAX, FrameReader, WireError, writeFrame } from './frame';

/** Cuts bytes into pieces at some places. */
function pieces(bytes: Uint8Array, cuts: number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return places.slice(1).map((end, at) => bytes.subarray(places[at], end));
}

describe('FrameReader', () => {
  it('reads what was written, however the stream cuts it', () => {
    const bodies = fc.array(fc.uint8Array({ maxLength: 400 }), { maxLength: 8 });
    fc.assert(
      fc.property(bodies, fc.array(fc.nat(4_000), { maxLength: 9 }), (bodies, cuts) => {
        const reader = new FrameReader();
        const read: Uint8Array[] = [];
        const stream = new Uint8Array(bodies.flatMap((body) => [...writeFrame(body)]));
        for (const piece of pieces(stream, cuts)) {
          reader.push(piece);
          for (let body = reader.next(); body; body = reader.next()) read.push(body);
        }
        expect(read).toEqual(bodies);
        expect(reader.waiting).toBe(0);
      }),
    );
  });

  it('holds the longest frame and refuses a longer one before its body comes', () => {
    const reader = new FrameReader();
    reader.push(writeFrame(new Uint8Array(FRAME_BYTES_MAX)));
    expect(reader.next()?.length).toBe(FRAME_BYTES_MAX);
    expect(() => writeFrame(new Uint8Array(FRAME_BYTES_MAX + 1))).toThrow(WireError);
    // 65537, and a length that never ends.
    for (const forged of [
      [0x81, 0x80, 0x04],
      [0xff, 0xff, 0xff],
    ]) {
      const victim = new FrameReader();
      victim.push(Uint8Array.from(forged));
      expect(() => victim.next()).toThrow(WireError);
    }
  });

  it('refuses a length with spare zeros', () => {
    const reader = new FrameReader();
    reader.push(Uint8Array.from([0x81, 0x00, 7]));
    expect(() => reader.next()).toThrow(WireError);
  });

  it('answers any bytes with frames, patience or a WireError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        const reader = new FrameReader();
        reader.push(bytes);
        try {
          let read = 0;
          for (let body = reader.next(); body; body = reader.next()) read += body.length;
          expect(read + reader.waiting).toBeLessThanOrEqual(bytes.length);
        } catch (cause) {
          expect(cause).toBeInstanceOf(WireError);
        }
      }),
    );
  });

  it('gives raw bytes behind a frame', () => {
    const reader = new FrameReader();
    reader.push(Uint8Array.from([1, 9, 1, 2, 3]));
    expect(reader.next()).toEqual(Uint8Array.from([9]));
    expect(reader.raw(2)).toEqual(Uint8Array.from([1, 2]));
    expect(reader.raw(9)).toEqual(Uint8Array.from([3]));
  });
});
