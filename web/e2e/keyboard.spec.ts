import { clip } from './clip';
import { finished } from './client';
import { expect, test } from './fixtures';
import { screen } from './screen';

test('everything about watching is done from the keyboard', async ({ page, root }) => {
  const video = await root.upload(clip({ height: 360, seconds: 30, container: 'mkv' }), {
    name: 'By keyboard',
    privacy: '1',
  });
  await root.until(video.uuid, finished);

  await page.goto('/');
  await expect(page.getByRole('link', { name: 'By keyboard' })).toBeVisible();
  await page.keyboard.press('/');
  await expect(page.getByRole('searchbox', { name: 'Search videos' })).toBeFocused();
  await page.keyboard.type('keyboard');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Search: keyboard' })).toBeVisible();
  const link = page.getByRole('main').getByRole('link', { name: 'By keyboard' });
  await expect(link).toBeVisible();
  for (let step = 0; step < 30 && !(await link.evaluate((it) => it === document.activeElement)); step += 1) {
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'By keyboard' })).toBeVisible();
  await page.locator('video').waitFor();

  await page.keyboard.press('k');
  await expect.poll(async () => (await screen(page)).frames).toBeGreaterThan(2);
  await page.keyboard.press('k');
  await expect.poll(async () => (await screen(page)).paused).toBe(true);
  const time = async () => Math.round((await screen(page)).time);
  await page.keyboard.press('5');
  await expect.poll(time).toBe(15);
  await page.keyboard.press('l');
  await expect.poll(time).toBe(25);
  await page.keyboard.press('j');
  await expect.poll(time).toBe(15);
  await page.keyboard.press('ArrowLeft');
  await expect.poll(time).toBe(10);
  await page.keyboard.press('ArrowRight');
  await expect.poll(time).toBe(15);
  await page.keyboard.press('.');
  await expect.poll(async () => (await screen(page)).time).toBeGreaterThan(15.01);

  const muted = () => page.locator('video').evaluate((it: HTMLVideoElement) => it.muted);
  await page.keyboard.press('m');
  await expect.poll(muted).toBe(true);
  await page.keyboard.press('m');
  await expect.poll(muted).toBe(false);
  await page.keyboard.press('>');
  await expect(page.getByRole('button', { name: 'Speed 1.25×' })).toBeVisible();
  await page.keyboard.press('<');
  await page.keyboard.press('t');
  await expect(page.getByRole('button', { name: 'Wide player' })).toHaveAttribute('aria-pressed', 'true');
  await page.keyboard.press('t');
  await page.keyboard.press('f');
  await expect(page.getByRole('button', { name: 'Leave full screen' })).toBeVisible();
  await page.keyboard.press('f');
  await expect(page.getByRole('button', { name: 'Full screen' })).toBeVisible();

  // A menu opens, is chosen from and closes without a mouse, and gives the focus back.
  const quality = page.getByRole('button', { name: /^Quality/ });
  await quality.focus();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('radio', { name: /^Auto/ })).toBeFocused();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('radio', { name: '360p', exact: true })).toBeChecked();
  await page.keyboard.press('Escape');
  await expect(quality).toBeFocused();

  // What is typed is not taken for a command.
  await page.keyboard.press('/');
  await page.keyboard.type('k');
  expect((await screen(page)).paused).toBe(true);
  await page.keyboard.press('Tab');
  await page.getByRole('main').focus();
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});
