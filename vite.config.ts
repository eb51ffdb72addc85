import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = process.env.HOUSTON_URL ?? 'http://127.0.0.1:1969';
// Sources of the pages live below /api too (web/api/*.ts): those are not the server's.
const proxied = [
  '^/api/(?!.*\\.tsx?($|\\?))',
  '/v2',
  '/openapi.json',
  '/docs',
  '/health',
  '/version',
  '/metrics',
];

/** Builds the web UI to dist/web. Nothing is inlined, so that the page holds under `script-src 'self'`. */
export default defineConfig({
  root: 'web',
  base: '/',
  plugins: [react()],
  build: {
    outDir: '../dist/web',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2023',
    chunkSizeWarningLimit: 700,
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(
      proxied.map((path) => [
        path,
        {
          target: server,
          changeOrigin: true,
          // The server refuses writes from another origin, which the development server is.
          configure: (proxy) => void proxy.on('proxyReq', (request) => request.removeHeader('origin')),
        },
      ]),
    ),
  },
});
