import { encode } from 'cborg';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FRAME_BYTES_MAX, WireError, writeFrame } from './frame';
import * as wire from './wire';

const hash = fc.uint8Array({ minLength: 32, maxLength: 32 });
const peerId = fc.string({ minLength: 1, maxLength: 60 });
const place = fc.record({ rendition: fc.nat(31), index: fc.nat(99_999) });
const places = fc.array(place, { maxLength: 20 });

/** Bytes as the document writes them. */
const written = (hex: string) => Uint8Array.from(hex.split(' '), (byte) => Number.parseInt(byte, 16));

const readers = [
  wire.readTrackerRequest,
  wire.readTrackerAnswer,
  wire.readHave,
  wire.readSegmentRequest,
  wire.readSegmentHeader,
];

/** True if every reader answers `body` with a message or a `WireError`. */
function survives(body: Uint8Array): void {
  for (const read of readers) {
    try {
      read(body as never);
    } catch (cause) {
      expect(cause instanceof WireError || cause instanceof wire.Refused).toBe(true);
    }
  }
}

describe('messages', () => {
  it('come back as they were sent', () => {
    const video = fc.uuid();
    const request = fc.record({
      swarm: hash,
      video,
      want: fc.nat(12),
      liars: fc.array(peerId, { maxLength: 12 }),
    });
    const answer = fc.record({
      peers: fc.array(peerId, { maxLength: 12 }),
      ttl: fc.nat(86_400),
      watchers: fc.nat(),
    });
    const maps = fc
      .array(fc.tuple(fc.nat(31), fc.uint8Array({ maxLength: 40 })), { maxLength: 6 })
      .map((entries) => new Map(entries));
    const have = fc.record({
      swarm: fc.option(hash),
      maps,
      have: places,
      loading: places,
      dropped: places,
    });
    const header = fc
      .record({ status: fc.constantFrom('ok', 'busy', 'refused', 'not-found'), size: fc.nat(1 << 25) })
      .map((one) => ({ ...one, size: one.status === 'ok' ? one.size : 0 }) as wire.SegmentHeader);
    fc.assert(
      fc.property(request, answer, have, hash, header, (request, answer, have, sha256, header) => {
        expect(wire.readTrackerRequest(wire.writeTrackerRequest(request))).toEqual(request);
        expect(wire.readTrackerAnswer(wire.writeTrackerAnswer(answer))).toEqual(answer);
        expect(wire.readHave(wire.writeHave(have))).toEqual(have);
        expect(wire.readSegmentRequest(wire.writeSegmentRequest({ sha256 }))).toEqual({ sha256 });
        expect(wire.readSegmentHeader(wire.writeSegmentHeader(header))).toEqual(header);
      }),
    );
  });

  it('are refused if anything but a message or a WireError would come of them', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), survives), { numRuns: 2_000 });
  });

  it('are refused when cut short or changed anywhere', () => {
    const whole = wire.writeHave({
      swarm: new Uint8Array(32),
      maps: new Map([[0, Uint8Array.from([255])]]),
      have: [{ rendition: 1, index: 2 }],
      loading: [],
      dropped: [],
    });
    for (let end = 0; end < whole.length; end += 1) {
      expect(() => wire.readHave(whole.subarray(0, end))).toThrow(WireError);
    }
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => {
        const changed = whole.slice();
        changed[at] = byte;
        survives(changed);
      }),
    );
  });

  it('may hold any value where another was expected', () => {
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { maxDepth: 3 },
        fc.integer(),
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc.uint8Array(),
        fc.array(tie('any'), { maxLength: 4 }),
      ),
    })).any;
    const keys = fc.constantFrom('swarm', 'want', 'liars', 'peers', 'ttl', 'watchers', 'maps');
    const more = fc.constantFrom('have', 'loading', 'dropped', 'get', 'status', 'size', '__proto__');
    const message = fc.dictionary(fc.oneof(keys, more), value);
    fc.assert(
      fc.property(message, (message) => survives(encode(message))),
      { numRuns: 1_000 },
    );
  });

  it('cannot use up the stack or the memory', () => {
    // 60,000 lists in each other; a list, a text and bytes of 2^32 parts.
    survives(new Uint8Array(60_000).fill(0x81));
    for (const kind of [0x9a, 0x7a, 0x5a, 0xba]) survives(Uint8Array.from([kind, 0xff, 0xff, 0xff, 0xff]));
    survives(new Uint8Array(FRAME_BYTES_MAX + 1));
  });

  it('name no more than the bounds allow', () => {
    const many = Array.from({ length: wire.CHANGES_MAX + 1 }, () => [0, 1]);
    expect(() => wire.readHave(encode({ have: many }))).toThrow(WireError);
    expect(() => wire.readHave(encode({ have: [[0, wire.SEGMENTS_MAX]] }))).toThrow(WireError);
    expect(() => wire.readHave(encode({ maps: [[32, new Uint8Array(1)]] }))).toThrow(WireError);
    expect(() => wire.readHave(encode({ maps: [[0, new Uint8Array(12_501)]] }))).toThrow(WireError);
    const size = wire.SEGMENT_BYTES_MAX + 1;
    expect(() => wire.readSegmentHeader(encode({ status: 'ok', size }))).toThrow(WireError);
    const peers = Array.from({ length: 13 }, () => 'p');
    expect(() => wire.readTrackerAnswer(encode({ peers, ttl: 1 }))).toThrow(WireError);
  });
});

it('spreads the maps of a very long video over frames', () => {
  const maps = new Map(
    Array.from({ length: 8 }, (_, rendition) => [rendition, new Uint8Array(12_500).fill(1)]),
  );
  const messages = wire.splitMaps(new Uint8Array(32), maps);
  expect(messages.length).toBeGreaterThan(1);
  const read = messages.map((message) => {
    const body = wire.writeHave(message);
    expect(body.length).toBeLessThanOrEqual(FRAME_BYTES_MAX);
    return wire.readHave(body);
  });
  expect(new Map(read.flatMap((message) => [...message.maps]))).toEqual(maps);
  expect(read[0]?.swarm).not.toBeNull();
  expect(read[1]?.swarm).toBeNull();
});

describe('the examples of docs/p2p-protocol.md', () => {
  it('of requests', () => {
    const sha256 = Uint8Array.from({ length: 32 }, (_, at) => at);
    const frame = written(
      '27 a1 63 67 65 74 58 20 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f',
    );
    expect(writeFrame(wire.writeSegmentRequest({ sha256 }))).toEqual(frame);
  });

  it('of answers', () => {
    const ok = written('11 a2 66 73 74 61 74 75 73 62 6f 6b 64 73 69 7a 65 03');
    const busy = written('0d a1 66 73 74 61 74 75 73 64 62 75 73 79');
    expect(wire.readSegmentHeader(ok.subarray(1))).toEqual({ status: 'ok', size: 3 });
    expect(wire.readSegmentHeader(busy.subarray(1))).toEqual({ status: 'busy', size: 0 });
    expect(writeFrame(wire.writeSegmentHeader({ status: 'busy', size: 0 }))).toEqual(busy);
    expect(
      wire.readSegmentHeader(writeFrame(wire.writeSegmentHeader({ status: 'ok', size: 3 })).subarray(1)),
    ).toEqual({ status: 'ok', size: 3 });
    const lone = written('18 a3 65 70 65 65 72 73 80 63 74 74 6c 18 5a 68 77 61 74 63 68 65 72 73 01');
    expect(wire.readTrackerAnswer(lone.subarray(1))).toEqual({ peers: [], ttl: 90, watchers: 1 });
    const refused = written('12 a1 67 72 65 66 75 73 65 64 68 6e 6f 2d 73 77 61 72 6d');
    expect(() => wire.readTrackerAnswer(refused.subarray(1))).toThrow(wire.Refused);
  });
});
