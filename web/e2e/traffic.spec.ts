import { violations } from './axe';
import { clip } from './clip';
import { finished } from './client';
import { expect, test } from './fixtures';

/** What a player says after 15 seconds. */
const report = (videoId: string, fromPeers: number) => ({
  playerMode: 'p2p-media-loader',
  resolution: 360,
  fps: null,
  p2pEnabled: true,
  p2pPeers: 2,
  resolutionChanges: 0,
  errors: 0,
  bufferStalled: 0,
  downloadedBytesP2P: fromPeers,
  downloadedBytesHTTP: 100_000,
  uploadedBytesP2P: 200_000,
  videoId,
});

test('owners see what viewers gave each other, and decide whether they may', async ({
  node,
  page,
  root,
}, info) => {
  const { uuid } = await root.upload(clip({ height: 144, seconds: 2, container: 'mkv' }), {
    name: 'Watched together',
    privacy: '1',
  });
  await root.until(uuid, finished);
  await page.addInitScript((session) => localStorage.setItem('kinora.session', session), root.session);
  await page.goto(`/studio/${uuid}`);
  await expect(page.getByText('Nothing was watched in the last 30 days.')).toBeVisible();

  // Someone watches, and their player says that most came from others.
  const video = await root.get<{ swarm: unknown }>(`/api/v1/videos/${uuid}`);
  expect(video.swarm).not.toBeNull();
  const said = await fetch(`${node.url}/api/v1/metrics/playback`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(report(uuid, 4_000_000)),
  });
  expect(said.status).toBe(204);
  await page.reload();
  await expect(page.getByText(/^Viewers gave each other 4 MB of/)).toBeVisible();
  await page.getByText('Each day in figures').press('Enter');
  await expect(page.getByRole('cell', { name: '4 MB' })).toBeVisible();
  expect(await violations(page)).toEqual([]);

  await page.goto('/admin/peers');
  await expect(page.getByText(/^Viewers gave each other/)).toBeVisible();
  await page.screenshot({ path: info.outputPath('peers.png') });
  await expect(page.getByText('They help, and are told so at the first video.')).toBeVisible();
  expect(await violations(page)).toEqual([]);

  // Its owner says no, then the channel does.
  const swarm = async () => (await root.get<{ swarm: unknown }>(`/api/v1/videos/${uuid}`)).swarm;
  await page.goto(`/studio/${uuid}`);
  const mine = page.getByLabel(/^Viewers may help each other with it/);
  await page.getByText('More', { exact: true }).click();
  await mine.uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved', { exact: false })).toBeVisible();
  expect(await swarm()).toBeNull();
  await mine.check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect.poll(swarm).not.toBeNull();

  await page.goto('/settings/channels/root_channel');
  await page.getByLabel(/^Viewers of its videos may help each other/).uncheck();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('Saved', { exact: false })).toBeVisible();
  expect(await swarm()).toBeNull();
  await root.put('/api/v1/video-channels/root_channel', { peersEnabled: true });
  expect(await swarm()).not.toBeNull();
});
