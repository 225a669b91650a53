import { clip } from './clip';
import { Client, finished } from './client';
import { expect, test } from './fixtures';
import { TestNode } from './node';
import { Viewer } from './viewers';

/** How long after each other viewers come, in ms. */
const STAGGER_MS = 5_000;

/** What a node counted since it was started. */
async function counted(node: TestNode, what: string): Promise<number> {
  const text = await (await fetch(`${node.url}/metrics`)).text();
  const line = text.split('\n').find((it) => it.startsWith(`${what} `));
  return Number(line?.slice(what.length + 1));
}

/** Bytes of segments that the node handed out. */
const sent = (node: TestNode) => counted(node, 'kinora_http_segment_bytes_total');
/** Bytes that viewers say to have from each other. */
const shared = (node: TestNode) => counted(node, 'kinora_http_played_bytes_total{way="Peers"}');

test('four viewers help each other', async ({ node, playwright }, info) => {
  test.setTimeout(240_000);
  const creator = await Client.of(node);
  const video = await creator.upload(clip({ height: 360, seconds: 60, container: 'mkv' }), {
    name: 'Shared by its viewers',
    privacy: '1',
  });
  await creator.until(video.uuid, finished);
  const options = info.project.use.launchOptions ?? {};
  const url = `${node.url}/w/${video.uuid}`;
  const before = await sent(node);
  const viewers: Viewer[] = [];
  try {
    for (let number = 0; number < 4; number += 1) {
      if (number > 0) await new Promise((resolve) => setTimeout(resolve, STAGGER_MS));
      const kept = { quality: 360, 'peers.noticed': true };
      viewers.push(await Viewer.open(playwright.chromium, options, url, kept));
    }
    await Promise.all(viewers.map((viewer) => viewer.ended()));

    const bytes = viewers.map((viewer) => viewer.fromNode);
    const all = bytes.reduce((sum, it) => sum + it, 0);
    const whole = Math.max(...bytes);
    const offload = 1 - all / (whole * viewers.length);
    info.annotations.push({ type: 'offload', description: `${(offload * 100).toFixed(1)} %` });
    expect(offload).toBeGreaterThan(0.5);
    for (const viewer of viewers) {
      expect(viewer.said).toEqual([]);
      // 25 pictures a second for a minute: each was shown, none of them broken.
      expect((await viewer.screen()).frames).toBe(1_500);
      expect(await viewer.stalls()).toBe(0);
    }
    // What the viewers fetched is what the node counted; init segments are not in the former.
    const inits = (await sent(node)) - before - all;
    expect(inits).toBeGreaterThan(0);
    expect(inits).toBeLessThan(viewers.length * 10_000);
    // The ring tells what the first gave.
    const page = (viewers[0] as Viewer).page;
    await page.getByRole('button', { name: /^Viewers help each other/ }).press('Enter');
    await expect(page.getByText(/^You helped [1-3] viewers?$/)).toBeVisible();
    await page.screenshot({ path: info.outputPath('ring.png') });
  } finally {
    await Promise.all(viewers.map((viewer) => viewer.close()));
  }
});

test('a viewer on another server joins in', async ({ playwright }, info) => {
  test.setTimeout(240_000);
  const open = { FEDERATION__ALLOW_PRIVATE: 'true' };
  const [home, away] = await Promise.all([TestNode.start(open), TestNode.start(open)]);
  const options = info.project.use.launchOptions ?? {};
  const viewers: Viewer[] = [];
  try {
    const creator = await Client.of(home);
    const guest = await Client.of(away);
    await guest.post('/api/v1/users/me/subscriptions', { uri: `root_channel@${new URL(home.url).host}` });
    const video = await creator.upload(clip({ height: 360, seconds: 30, container: 'mkv' }), {
      name: 'Shared across servers',
      privacy: '1',
    });
    await creator.until(video.uuid, finished);
    const swarm = async () => {
      const told = await guest.get<{ swarm: { manifest: { url: string } } | null }>(
        `/api/v1/videos/${video.uuid}`,
      );
      return told.swarm?.manifest.url ?? '';
    };
    const ours = await creator.get<{ swarm: { manifest: { url: string } } }>(`/api/v1/videos/${video.uuid}`);
    await expect.poll(() => swarm().catch(() => ''), { timeout: 60_000 }).toBe(ours.swarm.manifest.url);
    const kept = { quality: 360, 'peers.noticed': true };
    for (const url of [home.url, away.url]) {
      viewers.push(await Viewer.open(playwright.chromium, options, `${url}/w/${video.uuid}`, kept));
      if (viewers.length === 1) await viewers[0]?.at(4);
    }
    await Promise.all(viewers.map((viewer) => viewer.ended()));
    const [first, second] = viewers as [Viewer, Viewer];
    expect(second.fromNode).toBeLessThan(first.fromNode * 0.6);
    // It is told where the film is from, which counts the other bytes, too.
    await expect.poll(() => shared(home)).toBeGreaterThan(0);
    expect((await shared(away)) || 0).toBe(0);
    for (const viewer of viewers) {
      expect(viewer.said).toEqual([]);
      expect((await viewer.screen()).frames).toBe(750);
      expect(await viewer.stalls()).toBe(0);
    }
  } finally {
    await Promise.all(viewers.map((viewer) => viewer.close()));
    await Promise.all([home.stop(), away.stop()]);
  }
});
