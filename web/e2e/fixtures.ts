import { test as base, expect } from '@playwright/test';
import { Client } from './client';
import { TestNode } from './node';

/** Tests share a node within a worker, and see to it that nothing was said on the console. */
export const test = base.extend<{ quiet: void }, { node: TestNode; root: Client }>({
  node: [
    // eslint-disable-next-line no-empty-pattern -- the runner reads what is needed from this pattern
    async ({}, use) => {
      const node = await TestNode.start();
      await use(node);
      await node.stop();
    },
    { scope: 'worker', timeout: 90_000 },
  ],
  root: [async ({ node }, use) => use(await Client.of(node)), { scope: 'worker' }],
  // The address of the node stands before all paths that tests visit.
  baseURL: async ({ node }, use) => use(node.url),
  quiet: [
    async ({ page }, use, info) => {
      const said: string[] = [];
      page.on('pageerror', (error) => said.push(`uncaught: ${error.message}`));
      page.on('console', (message) => {
        // A browser notes every answer that is not 2xx; tests that want one look at it themselves.
        if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) {
          said.push(message.text());
        }
      });
      await use();
      if (info.status === 'passed') expect(said).toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };
