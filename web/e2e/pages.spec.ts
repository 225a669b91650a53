import { clip } from './clip';
import { finished } from './client';
import { expect, test } from './fixtures';

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('videos are found, read about and watched', async ({ page, root }) => {
    const video = await root.upload(clip({ height: 360, seconds: 30, container: 'mkv' }), {
      name: 'Plain <b>words</b>',
      description: 'With *markdown* and <script>alert(1)</script>',
      privacy: '1',
    });
    await root.until(video.uuid, finished);
    await page.goto('/');
    await page.getByLabel('Search').fill('plain');
    await page.getByRole('button', { name: 'Search' }).click();
    await page.getByRole('link', { name: 'Plain <b>words</b>' }).click();
    await expect(page.getByRole('heading', { name: 'Plain <b>words</b>' })).toBeVisible();
    await expect(page.locator('em')).toHaveText('markdown');
    const source = await page.locator('video').getAttribute('src');
    const file = await page.request.get(source as string, { headers: { Range: 'bytes=0-99' } });
    expect(file.status()).toBe(206);
    expect(file.headers()['content-type']).toBe('video/mp4');
  });
});

test('other sites learn what a video is, and how to show it', async ({ page, root, request }) => {
  const video = await root.upload(clip({ height: 360, seconds: 30, container: 'mkv' }), {
    name: 'Shared & "quoted"',
    description: 'About it.',
    privacy: '1',
  });
  await root.until(video.uuid, finished);
  const answer = await page.goto(`/w/${video.shortUUID}`);
  const content = (name: string) => page.locator(`meta[property="${name}"]`).getAttribute('content');
  expect(await content('og:platform')).toBe('PeerTube');
  expect(await content('og:title')).toBe('Shared & "quoted"');
  expect(await content('og:description')).toBe('About it.');
  const embed = (await content('og:video:url')) as string;
  const picture = await request.get((await content('og:image')) as string);
  expect(picture.headers()['content-type']).toBe('image/jpeg');
  const oembed = await page.locator('link[type="application/json+oembed"]').getAttribute('href');
  const rich = (await (await request.get(oembed as string)).json()) as { html: string; title: string };
  expect(rich.title).toBe('Shared & "quoted"');
  expect(rich.html).toContain(embed);

  // Nothing but what the page names may run, and only the embedded player may stand in pages of others.
  const policy = answer?.headers()['content-security-policy'] ?? '';
  expect(policy).not.toContain('unsafe');
  expect(policy).toContain("frame-ancestors 'none'");
  const embedded = await page.goto(new URL(embed).pathname);
  expect(embedded?.headers()['content-security-policy']).toContain('frame-ancestors *');
  await page.getByRole('button', { name: 'Play', exact: true }).first().click();
  const frames = () =>
    page.locator('video').evaluate((it: HTMLVideoElement) => it.getVideoPlaybackQuality().totalVideoFrames);
  await expect.poll(frames).toBeGreaterThan(5);
});

test('what is not there answers 404 with a page that says so', async ({ page }) => {
  const nowhere = await page.goto('/nowhere');
  expect(nowhere?.status()).toBe(404);
  await expect(page.getByRole('heading', { name: 'There is no such page' })).toBeVisible();
  const video = await page.goto('/w/aaaaaaaaaaaaaaaaaaaaaa');
  expect(video?.status()).toBe(404);
  await expect(page.getByRole('heading', { name: 'This video is not here' })).toBeVisible();
});

test('scripts come compressed and are never asked for twice', async ({ page }) => {
  const scripts: { coding: string; cache: string }[] = [];
  page.on('response', (response) => {
    if (!response.url().includes('/assets/')) return;
    const headers = response.headers();
    scripts.push({ coding: headers['content-encoding'] ?? '', cache: headers['cache-control'] ?? '' });
  });
  await page.goto('/');
  await expect(page.getByRole('navigation', { name: 'Main' })).toBeVisible();
  expect(scripts.length).toBeGreaterThan(3);
  expect(scripts.every((one) => one.cache.includes('immutable'))).toBe(true);
  expect(scripts.filter((one) => one.coding === 'gzip' || one.coding === 'br').length).toBeGreaterThan(3);
});

test('language and theme change at once and are kept', async ({ page }) => {
  await page.goto('/');
  await page.getByRole('button', { name: 'Theme and language' }).click();
  await page.getByRole('radio', { name: 'Français' }).check();
  await expect(
    page.getByRole('navigation', { name: 'Principal' }).getByRole('link', { name: 'Accueil' }),
  ).toBeVisible();
  await page.getByRole('radio', { name: 'Sombre' }).check();
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('lang', 'fr');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('who presses play before the player is ready does not have to press again', async ({ page, root }) => {
  const video = await root.upload(clip({ height: 360, seconds: 30, container: 'mkv' }), {
    name: 'Played early',
    privacy: '1',
  });
  await root.until(video.uuid, finished);
  let arrived = () => undefined as void;
  const pressed = new Promise<void>((resolve) => (arrived = resolve));
  await page.route(/\/engine-[^/]*\.js$/, async (route) => {
    await pressed;
    await route.continue();
  });
  await page.goto(`/w/${video.shortUUID}`);
  await page.getByRole('button', { name: 'Play', exact: true }).first().click();
  arrived();
  const time = () => page.locator('video').evaluate((it: HTMLVideoElement) => it.currentTime);
  await expect.poll(time).toBeGreaterThan(0.5);
});
