import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Bitmap } from './bitmap';

it('behaves as a set of the numbers below its size', () => {
  const steps = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: -5, max: 80 })), { maxLength: 60 });
  fc.assert(
    fc.property(fc.nat(70), steps, (size, steps) => {
      const bitmap = new Bitmap(size);
      const set = new Set<number>();
      for (const [add, index] of steps) {
        if (add) bitmap.add(index);
        else bitmap.delete(index);
        if (add && index >= 0 && index < size) set.add(index);
        else set.delete(index);
      }
      expect(bitmap.count).toBe(set.size);
      for (let index = -5; index < 90; index += 1) expect(bitmap.has(index)).toBe(set.has(index));
      const copy = new Bitmap(size, bitmap.bytes());
      for (let index = 0; index < 90; index += 1) expect(copy.has(index)).toBe(set.has(index));
    }),
  );
});

it('leaves out what a forged map claims beyond the size', () => {
  const forged = new Bitmap(11, new Uint8Array(12_500).fill(0xff));
  expect(forged.count).toBe(11);
  expect(forged.has(11)).toBe(false);
  expect(forged.bytes()).toEqual(Uint8Array.from([0xff, 0xe0]));
});

it('has the bit for 0 at the top of the first byte', () => {
  const bitmap = new Bitmap(9);
  bitmap.add(0);
  bitmap.add(8);
  expect(bitmap.bytes()).toEqual(Uint8Array.from([0x80, 0x80]));
});
