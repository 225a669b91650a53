import { clip } from './clip';
import { Client, finished } from './client';
import { expect, test } from './fixtures';

const PASSWORD = 'a long enough password';

test('someone subscribes, is told of the next video, recommends it, and leaves again', async ({
  page,
  node,
  root,
}) => {
  await root.register('dana', PASSWORD);
  const dana = await Client.of(node, 'dana', PASSWORD);
  await page.addInitScript((session) => localStorage.setItem('kinora.session', session), dana.session);

  await page.goto('/my/subscriptions');
  await expect(page.getByRole('heading', { name: 'You have no subscriptions yet' })).toBeVisible();
  await page.goto('/c/root_channel');
  const button = page.getByRole('button', { name: /^Subscribe to/ });
  await button.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('button', { name: /^Subscribed to/ })).toHaveAttribute('aria-pressed', 'true');

  const video = await root.upload(clip({ height: 360, seconds: 30, container: 'mkv' }), {
    name: 'News for those who subscribed',
    privacy: '1',
  });
  await root.until(video.uuid, finished);
  await page.goto('/my/subscriptions');
  await expect(page.getByRole('link', { name: 'News for those who subscribed' })).toBeVisible();
  await page.getByRole('link', { name: 'Channels', exact: false }).last().click();
  await expect(page.getByRole('main').getByRole('link', { name: /Main root channel/ })).toBeVisible();

  const bell = page.getByRole('banner').getByRole('link', { name: 'Notifications, 1 not read' });
  await expect
    .poll(async () => {
      await page.reload();
      await page.waitForLoadState('networkidle');
      return bell.count();
    })
    .toBe(1);
  await bell.click();
  await page.getByRole('link', { name: /published News for those who subscribed/ }).click();
  await expect(page.getByRole('heading', { name: 'News for those who subscribed' })).toBeVisible();
  await expect(
    page.getByRole('banner').getByRole('link', { name: 'Notifications', exact: true }),
  ).toBeVisible();

  const recommend = page.getByRole('button', { name: /^Recommend/ });
  await recommend.click();
  await expect(recommend).toHaveAttribute('aria-pressed', 'true');
  await expect
    .poll(() => dana.get<{ shared: boolean }>(`/api/kinora/v1/videos/${video.uuid}/share`))
    .toEqual({ shared: true });
  await page.reload();
  await expect(recommend).toHaveAttribute('aria-pressed', 'true');

  await page.getByRole('button', { name: /^Subscribed to/ }).click();
  await expect(page.getByRole('button', { name: /^Subscribe to/ })).toBeVisible();
  await page.goto('/my/subscriptions');
  await expect(page.getByRole('heading', { name: 'You have no subscriptions yet' })).toBeVisible();
});
