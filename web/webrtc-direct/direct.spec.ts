import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { clip } from '../e2e/clip';
import { Client, finished } from '../e2e/client';
import { socketless } from '../e2e/faults';
import { expect, test } from '../e2e/fixtures';
import { TestNode } from '../e2e/node';
import { Viewer } from '../e2e/viewers';

/** A UDP port that is free now. */
async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0);
  await once(socket, 'listening');
  const { port } = socket.address();
  socket.close();
  return port;
}

test('where no WebSocket passes, viewers meet by UDP', async ({ playwright }, info) => {
  const node = await TestNode.start({ P2P__WEBRTC_DIRECT_PORT: String(await freeUdpPort()) });
  const viewers: Viewer[] = [];
  try {
    const creator = await Client.of(node);
    const video = await creator.upload(clip({ height: 360, seconds: 60, container: 'mkv' }), {
      name: 'Shared by UDP',
      privacy: '1',
    });
    await creator.until(video.uuid, finished);
    const options = info.project.use.launchOptions ?? {};
    for (let number = 0; number < 2; number += 1) {
      await viewers.at(-1)?.at(4);
      viewers.push(
        await Viewer.open(
          playwright.chromium,
          options,
          `${node.url}/w/${video.uuid}`,
          { quality: 360, 'peers.noticed': true },
          socketless,
        ),
      );
    }
    for (const viewer of viewers) {
      await viewer.ended();
      expect(viewer.said).toEqual([]);
      expect((await viewer.screen()).frames).toBe(1_500);
      expect(await viewer.stalls()).toBe(0);
    }
    const [first, second] = viewers as [Viewer, Viewer];
    expect(second.fromNode).toBeLessThan(first.fromNode * 0.8);
  } finally {
    await Promise.all(viewers.map((viewer) => viewer.close()));
    await node.stop();
  }
});
