import { violations } from './axe';
import { clip } from './clip';
import { Client, finished } from './client';
import { expect, test } from './fixtures';
import { TestNode } from './node';
import { screen } from './screen';

test('two servers agree, and a video goes on playing when its own is gone', async ({ browser }) => {
  test.slow();
  const open = { FEDERATION__ALLOW_PRIVATE: 'true' };
  const [near, far] = await Promise.all([TestNode.start(open), TestNode.start(open)]);
  const nearHost = new URL(near.url).host;
  const farHost = new URL(far.url).host;
  const desk = await browser.newContext({ baseURL: far.url, locale: 'en-GB' });
  const room = await browser.newContext({ baseURL: near.url, locale: 'en-GB' });
  let stopped = false;
  try {
    const creator = await Client.of(near);
    const keeper = await Client.of(far);
    await creator.put(`/api/kinora/v1/mirrors/${farHost}`, { mayKeep: true });
    await keeper.post('/api/v1/users/me/subscriptions', { uri: `root_channel@${nearHost}` });

    // The far administrator agrees on the page.
    await desk.addInitScript((session) => localStorage.setItem('kinora.session', session), keeper.session);
    const page = await desk.newPage();
    await page.goto('/admin/federation');
    await expect(page.getByText('There is no agreement with another server yet.')).toBeVisible();
    await page.getByRole('button', { name: 'Set agreement' }).click();
    await expect(page.getByText('Which server?')).toBeVisible();
    await page.getByLabel('Server', { exact: true }).fill(near.url);
    await page.getByLabel('We keep copies of its videos').check();
    await page.getByLabel('Disk space, in GB').fill('1');
    await page.getByRole('button', { name: 'Set agreement' }).click();
    const agreement = page.getByRole('article', { name: nearHost });
    await expect(agreement.getByText('0 whole', { exact: false })).toBeVisible();

    const video = await creator.upload(clip({ height: 360, seconds: 60, container: 'mkv' }), {
      name: 'Outlives its server',
      privacy: '1',
    });
    await creator.until(video.uuid, finished);
    await expect
      .poll(
        async () => {
          await page.reload();
          await page.waitForLoadState('networkidle');
          return agreement.getByText('1 whole', { exact: false }).count();
        },
        { timeout: 60_000 },
      )
      .toBe(1);
    await agreement.getByText('Copies', { exact: true }).click();
    await expect(agreement.getByRole('link', { name: 'Outlives its server' })).toBeVisible();
    expect(await violations(page)).toEqual([]);

    // Somebody watches on the near server, which then goes away.
    await expect
      .poll(async () => {
        const told = await creator.get<{ streamingPlaylists: { redundancies: unknown[] }[] }>(
          `/api/v1/videos/${video.uuid}`,
        );
        return told.streamingPlaylists[0]?.redundancies.length;
      })
      .toBe(1);
    const watching = await room.newPage();
    await watching.goto(`/w/${video.shortUUID}`);
    await watching.getByRole('button', { name: 'Play', exact: true }).first().click();
    await expect.poll(async () => (await screen(watching)).time).toBeGreaterThan(1);
    await near.stop();
    stopped = true;
    await watching.getByRole('slider', { name: 'Position' }).fill('50');
    await expect.poll(async () => (await screen(watching)).time, { timeout: 60_000 }).toBeGreaterThan(52);
  } finally {
    await Promise.all([desk.close(), room.close()]);
    await Promise.all([stopped ? undefined : near.stop(), far.stop()]);
  }
});
