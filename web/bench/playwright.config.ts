import { defineConfig } from '@playwright/test';
import base from '../playwright.config';

/** Figures, not tests: scripts/bench-peers runs it. */
export default defineConfig(base, {
  testDir: '.',
  testMatch: '*.bench.ts',
  outputDir: '../test-results/bench',
  timeout: 3_600_000,
  reporter: [['line']],
});
