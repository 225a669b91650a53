import { clip } from './clip';
import { Client, finished } from './client';
import { expect, test } from './fixtures';
import { Viewer } from './viewers';

/** How long after each other viewers come, in ms. */
const STAGGER_MS = 5_000;
const VIEWERS = Number(process.env['VIEWERS'] ?? 4);

test('four viewers help each other', async ({ node, playwright }, info) => {
  test.setTimeout(240_000);
  const creator = await Client.of(node);
  const video = await creator.upload(clip({ height: 360, seconds: 60, container: 'mkv' }), {
    name: 'Shared by its viewers',
    privacy: '1',
  });
  await creator.until(video.uuid, finished);
  const options = info.project.use.launchOptions ?? {};
  const viewers: Viewer[] = [];
  try {
    for (let number = 0; number < VIEWERS; number += 1) {
      if (number > 0) await new Promise((resolve) => setTimeout(resolve, STAGGER_MS));
      const url = `${node.url}/w/${video.uuid}`;
      viewers.push(
        await Viewer.open(playwright.chromium, options, url, { quality: 360, 'peers.noticed': true }),
      );
    }
    const ended = viewers.map((viewer) =>
      viewer.page.waitForFunction(() => document.querySelector('video')?.ended, null, { timeout: 150_000 }),
    );
    await Promise.all(ended);
    const bytes = viewers.map((viewer) => viewer.fromNode);
    const whole = Math.max(...bytes);
    const offload = 1 - bytes.reduce((sum, it) => sum + it, 0) / (whole * viewers.length);
    console.log(bytes, offload);
    for (const viewer of viewers) {
      console.log(viewer.said, await viewer.screen(), await viewer.startup(), await viewer.stalls());
    }
    expect(offload).toBeGreaterThan(0.5);
  } finally {
    await Promise.all(viewers.map((viewer) => viewer.close()));
  }
});
