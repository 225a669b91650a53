/** The longest body of a control frame, in bytes. */
export const FRAME_BYTES_MAX = 65_536;
/** How many bytes a length takes at most: three hold 21 bits, and `FRAME_BYTES_MAX` needs 17. */
const LENGTH_BYTES_MAX = 3;

/** What a peer sent does not follow the protocol; the stream it came on is of no more use. */
export class WireError extends Error {
  override name = 'WireError';
}

/** Writes a control frame: the length of its body as an unsigned LEB128 number, then the body. */
export function writeFrame(body: Uint8Array): Uint8Array {
  if (body.length > FRAME_BYTES_MAX) throw new WireError('frame too long');
  const head: number[] = [];
  let rest = body.length;
  for (; rest > 0x7f; rest >>>= 7) head.push((rest & 0x7f) | 0x80);
  head.push(rest);
  const frame = new Uint8Array(head.length + body.length);
  frame.set(head);
  frame.set(body, head.length);
  return frame;
}

/**
 * Cuts what comes out of a stream into control frames and, where a message announced them, raw bytes.
 *
 * Who asks it after each piece holds no more than one frame and that piece: a length is refused before its body comes.
 */
export class FrameReader {
  // Joined only once a frame is whole, so that a frame sent byte by byte costs no more than another.
  #pieces: Uint8Array[] = [];
  #waiting = 0;

  /** How many bytes wait for the rest of their frame. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Takes what the stream gave. */
  push(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.#pieces.push(piece.slice());
    this.#waiting += piece.length;
  }

  /** The body of the next frame, null until all of it is there. */
  next(): Uint8Array | null {
    const head = readLength(this.#peek());
    if (head === null || this.#waiting < head.bytes + head.length) return null;
    return this.raw(head.bytes + head.length).slice(head.bytes);
  }

  /** Takes up to `most` of the bytes that are there, without looking for frames in them. */
  raw(most: number): Uint8Array {
    const taken = new Uint8Array(Math.min(most, this.#waiting));
    let filled = 0;
    while (filled < taken.length) {
      const piece = this.#pieces[0] as Uint8Array;
      const part = piece.subarray(0, taken.length - filled);
      taken.set(part, filled);
      filled += part.length;
      if (part.length === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(part.length);
    }
    this.#waiting -= taken.length;
    return taken;
  }

  /** The first bytes, as many as a length may have. */
  #peek(): number[] {
    const bytes: number[] = [];
    for (const piece of this.#pieces) {
      for (const byte of piece.subarray(0, LENGTH_BYTES_MAX - bytes.length)) bytes.push(byte);
      if (bytes.length === LENGTH_BYTES_MAX) break;
    }
    return bytes;
  }
}

/** Reads a length; null if its bytes are not all there. */
function readLength(bytes: number[]): { length: number; bytes: number } | null {
  let length = 0;
  for (let at = 0; at < LENGTH_BYTES_MAX; at += 1) {
    const byte = bytes[at];
    if (byte === undefined) return null;
    length |= (byte & 0x7f) << (7 * at);
    if (byte < 0x80) {
      if (at > 0 && byte === 0) throw new WireError('length written longer than needed');
      if (length > FRAME_BYTES_MAX) throw new WireError('frame too long');
      return { length, bytes: at + 1 };
    }
  }
  throw new WireError('frame too long');
}
