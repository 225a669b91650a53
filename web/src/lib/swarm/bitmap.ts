/** A growing set of small numbers, as peers send it: the bit for 0 is the highest of the first byte. */
export class Bitmap {
  #bytes: Uint8Array;
  #count = 0;

  /** A bitmap for numbers below `size`; of `bytes`, what is beyond it is left out. */
  constructor(
    readonly size: number,
    bytes: Uint8Array = new Uint8Array(0),
  ) {
    this.#bytes = new Uint8Array(Math.ceil(size / 8));
    this.#bytes.set(bytes.subarray(0, this.#bytes.length));
    const spare = this.#bytes.length * 8 - size;
    const last = this.#bytes.length - 1;
    if (spare > 0) this.#bytes[last] = (this.#bytes[last] ?? 0) & (0xff << spare);
    for (const byte of this.#bytes) this.#count += ONES[byte] ?? 0;
  }

  /** How many numbers are in it. */
  get count(): number {
    return this.#count;
  }

  has(index: number): boolean {
    return ((this.#bytes[index >>> 3] ?? 0) & (0x80 >>> (index & 7))) !== 0;
  }

  /** Puts a number in; one that is not below `size` is ignored. Answers whether anything changed. */
  add(index: number): boolean {
    if (!(index >= 0 && index < this.size) || this.has(index)) return false;
    this.#bytes[index >>> 3] = (this.#bytes[index >>> 3] ?? 0) | (0x80 >>> (index & 7));
    this.#count += 1;
    return true;
  }

  delete(index: number): boolean {
    if (!this.has(index)) return false;
    this.#bytes[index >>> 3] = (this.#bytes[index >>> 3] ?? 0) & ~(0x80 >>> (index & 7));
    this.#count -= 1;
    return true;
  }

  /** The bytes up to the last that is not zero. */
  bytes(): Uint8Array {
    let end = this.#bytes.length;
    while (end > 0 && this.#bytes[end - 1] === 0) end -= 1;
    return this.#bytes.slice(0, end);
  }
}

/** How many bits are set in each byte. */
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => byte.toString(2).replaceAll('0', '').length);
