import type { Page } from '@playwright/test';
import { violations } from './axe';
import { clip } from './clip';
import { Client, finished } from './client';
import { expect, test } from './fixtures';
import { TestNode } from './node';

/** What a page loads only to share. */
const SHARING = /\/join-[^/]*\.js$/;

/** A film that somebody else watches, too, as far as the node knows. */
class Film {
  readonly url: string;
  readonly #swarm: string;

  private constructor(node: TestNode, uuid: string) {
    this.url = `${node.url}/w/${uuid}`;
    this.#swarm = `${node.url}/api/kinora/v1/videos/${uuid}/swarm`;
  }

  static async on(node: TestNode): Promise<Film> {
    const creator = await Client.of(node);
    const video = await creator.upload(clip({ height: 360, seconds: 30, container: 'mkv' }), {
      name: 'Shared or not',
      privacy: '1',
    });
    await creator.until(video.uuid, finished);
    return new Film(node, video.uuid);
  }

  /** Opens it and begins to play; answers the scripts that were loaded to share, as they come. */
  async play(page: Page): Promise<string[]> {
    const loaded: string[] = [];
    page.on('request', (request) => {
      if (SHARING.test(request.url())) loaded.push(request.url());
    });
    const body = JSON.stringify({ session: '0'.repeat(32) });
    const headers = { 'content-type': 'application/json' };
    expect((await fetch(this.#swarm, { method: 'POST', headers, body })).ok).toBe(true);
    await page.goto(this.url);
    await page.getByRole('button', { name: 'Play', exact: true }).first().click();
    return loaded;
  }
}

const notice = (page: Page) => page.getByRole('region', { name: 'Viewers help each other' });
const ring = (page: Page) => page.getByRole('button', { name: /^Viewers help each other/ });

/** Opens the panel of the ring and finds the switch in it. */
async function lever(page: Page) {
  await ring(page).press('Enter');
  return page.getByRole('switch', { name: 'Help other viewers' });
}

test('sharing is on, said once, and turned off there', async ({ node, page }) => {
  const film = await Film.on(node);
  const loaded = await film.play(page);
  await expect(notice(page)).toContainText('They can see your IP address');
  await expect.poll(() => loaded.length).toBe(1);
  expect(await violations(page)).toEqual([]);
  await notice(page).getByRole('button', { name: 'Turn off' }).click();
  await expect(notice(page)).toBeHidden();
  await expect(await lever(page)).not.toBeChecked();
  await expect(page.getByText('You turned it off.')).toBeVisible();

  // Another day it is known.
  loaded.length = 0;
  await film.play(page);
  await expect(await lever(page)).not.toBeChecked();
  await expect(notice(page)).toBeHidden();
  expect(loaded).toEqual([]);
});

test('where the node wants it, viewers are asked first', async ({ page }, info) => {
  const node = await TestNode.start({ P2P__VIEWERS: 'ask' });
  try {
    const film = await Film.on(node);
    const loaded = await film.play(page);
    await expect(notice(page)).toContainText('Will you help others who watch this?');
    expect(loaded).toEqual([]);
    expect(await violations(page)).toEqual([]);
    await page.screenshot({ path: info.outputPath('asked.png') });
    await notice(page).getByRole('button', { name: 'Help' }).click();
    await expect(notice(page)).toBeHidden();
    await expect.poll(() => loaded.length).toBe(1);

    loaded.length = 0;
    await film.play(page);
    await expect.poll(() => loaded.length).toBe(1);
    await expect(notice(page)).toBeHidden();
  } finally {
    // Or it would complain that the node is gone.
    await page.close();
    await node.stop();
  }
});

test('where the node wants it, only those share who turned it on', async ({ page }) => {
  const node = await TestNode.start({ P2P__VIEWERS: 'off' });
  try {
    const film = await Film.on(node);
    const loaded = await film.play(page);
    const help = await lever(page);
    await expect(help).not.toBeChecked();
    await expect(page.getByText('This is off until you turn it on.')).toBeVisible();
    expect(loaded).toEqual([]);
    await help.check();
    await expect.poll(() => loaded.length).toBe(1);
  } finally {
    // Or it would complain that the node is gone.
    await page.close();
    await node.stop();
  }
});
