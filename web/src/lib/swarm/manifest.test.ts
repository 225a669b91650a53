import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Manifest, MANIFEST_BYTES_MAX, ManifestError } from './manifest';

const sha256 = (number: number) => number.toString(16).padStart(64, '0');
const segment = (number: number, duration = 4) => ({
  name: `${sha256(number)}.m4s`,
  size: 1_000,
  sha256: sha256(number),
  duration,
});
const written = (...renditions: object[][]) =>
  JSON.stringify({ version: 1, renditions: renditions.map((segments) => ({ segments })) });

describe('Manifest', () => {
  const manifest = Manifest.parse(written([segment(1), segment(2), segment(3, 0.5)], [segment(9)]));

  it('finds a segment by address, hash and place', () => {
    const url = `https://mirror.example/x/${sha256(2)}.m4s?videoFileToken=a/b#t`;
    expect(manifest.at(url)).toMatchObject({ rendition: 0, index: 1, start: 4, duration: 4 });
    expect(manifest.at(url)).toBe(manifest.withHash(sha256(2)));
    expect(manifest.segment(1, 0)?.sha256).toBe(sha256(9));
    expect(manifest.at('https://node.example/master.m3u8')).toBeNull();
    expect(manifest.at('constructor')).toBeNull();
    expect(manifest.segment(0, 3) ?? manifest.segment(7, 0)).toBeNull();
  });

  it('finds the segments of a stretch of time', () => {
    const indexes = (from: number, to: number) => manifest.between(0, from, to).map((one) => one.index);
    expect(indexes(0, 4)).toEqual([0]);
    expect(indexes(3.9, 8.1)).toEqual([0, 1, 2]);
    expect(indexes(4, 8)).toEqual([1]);
    expect(indexes(8.5, 100)).toEqual([]);
    expect(manifest.between(5, 0, 9)).toEqual([]);
  });

  it('reads a hundred thousand segments and refuses one more', () => {
    const many = Array.from({ length: 100_000 }, (_, index) => segment(index));
    expect(Manifest.parse(written(many)).between(0, 399_990, 1e9)).toHaveLength(3);
    expect(() => Manifest.parse(written(many, [segment(1)]))).toThrow(ManifestError);
  });

  it('refuses what it would stumble over later', () => {
    const spoilt = [
      { name: '../a' },
      { name: '' },
      { size: 0 },
      { size: 1.5 },
      { size: 2 ** 40 },
      { sha256: 'A'.repeat(64) },
      { sha256: '0' },
      { duration: -1 },
      { duration: 61 },
    ];
    for (const change of spoilt) {
      expect(() => Manifest.parse(written([{ ...segment(1), ...change }]))).toThrow(ManifestError);
    }
  });

  it('refuses a text that is too long before it reads it', () => {
    const text = written([segment(1)]);
    const padded = (length: number) => text + ' '.repeat(length - text.length);
    expect(Manifest.parse(padded(MANIFEST_BYTES_MAX)).segment(0, 0)).not.toBeNull();
    expect(() => Manifest.parse(padded(MANIFEST_BYTES_MAX + 1))).toThrow(ManifestError);
  });

  it('refuses another type wherever one stands', () => {
    const value = fc.anything({ maxDepth: 1 }).filter((one) => JSON.stringify(one) !== undefined);
    const field = fc.constantFrom('name', 'size', 'sha256', 'duration');
    const types = { name: 'string', size: 'number', sha256: 'string', duration: 'number' };
    fc.assert(
      fc.property(field, value, (field, value) => {
        const text = written([{ ...segment(1), [field]: value }]);
        const read = (JSON.parse(text) as { renditions: { segments: Record<string, unknown>[] }[] })
          .renditions[0]?.segments[0]?.[field];
        fc.pre(typeof read !== types[field]);
        expect(() => Manifest.parse(text)).toThrow(ManifestError);
      }),
      { numRuns: 500 },
    );
    for (const wrong of ['null', '7', '[]', '{"version":2}', '{"version":1,"renditions":{}}']) {
      expect(() => Manifest.parse(wrong)).toThrow(ManifestError);
    }
    const many = Array.from({ length: 33 }, () => []);
    expect(() => Manifest.parse(written(...many))).toThrow(ManifestError);
  });

  it('answers any text with a manifest or a ManifestError', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.json(),
      fc.anything().map((value) => String(JSON.stringify(value))),
    );
    fc.assert(
      fc.property(texts, (text) => {
        try {
          Manifest.parse(text);
        } catch (cause) {
          expect(cause).toBeInstanceOf(ManifestError);
        }
      }),
    );
  });
});
