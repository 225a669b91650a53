import type { BrowserContext } from '@playwright/test';
import { clip } from './clip';
import { Client, finished } from './client';
import { expect, test } from './fixtures';
import { TestNode } from './node';

const PASSWORD = 'a long enough password';
/** Tests run on this machine alone, so nodes may speak with private addresses. */
const OPEN = { FEDERATION__ALLOW_PRIVATE: 'true' };

test('what is said on another server appears on an open watch page', async ({ browser }) => {
  test.slow();
  const [near, far] = await Promise.all([TestNode.start(OPEN), TestNode.start(OPEN)]);
  const nearHost = new URL(near.url).host;
  const farHost = new URL(far.url).host;
  const windows: BrowserContext[] = [];
  try {
    const creator = await Client.of(near);
    const video = await creator.upload(clip({ height: 360, seconds: 30, container: 'mkv' }), {
      name: 'Seen from afar',
      privacy: '1',
      commentsPolicy: '1',
    });
    await creator.until(video.uuid, finished);
    const farRoot = await Client.of(far);
    await farRoot.register('fay', PASSWORD);
    const fay = await Client.of(far, 'fay', PASSWORD);

    const open = async (node: TestNode, session: string | null) => {
      const window = await browser.newContext({ baseURL: node.url, locale: 'en-GB' });
      windows.push(window);
      if (session) await window.addInitScript((it) => localStorage.setItem('kinora.session', it), session);
      return window.newPage();
    };

    // Fay finds the channel by its handle and subscribes.
    const away = await open(far, fay.session);
    await away.goto('/');
    await away.getByRole('searchbox', { name: 'Search videos' }).fill(`root_channel@${nearHost}`);
    await away.keyboard.press('Enter');
    await expect(away.getByRole('heading', { name: 'Channels' })).toBeVisible({ timeout: 30_000 });
    const button = away.getByRole('button', { name: /^Subscribe to/ });
    await button.click();
    await expect(away.getByRole('button', { name: /^Subscribed to/ })).toBeVisible();

    // The past video of the channel comes to the far server, which says whose it is.
    await away.goto(`/c/root_channel@${nearHost}`);
    const card = away.getByRole('link', { name: 'Seen from afar' });
    await expect
      .poll(
        async () => {
          await away.reload();
          await away.waitForLoadState('networkidle');
          return card.count();
        },
        { timeout: 60_000 },
      )
      .toBeGreaterThan(0);
    await card.first().click();
    await expect(away.getByRole('heading', { name: 'Seen from afar' })).toBeVisible();
    await expect(away.getByRole('link', { name: `See it on ${nearHost}` })).toBeVisible();

    // It plays from where it lives.
    await away.getByRole('button', { name: 'Play', exact: true }).first().click();
    await expect
      .poll(() =>
        away
          .locator('video')
          .evaluate((it: HTMLVideoElement) => it.getVideoPlaybackQuality().totalVideoFrames),
      )
      .toBeGreaterThan(5);

    // Somebody has the page open at home while Fay says something on her own server.
    const home = await open(near, creator.session);
    await home.goto(`/w/${video.shortUUID}`);
    const comments = home.getByRole('region', { name: /comment/i });
    await expect(comments.getByRole('heading', { name: 'Nobody has said anything yet' })).toBeVisible();
    await away.getByLabel('Your comment').fill('Greetings from **afar**');
    await away.getByRole('button', { name: 'Comment', exact: true }).click();
    const said = comments.getByRole('article', { name: 'Comment by fay' });
    await expect(said.getByText('Greetings from afar')).toBeVisible({ timeout: 60_000 });
    await expect(said.getByText(farHost).first()).toBeVisible();
    await expect(comments.getByRole('status').first()).toHaveText('New comment by fay');

    // The answer goes back.
    await said.getByRole('button', { name: 'Reply to fay' }).click();
    await comments.getByLabel('Your reply to fay').fill('Welcome');
    await comments.getByRole('button', { name: 'Reply', exact: true }).last().click();
    const reply = away.getByRole('article', { name: 'Reply by root' });
    await expect(reply.getByText('Welcome')).toBeVisible({ timeout: 60_000 });
    await expect(away.getByRole('banner').getByRole('link', { name: /^Notifications/ })).toBeVisible();

    // The address of the answer, pasted on the far server, leads to the answer below the video there.
    const tree = await creator.get<{ data: { id: number; threadId: number; url: string }[] }>(
      `/api/v1/videos/${video.uuid}/comment-threads`,
    );
    const thread = await creator.get<{ children: { comment: { url: string } }[] }>(
      `/api/v1/videos/${video.uuid}/comment-threads/${tree.data[0]?.threadId}`,
    );
    const pasted = await open(far, fay.session);
    const uri = thread.children[0]?.comment.url ?? '';
    await pasted.goto(`/authorize_interaction?uri=${encodeURIComponent(uri)}`);
    await expect(pasted.getByRole('article', { name: 'Reply by root' })).toBeFocused({ timeout: 30_000 });

    // Deleted there, gone here.
    await away
      .getByRole('article', { name: 'Comment by fay' })
      .getByRole('button', { name: 'Delete' })
      .click();
    await away.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click();
    await expect(said).toHaveCount(0, { timeout: 60_000 });

    // Someone without an account at home is sent to their own server, and there to the video.
    const visitor = await open(near, null);
    await visitor.goto(`/w/${video.shortUUID}`);
    await visitor.getByRole('button', { name: 'Like' }).first().click();
    await visitor.getByRole('textbox', { name: 'Your account' }).fill(`fay@${farHost}`);
    await visitor.getByRole('button', { name: 'Go to my server' }).click();
    await visitor.waitForURL((url) => url.host === farHost, { timeout: 30_000 });
    await visitor.getByRole('button', { name: 'Only look at it' }).click();
    await expect(visitor.getByRole('heading', { name: 'Seen from afar' })).toBeVisible({ timeout: 30_000 });
  } finally {
    for (const window of windows) await window.close();
    await Promise.all([near.stop(), far.stop()]);
  }
});
