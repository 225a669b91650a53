/** One quality as the multivariant playlist of a video lists it. */
export interface Variant {
  /** Absolute address of its media playlist. */
  url: string;
  /** In bits per second. */
  bandwidth: number;
  width: number;
  height: number;
  codecs: string;
  /** The attributes as they stand after `#EXT-X-STREAM-INF:`. */
  attributes: string;
}

/** Reads the variants of a multivariant playlist (RFC 8216, 4.3.4.2), lowest bandwidth first. */
export function readVariants(text: string, base: string): Variant[] {
  const variants: Variant[] = [];
  const lines = text.split(/\r?\n/);
  for (const [index, line] of lines.entries()) {
    const attributes = /^#EXT-X-STREAM-INF:(.*)$/.exec(line)?.[1];
    if (attributes === undefined) continue;
    const uri = lines.slice(index + 1).find((next) => next !== '' && !next.startsWith('#'));
    if (uri === undefined) continue;
    const size = /(?:^|,)RESOLUTION=(\d+)x(\d+)/.exec(attributes);
    variants.push({
      url: new URL(uri, base).href,
      bandwidth: Number(/(?:^|,)BANDWIDTH=(\d+)/.exec(attributes)?.[1] ?? 0),
      width: Number(size?.[1] ?? 0),
      height: Number(size?.[2] ?? 0),
      codecs: /(?:^|,)CODECS="([^"]*)"/.exec(attributes)?.[1] ?? '',
      attributes,
    });
  }
  return variants.sort((a, b) => a.bandwidth - b.bandwidth);
}

/** True if renditions of sound alone stand beside those with pictures, which needs the larger engine. */
export function hasSeparateAudio(text: string): boolean {
  return /^#EXT-X-MEDIA:.*TYPE=AUDIO/m.test(text);
}

/** What people call a quality: the shorter side of its picture, so that portrait videos read like others. */
export function qualityOf(variant: { width: number; height: number }): number {
  return variant.width > 0 ? Math.min(variant.width, variant.height) : variant.height;
}
