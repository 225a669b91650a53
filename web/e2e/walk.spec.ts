import { clip } from './clip';
import { Client, finished } from './client';
import { expect, test } from './fixtures';
import { openMenu, screen } from './screen';

test('someone registers, makes a channel, uploads, and watches before all qualities are made', async ({
  page,
  node,
}) => {
  test.slow();
  await page.goto('/register');
  await page.getByLabel('Display name').fill('Ada');
  await page.getByLabel('Name', { exact: true }).fill('ada');
  await page.getByLabel('E-mail address').fill('ada@example.org');
  await page.getByLabel('Password').fill('a long enough password');
  await page.getByRole('main').getByRole('button', { name: 'Create an account' }).click();
  await expect(page.getByRole('heading', { name: 'Upload a video' })).toBeVisible();

  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'My channels' }).click();
  await page.getByLabel('Channel name').fill('Moving bars');
  await page.getByLabel('Handle').fill('bars');
  await page.getByRole('button', { name: 'Create channel' }).click();
  await expect(page.getByRole('heading', { name: 'Edit channel' })).toBeVisible();

  await page.getByRole('banner').getByRole('link', { name: 'Upload' }).click();
  await page.getByLabel('Channel').selectOption({ label: 'Moving bars' });
  await page.getByLabel('Choose a file').setInputFiles(clip({ height: 1080, seconds: 40, container: 'mp4' }));
  const title = page.getByLabel('Title');
  await expect(title).toHaveValue('bars 1080p 40s');
  await title.fill('Bars in motion');
  await page.getByLabel('Description').fill('See **0:20** first.\n\nThen 0:05.');
  await page.getByRole('button', { name: 'Publish' }).click();
  await expect(page.getByText('Published.')).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText('Playable now')).toBeVisible({ timeout: 60_000 });

  // The progress of single qualities is told live: one is ready while others are still being made.
  const side = page.getByRole('complementary', { name: 'Progress' });
  await expect(side.getByText('ready').first()).toBeVisible();
  await expect(side.getByText(/waiting|%/).first()).toBeVisible();
  await page.getByRole('link', { name: 'Open the watch page' }).click();
  await expect(page.getByRole('heading', { name: 'Bars in motion' })).toBeVisible();

  const ada = await Client.of(node, 'ada', 'a long enough password');
  const uuid = page.url().split('/').at(-1) as string;
  const early = await ada.get<Parameters<typeof finished>[0]>(`/api/kinora/v1/videos/${uuid}/progress`);
  expect(finished(early)).toBe(false);

  await page.getByRole('button', { name: 'Play', exact: true }).first().click();
  await expect.poll(async () => (await screen(page)).frames).toBeGreaterThan(5);
  expect((await screen(page)).paused).toBe(false);

  await page.getByRole('button', { name: '0:20' }).click();
  await expect.poll(async () => (await screen(page)).time).toBeGreaterThanOrEqual(20);
  await expect.poll(async () => (await screen(page)).time, { timeout: 30_000 }).toBeGreaterThan(20.5);

  // The menu grows while the video plays; nothing is reloaded.
  await ada.until(uuid, finished);
  await openMenu(page, /^Quality/);
  const low = page.getByRole('radio', { name: '240p', exact: true });
  await expect(low).toBeEnabled();
  await low.check();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: '0:05' }).click();
  await expect.poll(async () => (await screen(page)).height, { timeout: 30_000 }).toBe(240);
  await openMenu(page, /^Quality/);
  await page.getByRole('radio', { name: '720p', exact: true }).check();
  await expect.poll(async () => (await screen(page)).height, { timeout: 30_000 }).toBe(720);

  await page.goto('/studio');
  await expect(page.getByRole('heading', { name: 'Bars in motion' })).toBeVisible();
  await page.goto('/c/bars');
  await expect(page.getByRole('link', { name: 'Bars in motion' })).toBeVisible();
});
