import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from '@playwright/test';
import type { AxeResults } from 'axe-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/** Runs axe over the page, past its Content-Security-Policy; what it finds. */
export async function violations(page: Page): Promise<string[]> {
  const inspector = await page.context().newCDPSession(page);
  await inspector.send('Runtime.evaluate', { expression: axe });
  await inspector.detach();
  return page.evaluate(async (rules) => {
    const { axe } = window as unknown as { axe: { run: (...what: unknown[]) => Promise<AxeResults> } };
    const results = await axe.run(document, { runOnly: rules });
    return results.violations.map(
      (one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`,
    );
  }, RULES);
}
