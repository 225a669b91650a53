// Fails if a route's first load has grown past its budget (bytes after gzip -9, all static imports counted).
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const dist = new URL('../dist/', import.meta.url).pathname;
const manifest = JSON.parse(readFileSync(`${dist}.vite/manifest.json`, 'utf8'));
const gz = new Map();

/** The size of a file of dist after gzip, in bytes. */
function size(file) {
  if (!gz.has(file)) gz.set(file, gzipSync(readFileSync(dist + file), { level: 9 }).length);
  return gz.get(file);
}

/** The scripts and style sheets that the chunks `keys` need before they run. */
function closure(keys) {
  const scripts = new Set();
  const styles = new Set();
  const queue = [...keys];
  const seen = new Set();
  while (queue.length > 0) {
    const key = queue.pop();
    if (seen.has(key)) continue;
    seen.add(key);
    const chunk = manifest[key];
    if (!chunk) throw new Error(`no chunk ${key} in the manifest`);
    scripts.add(chunk.file);
    for (const sheet of chunk.css ?? []) styles.add(sheet);
    queue.push(...(chunk.imports ?? []));
  }
  return { scripts, styles };
}

const sum = (files) => [...files].reduce((bytes, file) => bytes + size(file), 0);
const page = (name) => `src/pages/${name}.svelte`;
const peers = ['src/lib/swarm/join.ts', 'src/lib/swarm/libp2p_net.ts'];
const engine = Object.keys(manifest).find((key) => key.includes('hls.light'));
const budgets = [
  ['shell', ['index.html'], 40],
  ['home', ['index.html', page('Home')], 60],
  ['watch before engine', ['index.html', page('Watch')], 60],
  ['watch with engine', ['index.html', page('Watch'), engine], 200],
  ['upload', ['index.html', page('Upload')], 60],
  ['embed with engine', ['embed.html', engine], 190],
  ['peers', peers, 190],
];
let failed = false;
const line = (name, bytes, limit) => {
  const over = bytes > limit * 1000;
  failed ||= over;
  console.log(
    `${over ? 'OVER' : 'ok  '} ${name.padEnd(22)} ${(bytes / 1000).toFixed(1).padStart(7)} kB of ${limit}`,
  );
};
for (const [name, keys, limit] of budgets) line(name, sum(closure(keys).scripts), limit);

// Whoever watches alone loads nothing of it.
const alone = closure(['index.html', 'embed.html', page('Watch'), engine]).scripts;
for (const key of [...peers, 'src/lib/player/helping.svelte.ts', 'src/player/PeersMenu.svelte']) {
  if (!manifest[key] || alone.has(manifest[key].file)) {
    console.log(`OVER ${key} is loaded before it is needed`);
    failed = true;
  }
}

const sheets = new Set(Object.values(manifest).flatMap((chunk) => chunk.css ?? []));
line('all style sheets', sum(sheets), 20);
process.exitCode = failed ? 1 : 0;
