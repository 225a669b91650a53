import { clip } from './clip';
import { expect, test } from './fixtures';

test.beforeEach(async ({ page, root }) => {
  await page.addInitScript((session) => localStorage.setItem('kinora.session', session), root.session);
});

test('an upload goes on where it stopped after the browser was closed', async ({ page, context }) => {
  // After the first part the line is cut: nothing more gets through.
  let parts = 0;
  const file = clip({ height: 720, seconds: 200, container: 'mp4' });
  await context.route('**/api/v1/videos/upload-resumable?**', async (route) => {
    if (route.request().method() !== 'PUT') return route.continue();
    const range = route.request().headers()['content-range'] ?? '';
    if (!range.includes('*')) parts += 1;
    return parts > 1 ? route.abort() : route.continue();
  });
  await page.goto('/upload');
  await page.getByLabel('Choose a file').setInputFiles(file);
  await expect(page.getByText('Waiting for the connection')).toBeVisible();
  await page.close({ runBeforeUnload: false });

  await context.unroute('**/api/v1/videos/upload-resumable?**');
  const later = await context.newPage();
  const starts: string[] = [];
  later.on('request', (request) => {
    if (request.method() === 'PUT' && request.url().includes('upload_id')) {
      starts.push(request.headers()['content-range'] ?? '');
    }
  });
  await later.goto('/upload');
  await expect(later.getByText('Not finished yet')).toBeVisible();
  await later.getByLabel('Choose a file').setInputFiles(file);
  await expect(later.getByText('Playable now')).toBeVisible({ timeout: 60_000 });
  expect(starts[0]).toMatch(/^bytes \*\//);
  expect(starts[1]).not.toMatch(/^bytes 0-/);
});

test('a video is only its creator’s until it is published', async ({ page, browser, node }) => {
  await page.goto('/upload');
  await page.getByLabel('Choose a file').setInputFiles(clip({ height: 360, seconds: 30, container: 'mkv' }));
  await expect(page.getByText('Playable now')).toBeVisible({ timeout: 60_000 });
  const address = await page.getByRole('link', { name: 'Open the watch page' }).getAttribute('href');
  const stranger = await browser.newPage({ baseURL: node.url });
  const answer = await stranger.goto(address as string);
  expect(answer?.status()).toBe(404);
  await expect(stranger.getByRole('heading', { name: 'This video is not here' })).toBeVisible();
  await stranger.close();

  // Its creator watches it, by a token in the addresses of its media.
  await page.getByRole('link', { name: 'Open the watch page' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).first().click();
  const frames = () =>
    page.locator('video').evaluate((it: HTMLVideoElement) => it.getVideoPlaybackQuality().totalVideoFrames);
  await expect.poll(frames).toBeGreaterThan(5);
});

test('a file that is no video is refused in words, and nothing is lost', async ({ page }) => {
  await page.goto('/upload');
  await page.getByLabel('Choose a file').setInputFiles({
    name: 'notes.mp4',
    mimeType: 'video/mp4',
    buffer: Buffer.from('these are only words\n'.repeat(50)),
  });
  await page.getByLabel('Description').fill('kept');
  await expect(page.getByText('This video could not be prepared')).toBeVisible({ timeout: 60_000 });
  await expect(page.getByLabel('Description')).toHaveValue('kept');
});

test('an empty file is refused before anything is sent', async ({ page }) => {
  await page.goto('/upload');
  await page
    .getByLabel('Choose a file')
    .setInputFiles({ name: 'empty.mp4', mimeType: 'video/mp4', buffer: Buffer.alloc(0) });
  await expect(page.getByRole('alert')).toContainText('is empty');
});
