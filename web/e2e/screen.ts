import type { Page } from '@playwright/test';

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

/** Shows the controls, as a hand on the mouse does, and opens one of their menus. */
export async function openMenu(page: Page, name: RegExp): Promise<void> {
  const box = await page.locator('video').boundingBox();
  if (box) {
    await page.mouse.move(box.x + 40, box.y + 40);
    await page.mouse.move(box.x + 60, box.y + 60);
  }
  await page.getByRole('button', { name }).click();
}
