import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

/** `npm run dev:web` asks the hub at VAHTI_HUB for everything but the page itself. */
const hub = process.env['VAHTI_HUB'] ?? 'http://127.0.0.1:7080';

export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    target: 'es2022',
    // What is inlined would need another word in the page's Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    // Its own name is what a hub lets a page of its own sign in by.
    proxy: {
      '/api': { target: hub, changeOrigin: false },
      '/login': { target: hub, changeOrigin: false },
      '/ws': { target: hub, changeOrigin: false, ws: true },
    },
  },
});
