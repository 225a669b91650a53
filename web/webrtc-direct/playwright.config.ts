import { defineConfig } from '@playwright/test';
import base from '../playwright.config';

/** For programs that are built with the feature `webrtc-direct`: scripts/webrtc-direct builds one and runs it. */
export default defineConfig(base, { testDir: '.', outputDir: '../test-results/webrtc-direct' });
