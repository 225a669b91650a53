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

/** Opens a menu of the player by keyboard: its controls hide from the mouse whenever a busy machine lets a while pass. */
export async function openMenu(page: Page, name: RegExp): Promise<void> {
  const button = page.getByRole('button', { name });
  await button.press('Enter');
  await expect(button).toHaveAttribute('aria-expanded', 'true');
}
