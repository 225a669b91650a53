import type { BrowserType, LaunchOptions } from '@playwright/test';
import { writeFileSync } from 'node:fs';
import { clip } from '../e2e/clip';
import { finished } from '../e2e/client';
import { test } from '../e2e/fixtures';
import { lying } from '../e2e/faults';
import { Viewer } from '../e2e/viewers';

/** How long after each other viewers come, and how long the film is. */
const STAGGER_MS = 5_000;
const SECONDS = 60;
/** Where the one leaves who leaves early, in seconds. */
const KILLED_S = 20;

/** What comes to pass with some viewers. */
interface Scene {
  name: string;
  viewers: number;
  /** The player chooses the quality, and may change it. */
  switching?: boolean;
  /** The first one lies, and the second is killed. */
  faults?: boolean;
  /** Everything comes from the node. */
  alone?: boolean;
}

/** What was seen of it. */
interface Figures {
  offload: number;
  stalls: number;
  startup_ms: number;
}

const counts = (process.env['BENCH_VIEWERS'] ?? '2 3 4 6').split(/\s+/).map(Number);
const runs = Number(process.env['BENCH_RUNS'] ?? 1);
const scenes: Scene[] = [
  ...counts.map((viewers) => ({ name: `${viewers} viewers`, viewers })),
  { name: '4 viewers, one lies, one is killed', viewers: 4, faults: true },
  { name: '4 viewers, quality by bandwidth', viewers: 4, switching: true },
  { name: '4 viewers, no peers', viewers: 4, alone: true },
];

/** One run of a scene; those who lie or are killed are not in the figures, but what they fetched is. */
async function play(type: BrowserType, options: LaunchOptions, url: string, scene: Scene): Promise<Figures> {
  const viewers: Viewer[] = [];
  try {
    for (let number = 0; number < scene.viewers; number += 1) {
      if (number > 0) await new Promise((resolve) => setTimeout(resolve, STAGGER_MS));
      const quality = scene.switching ? {} : { quality: 360 };
      const kept = { ...quality, peers: scene.alone ? false : null, 'peers.noticed': true };
      const prepare = scene.faults && number === 0 ? lying : undefined;
      viewers.push(await Viewer.open(type, options, url, kept, prepare));
    }
    const [liar, victim, ...others] = viewers as [Viewer, Viewer, ...Viewer[]];
    if (scene.faults) {
      await victim.at(KILLED_S);
      await victim.kill();
    }
    const seen = scene.faults ? others : [liar, victim, ...others];
    await Promise.all(seen.map((viewer) => viewer.ended()));
    const all = viewers.reduce((sum, { fromNode }) => sum + fromNode, 0);
    // The first one was alone for a while, and has fetched the most.
    const whole = Math.max(...viewers.map(({ fromNode }) => fromNode));
    const stalls = await Promise.all(seen.map((viewer) => viewer.stalls()));
    const startups = await Promise.all(seen.map((viewer) => viewer.startup()));
    return {
      offload: 1 - all / (whole * viewers.length),
      stalls: stalls.reduce((sum, one) => sum + one, 0),
      startup_ms: Math.max(...startups),
    };
  } finally {
    await Promise.all(viewers.map((viewer) => viewer.close().catch(() => undefined)));
  }
}

const median = (values: number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? 0;
const percent = (part: number) => `${(part * 100).toFixed(1)} %`;

test('viewers who help each other', async ({ root, node, playwright }, info) => {
  const options = info.project.use.launchOptions ?? {};
  const rows = new Map<Scene, Figures>();
  for (const scene of scenes) {
    const figures: Figures[] = [];
    for (let run = 0; run < runs; run += 1) {
      // A film of its own, or those who watched the last one would still be counted.
      const path = clip({ height: 360, seconds: SECONDS, container: 'mkv' });
      const video = await root.upload(path, { name: scene.name, privacy: '1' });
      await root.until(video.uuid, finished);
      figures.push(await play(playwright.chromium, options, `${node.url}/w/${video.uuid}`, scene));
    }
    const of = (field: keyof Figures) => median(figures.map((one) => one[field]));
    rows.set(scene, { offload: of('offload'), stalls: of('stalls'), startup_ms: of('startup_ms') });
    write(rows);
  }
});

/** Writes what is known so far: a run is long, and may be broken off. */
function write(rows: Map<Scene, Figures>): void {
  const table = [
    '| | from viewers | at most | stalls | worst start-up |',
    '|---|---|---|---|---|',
    ...[...rows].map(([{ name, viewers, alone }, { offload, stalls, startup_ms }]) => {
      const most = alone ? '–' : percent((viewers - 1) / viewers);
      return `| ${name} | ${percent(offload)} | ${most} | ${stalls} | ${startup_ms.toFixed(0)} ms |`;
    }),
  ];
  const at = (alone: boolean) =>
    [...rows].find(([one]) => one.viewers === 4 && (one.alone ?? false) === alone)?.[1].startup_ms;
  const [shared, alone] = [at(false), at(true)];
  if (shared !== undefined && alone !== undefined)
    table.push('', `Start-up with peers less start-up without: ${(shared - alone).toFixed(0)} ms`);
  writeFileSync(process.env['BENCH_TABLE'] ?? 'peers.md', `${table.join('\n')}\n`);
}
