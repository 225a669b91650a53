import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

/** Where `npm run dev` finds a running node. */
const node = process.env['KINORA_NODE'] ?? 'http://127.0.0.1:8080';
const served = ['/api', '/static', '/lazy-static', '/download', '/services', '/healthz'];

export default defineConfig({
  plugins: [svelte()],
  build: {
    target: 'es2022',
    manifest: true,
    modulePreload: { polyfill: false },
    // Nothing is inlined as data: URL: the Content-Security-Policy of the pages stays short.
    assetsInlineLimit: 0,
    // The full engine is large, and only fetched for videos of others that need it.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        // What every page needs is one chunk: many small ones are compressed badly.
        codeSplitting: {
          groups: [
            // The peers' part needs this, and nothing else of the core.
            { name: 'preload', test: /vite.preload-helper/, priority: 1 },
            {
              name: 'core',
              test: /node_modules.svelte.|src.lib.(api.client|api.problem|locale.locale|router|session|site|uploads)\.|src.components.(Avatar|Icon)\./,
            },
          ],
        },
      },
      input: { index: 'index.html', embed: 'embed.html' },
    },
  },
  server: {
    proxy: Object.fromEntries(served.map((path) => [path, { target: node, changeOrigin: false }])),
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
});
