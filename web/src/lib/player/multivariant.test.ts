import { describe, expect, it } from 'vitest';
import { hasSeparateAudio, qualityOf, readVariants } from './multivariant';

const MASTER = `#EXTM3U
#EXT-X-VERSION:7
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=2800000,AVERAGE-BANDWIDTH=2500000,RESOLUTION=1280x720,FRAME-RATE=30,CODECS="avc1.64001f,mp4a.40.2"
b.m3u8?videoFileToken=x

#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360,CODECS="avc1.64001e,mp4a.40.2"
# a comment
a.m3u8
`;

describe('readVariants', () => {
  it('lists variants from the lowest bandwidth up with absolute addresses', () => {
    const variants = readVariants(MASTER, 'https://node.example/static/v/master.m3u8');
    expect(variants.map((one) => one.url)).toEqual([
      'https://node.example/static/v/a.m3u8',
      'https://node.example/static/v/b.m3u8?videoFileToken=x',
    ]);
    expect(variants[1]).toMatchObject({
      bandwidth: 2_800_000,
      width: 1280,
      height: 720,
      codecs: 'avc1.64001f,mp4a.40.2',
    });
  });

  it('does not take the average for the peak', () => {
    const [only] = readVariants('#EXT-X-STREAM-INF:AVERAGE-BANDWIDTH=5,BANDWIDTH=9\na.m3u8', 'https://n/');
    expect(only?.bandwidth).toBe(9);
  });

  it('ignores an entry that the node has not finished writing', () => {
    expect(readVariants('#EXT-X-STREAM-INF:BANDWIDTH=9\n', 'https://n/')).toEqual([]);
  });
});

it('calls a portrait video by its shorter side', () => {
  expect(qualityOf({ width: 720, height: 1280 })).toBe(720);
  expect(qualityOf({ width: 0, height: 480 })).toBe(480);
});

it('sees separate sound', () => {
  expect(hasSeparateAudio('#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="x"')).toBe(true);
  expect(hasSeparateAudio(MASTER)).toBe(false);
});
