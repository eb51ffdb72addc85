import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, describe } from 'vitest';
import { authMigrations } from '../src/platform/auth/auth.tables.ts';
import { blobsMigrations } from '../src/platform/blobs/collector.tables.ts';
import { readConfig } from '../src/platform/config.ts';
import type { Migration } from '../src/platform/db/database.ts';
import { migrate } from '../src/platform/db/migrate.ts';
import { jobsMigrations } from '../src/platform/jobs/jobs.migrations.ts';
import { ledgerMigrations } from '../src/platform/ledger/index.ts';
import { createLogger } from '../src/platform/log.ts';
import { createPlatform, type Platform } from '../src/platform/platform.ts';
import { reactorMigrations } from '../src/platform/reactors/reactors.tables.ts';
import { webhookMigrations } from '../src/platform/webhooks/webhooks.tables.ts';

const postgresUrl = process.env.HOUSTON_TEST_POSTGRES ?? 'postgres://postgres@127.0.0.1:5432/postgres';

export const platformMigrations: Migration[] = [
  ...ledgerMigrations,
  ...reactorMigrations,
  ...jobsMigrations,
  ...webhookMigrations,
  ...authMigrations,
  ...blobsMigrations,
];

/** A platform on a fresh database and data folder, with the platform's and the given migrations applied. */
export type OpenPlatform = (
  migrations?: readonly Migration[],
  options?: { now?: () => number },
) => Promise<Platform>;

async function reachable(): Promise<boolean> {
  const client = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: 1500 });
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}

/** Whether a PostgreSQL answers; in CI it must. */
export const hasPostgres = await reachable();
if (!hasPostgres && process.env.CI === 'true')
  throw new Error('CI needs a PostgreSQL at HOUSTON_TEST_POSTGRES.');
if (!hasPostgres)
  process.stderr.write('Skipped on PostgreSQL: none answers at 127.0.0.1:5432 as user postgres.\n');

/**
 * Runs the same suite on SQLite and on PostgreSQL. Each `open()` gives an empty, migrated database of its
 * own; all are removed at the end.
 */
export function describeOnEachDatabase(
  name: string,
  suite: (open: OpenPlatform, dialect: string) => void,
): void {
  for (const dialect of ['sqlite', 'postgres'] as const) {
    describe.skipIf(dialect === 'postgres' && !hasPostgres)(`${name} on ${dialect}`, () => {
      const cleanups: (() => Promise<void>)[] = [];
      afterAll(async () => {
        for (const cleanup of cleanups.reverse()) await cleanup();
      });
      suite(async (migrations = [], options = {}) => {
        const opened = await openTestPlatform(dialect, migrations, options);
        cleanups.push(opened.cleanup);
        return opened.platform;
      }, dialect);
    });
  }
}

/** Opens one platform for a test; call `cleanup` at its end. */
export async function openTestPlatform(
  dialect: 'sqlite' | 'postgres' = 'sqlite',
  migrations: readonly Migration[] = [],
  options: { now?: () => number } = {},
): Promise<{ platform: Platform; cleanup: () => Promise<void> }> {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-test-'));
  const database = dialect === 'postgres' ? await createPostgresDatabase() : null;
  const config = readConfig({ dataDir, port: 0, ...(database && { database: database.url }) }, {});
  const platform = await createPlatform(config, { log: createLogger('error'), ...options });
  await migrate(platform.db, [...platformMigrations, ...migrations]);
  return {
    platform,
    async cleanup() {
      await platform.close();
      await database?.drop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** A fresh PostgreSQL database. */
export async function createPostgresDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const name = `houston_test_${randomBytes(6).toString('hex')}`;
  const admin = async (text: string) => {
    const client = new pg.Client({ connectionString: postgresUrl });
    await client.connect();
    await client.query(text);
    await client.end();
  };
  await admin(`create database ${name}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => admin(`drop database if exists ${name} with (force)`) };
}
