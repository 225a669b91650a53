import { clip } from './clip';
import { Client, finished } from './client';
import { expect, test } from './fixtures';

const PASSWORD = 'a long enough password';

test('people talk below a video: threads, replies, edits, deletions, live', async ({
  page,
  browser,
  node,
  root,
}) => {
  const video = await root.upload(clip({ height: 360, seconds: 30, container: 'mkv' }), {
    name: 'Something to talk about',
    privacy: '1',
    commentsPolicy: '1',
  });
  await root.until(video.uuid, finished);
  await root.register('bea', PASSWORD);
  const bea = await Client.of(node, 'bea', PASSWORD);

  // Someone without an account is shown how to take part.
  await page.goto(`/w/${video.shortUUID}`);
  const comments = page.getByRole('region', { name: /comment/i });
  await expect(comments.getByRole('heading', { name: 'Nobody has said anything yet' })).toBeVisible();
  await comments.getByRole('button', { name: 'Comment from your own account' }).click();
  const dialog = page.getByRole('dialog', { name: 'Comment from your own account' });
  await dialog.getByLabel('Your account').fill('not a handle');
  await dialog.getByRole('button', { name: 'Go to my server' }).click();
  await expect(dialog.getByText('Write it as name@server')).toBeVisible();
  await expect(dialog.getByLabel('Or search for this address on your server')).toHaveValue(
    new RegExp(video.uuid),
  );
  await page.keyboard.press('Escape');

  // What others say appears while the page is open, and is told to those who do not see it.
  const first = await bea.post<{ comment: { id: number } }>(`/api/v1/videos/${video.uuid}/comment-threads`, {
    text: 'Look at **0:12**, and <img src=x onerror=alert(1)>',
  });
  const said = comments.getByRole('article', { name: 'Comment by bea' });
  await expect(said.getByRole('button', { name: '0:12' })).toBeVisible();
  await expect(said.locator('img[src="x"]')).toHaveCount(0);
  await expect(comments.getByRole('status').first()).toHaveText('New comment by bea');
  await said.getByRole('button', { name: '0:12' }).click();
  await expect
    .poll(() => page.locator('video').evaluate((it: HTMLVideoElement) => Math.floor(it.currentTime)))
    .toBeGreaterThanOrEqual(12);

  // The creator, in another window, answers; the first window hears of it.
  const other = await browser.newContext({ baseURL: node.url, locale: 'en-GB' });
  await other.addInitScript((session) => localStorage.setItem('kinora.session', session), root.session);
  const desk = await other.newPage();
  await desk.goto(`/w/${video.shortUUID}`);
  const theirs = desk.getByRole('region', { name: '1 comment' });
  await theirs.getByRole('button', { name: 'Reply to bea' }).click();
  await theirs.getByLabel('Your reply to bea').fill('Thank you!');
  await theirs.getByRole('button', { name: 'Reply', exact: true }).click();
  const reply = comments.getByRole('article', { name: 'Reply by root' });
  await expect(reply.getByText('Thank you!')).toBeVisible();
  await expect(reply.getByText('Creator')).toBeVisible();

  const mine = desk.getByRole('article', { name: 'Reply by root' });
  await mine.getByRole('button', { name: 'Edit' }).click();
  await mine.getByLabel('Edit your comment').fill('Thank you, bea!');
  await mine.getByRole('button', { name: 'Save' }).click();
  await expect(mine.getByText('Thank you, bea!')).toBeVisible();
  await expect(reply.getByText('Thank you, bea!')).toBeVisible();

  // From the keyboard: on to the next comment and back.
  await desk.getByRole('main').focus();
  await desk.keyboard.press('n');
  await expect(desk.getByRole('article', { name: 'Comment by bea' })).toBeFocused();
  await desk.keyboard.press('n');
  await expect(mine).toBeFocused();
  await desk.keyboard.press('p');
  await expect(desk.getByRole('article', { name: 'Comment by bea' })).toBeFocused();

  // A deleted comment leaves a place for what was answered to it.
  await bea.delete(`/api/v1/videos/${video.uuid}/comments/${first.comment.id}`);
  await expect(comments.getByText('This comment was deleted.')).toBeVisible();
  await expect(reply.getByText('Thank you, bea!')).toBeVisible();
  await mine.getByRole('button', { name: 'Delete' }).click();
  await desk.getByRole('dialog').getByRole('button', { name: 'Delete for good' }).click();
  await expect(reply).toHaveCount(0);
  await other.close();
});

test('a comment waits until the creator has read it', async ({ page, node, root }) => {
  const video = await root.upload(clip({ height: 360, seconds: 30, container: 'mkv' }), {
    name: 'Read before shown',
    privacy: '1',
    commentsPolicy: '3',
  });
  await root.until(video.uuid, finished);
  await root.register('cleo', PASSWORD);
  const cleo = await Client.of(node, 'cleo', PASSWORD);
  await cleo.post(`/api/v1/videos/${video.uuid}/comment-threads`, { text: 'May I?' });
  type Threads = { data: { text: string }[] };
  const seen = await (await fetch(`${node.url}/api/v1/videos/${video.uuid}/comment-threads`)).json();
  expect((seen as Threads).data).toEqual([]);

  await page.addInitScript((session) => localStorage.setItem('kinora.session', session), root.session);
  await page.goto('/');
  const bell = page.getByRole('banner').getByRole('link', { name: /^Notifications, \d+ not read$/ });
  await bell.click();
  await page.getByRole('link', { name: /cleo commented on Read before shown/ }).click();
  const held = page.getByRole('article', { name: 'Comment by cleo' });
  await expect(held).toBeFocused();
  await expect(held.getByText('Waits for the creator')).toBeVisible();
  await held.getByRole('button', { name: 'Show it' }).click();
  await expect(held.getByText('Waits for the creator')).toHaveCount(0);
  const after = await (await fetch(`${node.url}/api/v1/videos/${video.uuid}/comment-threads`)).json();
  expect((after as Threads).data.map((one) => one.text)).toEqual(['May I?']);
});
