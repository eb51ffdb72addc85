import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type BlobStore, openLocalBlobs } from './blobs/blobs.ts';
import { type BlobCollector, createBlobCollector } from './blobs/collector.ts';
import { systemClock } from './clock.ts';
import { type Config, dataFolder } from './config.ts';
import type { Db } from './db/database.ts';
import { type Dialect, openDatabase } from './db/open.ts';
import { createJobs, type Jobs } from './jobs/jobs.ts';
import { createLedger, type Ledger, openCheckpoints } from './ledger/index.ts';
import { createLogger, type Logger } from './log.ts';
import { createProcessHistory, type ProcessHistory } from './process-history.ts';
import { everything, type Scope } from './scope.ts';
import { openTables, type Tables } from './tables/index.ts';
import { createTracer, type Tracer } from './tracing/tracer.ts';

/** What every domain stands on. Made once by the composition root. */
export type Platform = {
  readonly config: Config;
  readonly db: Db;
  readonly dialect: Dialect;
  readonly ledger: Ledger;
  readonly blobs: BlobStore;
  /** Removes bytes that nothing refers to. */
  readonly collector: BlobCollector;
  readonly tables: Tables;
  readonly jobs: Jobs;
  readonly log: Logger;
  /** Decides which requests are traced, and hands what was traced on. */
  readonly tracer: Tracer;
  /** What this process uses, and used over the last day. */
  readonly process: ProcessHistory;
  readonly now: () => number;
  /** Names this process among replicas. */
  readonly instance: string;
  /** A scope with all permissions, for reactors, jobs and start-up. */
  systemScope(actor: string): Scope;
  close(): Promise<void>;
};

export async function createPlatform(
  config: Config,
  options: { log?: Logger; now?: () => number } = {},
): Promise<Platform> {
  const log = options.log ?? createLogger(config.logLevel);
  const now = options.now ?? systemClock;
  dataFolder(config);
  const { db, dialect } = openDatabase(config.database ?? join(config.dataDir, 'houston.sqlite'));
  const ledger = createLedger(openCheckpoints(config), now);
  const tables = await openTables(config);
  const blobs = openLocalBlobs(config, { log });
  const permissions = new Set([everything]);
  const platform: Platform = {
    config,
    db,
    dialect,
    ledger,
    blobs,
    tables,
    log,
    tracer: createTracer(config.tracing.sample),
    process: createProcessHistory(now),
    now,
    instance: randomUUID(),
    jobs: undefined as unknown as Jobs,
    collector: undefined as unknown as BlobCollector,
    systemScope: (actor) => ({ db, actor, permissions, cause: null, now, log, platform }),
    async close() {
      platform.process.stop();
      ledger.close();
      tables.close();
      await blobs.flushed();
      await db.destroy();
    },
  };
  return Object.assign(platform, {
    jobs: createJobs(platform),
    collector: createBlobCollector(platform),
  });
}
