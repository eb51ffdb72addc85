import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, type HoustonClient } from '../src/client/client.ts';
import { permissions } from '../src/permissions.ts';
import { authRoutes } from '../src/platform/auth/auth.routes.ts';
import { type ConfigOptions, readConfig } from '../src/platform/config.ts';
import { migrate } from '../src/platform/db/migrate.ts';
import { declarationRoutes } from '../src/platform/declarations/declarations.routes.ts';
import { createApp, type HoustonApp } from '../src/platform/http/app.ts';
import { platformRoutes } from '../src/platform/http/platform.routes.ts';
import { createLogger } from '../src/platform/log.ts';
import type { DomainModule } from '../src/platform/module.ts';
import { createPlatform, type Platform } from '../src/platform/platform.ts';
import { createReactors, type Reactors } from '../src/platform/reactors/reactors.ts';
import { platformMigrations } from './databases.ts';

/** Sends JSON and reads it; a reply that tells of the server's inside fails the test. */
export type CallServer = (
  method: string,
  path: string,
  body?: unknown,
  token?: string,
  // biome-ignore lint/suspicious/noExplicitAny: replies of many shapes, looked at by the tests.
) => Promise<{ status: number; body: any }>;

export type TestServer<Domains> = {
  url: string;
  client: HoustonClient;
  app: HoustonApp;
  platform: Platform;
  domains: Domains;
  reactors: Reactors;
  call: CallServer;
  close(): Promise<void>;
};

/**
 * A server with only the domains that `build` makes, on a free port and a data folder of its own. Values of the
 * record that are no modules (ports, doubles of lower floors) are passed through.
 */
export async function startTestServer<Domains extends Record<string, object>>(
  build: (platform: Platform) => Domains,
  options: ConfigOptions & { now?: () => number; logLevel?: 'debug' | 'info' | 'warn' | 'error' } = {},
): Promise<TestServer<Domains>> {
  const kept = options.dataDir !== undefined;
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'houston-test-'));
  const config = readConfig({ port: 0, ...options, dataDir }, {});
  const platform = await createPlatform(config, {
    log: createLogger(options.logLevel ?? 'error'),
    ...(options.now && { now: options.now }),
  });
  const domains = build(platform);
  const modules = Object.values(domains).filter((one): one is DomainModule => 'name' in one);
  const reactors = createReactors(
    platform,
    modules.flatMap((module) => module.reactors ?? []),
  );
  for (const kind of modules.flatMap((module) => module.jobs ?? [])) platform.jobs.define(kind);
  const app = await createApp(platform, { permissions, version: 'test' });
  platformRoutes(app, reactors, 'test', 'test');
  authRoutes(app);
  declarationRoutes(
    app,
    modules.flatMap((module) => module.declarables ?? []),
  );
  for (const module of modules) await module.routes?.(app);
  await migrate(platform.db, [
    ...platformMigrations,
    ...modules.flatMap((module) => module.migrations ?? []),
  ]);
  const scope = platform.systemScope('system:start');
  for (const module of modules) await module.start?.(scope);
  await platform.jobs.start();
  await reactors.start();
  await app.listen({ port: 0, host: '127.0.0.1' });
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const client = createClient({ url });
  return {
    url,
    client,
    app,
    platform,
    domains,
    reactors,
    async call(method, path, body, token) {
      const response = await fetch(url + path, {
        method,
        headers: {
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      if (/\bat .*\.ts:\d+|SQLITE|select .* from/i.test(text)) throw new Error(`It tells too much: ${text}`);
      return { status: response.status, body: text === '' ? null : JSON.parse(text) };
    },
    async close() {
      client.close();
      app.server.closeAllConnections();
      await app.close();
      await platform.jobs.stop();
      await reactors.stop();
      for (const module of [...modules].reverse()) await module.stop?.();
      await platform.close();
      if (!kept) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
