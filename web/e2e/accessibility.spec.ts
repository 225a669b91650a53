import { violations } from './axe';
import { clip } from './clip';
import { finished } from './client';
import { expect, test } from './fixtures';

const kinds = [
  { theme: 'light', width: 1366, height: 850, language: 'en' },
  { theme: 'dark', width: 1366, height: 850, language: 'en' },
  { theme: 'light', width: 390, height: 844, language: 'fr' },
  { theme: 'dark', width: 390, height: 844, language: 'fr' },
] as const;

for (const kind of kinds) {
  test(`every page is accessible: ${kind.theme}, ${kind.width} px, ${kind.language}`, async ({
    page,
    root,
  }) => {
    const video = await root.upload(clip({ height: 360, seconds: 30, container: 'mkv' }), {
      name: `A clip with a name long enough to need two lines on most screens, ${kind.theme} ${kind.width}`,
      description: 'Words, **strong ones**, and 0:05.',
      privacy: '1',
    });
    await root.until(video.uuid, finished);
    const thread = await root.post<{ comment: { id: number } }>(
      `/api/v1/videos/${video.uuid}/comment-threads`,
      { text: 'A comment with **strong** words at 0:05.' },
    );
    await root.post(`/api/v1/videos/${video.uuid}/comments/${thread.comment.id}`, { text: 'A reply' });
    await root.post('/api/v1/abuses', { reason: 'Please look at this.', video: { id: video.id } });
    await page.emulateMedia({ colorScheme: kind.theme });
    await page.setViewportSize({ width: kind.width, height: kind.height });
    await page.addInitScript(
      ([session, language]) => {
        const open = ['/login', '/register', '/'].includes(location.pathname);
        if (!open) localStorage.setItem('kinora.session', session);
        else localStorage.removeItem('kinora.session');
        localStorage.setItem('kinora.language', JSON.stringify(language));
      },
      [root.session, kind.language] as const,
    );
    const paths = [
      '/',
      '/search?search=clip',
      `/w/${video.shortUUID}`,
      `/w/${video.shortUUID}?threadId=${thread.comment.id}`,
      `/videos/embed/${video.shortUUID}`,
      '/c/root_channel',
      '/a/root',
      '/login',
      '/register',
      '/upload',
      '/studio',
      `/studio/${video.shortUUID}`,
      '/settings',
      '/settings/channels',
      '/settings/channels/root_channel',
      '/admin/users',
      '/admin/registrations',
      '/about',
      '/my/subscriptions',
      '/my/subscriptions?show=channels',
      '/my/notifications',
      '/my/reports',
      '/remote-interaction',
      '/admin/reports',
      '/admin/federation',
      '/admin/peers',
      '/nowhere/at/all',
    ];
    for (const path of paths) {
      await page.goto(path);
      await expect(page.locator('main').locator('h1, .player').first()).toBeVisible();
      // A page that is told of comments as they come is never idle.
      if (path.startsWith('/w/')) await expect(page.getByRole('article').first()).toBeVisible();
      else await page.waitForLoadState('networkidle');
      // The comment that is asked for is scrolled to once it is there.
      if (path.includes('threadId')) await expect(page.locator('article:focus')).toBeVisible();
      // What lies below the player that stays in sight has its size again higher up, a frame later.
      await page.evaluate(async () => {
        scrollTo(0, 0);
        await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
      });
      expect.soft(await violations(page), path).toEqual([]);
      const beyond = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect.soft(beyond, `${path} is wider than the screen`).toBeLessThanOrEqual(0);
    }
  });
}
