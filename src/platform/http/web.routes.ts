import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fastifyStatic from '@fastify/static';
import { platformError } from '../errors.ts';
import { docsFiles, docsPage } from './api-docs.ts';
import type { HoustonApp } from './app.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const webFolder = join(root, 'dist', 'web');
const docsFolder = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));

/** Everything from this server: no other origin for scripts, styles, fonts, pictures or calls. */
const contentSecurityPolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; form-action 'self'";

/** The web UI at `/` (one page, its own router) and the browsable API at `/docs`, both without a CDN. */
export async function webRoutes(app: HoustonApp): Promise<void> {
  await app.register(fastifyStatic, { root: docsFolder, serve: false, cacheControl: false });
  const hidden = { schema: { hide: true } };
  app.get('/docs', hidden, async (_request, reply) =>
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', contentSecurityPolicy)
      .send(docsPage),
  );
  app.get('/docs/*', hidden, async (request, reply) => {
    const file = (request.params as { '*': string })['*'];
    const own = Object.hasOwn(docsFiles, file) ? docsFiles[file] : undefined;
    if (own) return reply.type(own.type).send(own.text);
    if (!/^swagger-ui(-bundle)?\.(css|js)$/.test(file)) return reply.callNotFound();
    return reply.sendFile(file, docsFolder);
  });
  app.get('/*', hidden, async (request, reply) => {
    const file = (request.params as { '*': string })['*'];
    if (/^(api|v2|v1)(\/|$)/.test(file)) return reply.callNotFound();
    if (file.startsWith('assets/')) {
      return reply.header('cache-control', 'public, max-age=31536000, immutable').sendFile(file, webFolder);
    }
    if (!existsSync(join(webFolder, 'index.html'))) {
      throw platformError(
        'platform.route.not_found',
        'The web pages are not built: run "npm run build:web".',
      );
    }
    const name = /^[\w-]+\.(svg|png|ico|txt|webmanifest)$/.test(file) ? file : 'index.html';
    return reply
      .header('cache-control', 'no-cache')
      .header('content-security-policy', contentSecurityPolicy)
      .sendFile(name, webFolder);
  });
}
