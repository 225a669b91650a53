import { expect, type Page } from '@playwright/test';

/** What the picture of the player is at. */
export interface Screen {
  time: number;
  height: number;
  paused: boolean;
  frames: number;
}

/** Looks at the `<video>` of a page. */
export const screen = (page: Page): Promise<Screen> =>
  page.locator('video').evaluate((video: HTMLVideoElement) => ({
    time: video.currentTime,
    height: video.videoHeight,
    paused: video.paused,
    frames: video.getVideoPlaybackQuality().totalVideoFrames,
  }));

/**
 * Shows the controls, as a hand on the mouse does, and opens one of their menus. The controls hide again after a while
 * without movement, which a busy machine may well let pass: then the hand moves once more.
 */
export async function openMenu(page: Page, name: RegExp): Promise<void> {
  const video = page.locator('video');
  await expect(async () => {
    await video.scrollIntoViewIfNeeded();
    const box = await video.boundingBox();
    if (!box) throw new Error('there is no picture to point at');
    const y = Math.max(box.y, 0) + 40;
    await page.mouse.move(box.x + 40, y);
    await page.mouse.move(box.x + 60, y + 20);
    await page.getByRole('button', { name }).click({ timeout: 2_000 });
  }).toPass({ timeout: 30_000 });
}
