import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a test clip is like. */
export interface Clip {
  height: number;
  seconds: number;
  /** The container, as a file name ends. */
  container: 'mp4' | 'mkv';
}

/** Makes a clip of moving bars and a tone, H.264 and AAC; once per kind and run. */
export function clip(wanted: Clip): string {
  const folder = join(tmpdir(), `kinora-e2e-clips-${process.ppid}`);
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `bars ${wanted.height}p ${wanted.seconds}s.${wanted.container}`);
  if (existsSync(path)) return path;
  const width = (wanted.height * 16) / 9;
  const picture = `testsrc2=size=${width}x${wanted.height}:rate=25:duration=${wanted.seconds}`;
  const sound = `sine=frequency=440:duration=${wanted.seconds}`;
  const inputs = ['-f', 'lavfi', '-i', picture, '-f', 'lavfi', '-i', sound];
  // 4:2:0, which every browser decodes; the bars alone would give 4:4:4.
  const coding = [
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-pix_fmt',
    'yuv420p',
    '-g',
    '50',
    '-c:a',
    'aac',
  ];
  execFileSync('ffmpeg', ['-nostdin', '-loglevel', 'error', '-y', ...inputs, ...coding, path]);
  return path;
}
