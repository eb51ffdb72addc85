/**
 * What Houston itself costs per step: chains of steps that do nothing, on SQLite and on PostgreSQL (when one answers
 * at HOUSTON_TEST_POSTGRES). Beside process steps stands the bare start of the same program, measured in the same run.
 * `node bench/pipelines/dispatch.ts [STEPS]` prints one JSON object.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import Type from 'typebox';
import { createPipelinesDomain } from '../../src/domains/pipelines/index.ts';
import { readConfig } from '../../src/platform/config.ts';
import { migrate } from '../../src/platform/db/migrate.ts';
import { jobsMigrations } from '../../src/platform/jobs/jobs.ts';
import type { Json, JsonObject } from '../../src/platform/json.ts';
import { ledgerMigrations } from '../../src/platform/ledger/index.ts';
import { createLogger } from '../../src/platform/log.ts';
import { createPlatform } from '../../src/platform/platform.ts';
import { reactorMigrations } from '../../src/platform/reactors/reactors.tables.ts';

const steps = Number(process.argv[2] ?? 50);
const postgresUrl = process.env.HOUSTON_TEST_POSTGRES ?? 'postgres://postgres@127.0.0.1:5432/postgres';

async function measure(database?: string) {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-bench-'));
  const config = readConfig({ dataDir, port: 0, ...(database && { database }) }, {});
  const platform = await createPlatform(config, { log: createLogger('error') });
  const domain = createPipelinesDomain(platform);
  domain.registerSteps([
    {
      name: 'bench/nothing',
      version: '1',
      runs: 'server',
      inputs: Type.Object({}),
      execute: async () => ({ outputs: {} }),
    },
  ]);
  for (const kind of domain.jobs ?? []) platform.jobs.define(kind);
  await migrate(platform.db, [
    ...ledgerMigrations,
    ...reactorMigrations,
    ...jobsMigrations,
    ...(domain.migrations ?? []),
  ]);
  await platform.jobs.start();
  const scope = platform.systemScope('user:bench');

  async function perStep(job: JsonObject, count: number): Promise<number> {
    const jobs: Record<string, Json> = {};
    for (let i = 0; i < count; i++) jobs[`s${i}`] = { ...job, ...(i > 0 && { needs: `s${i - 1}` }) };
    const name = `bench-${Math.random().toString(36).slice(2)}`;
    await domain.putPipeline(scope, name, { jobs });
    const begin = performance.now();
    const { id } = await domain.startRun(scope, { pipeline: name });
    for (;;) {
      await platform.jobs.idle();
      const { run } = await domain.getRun(scope, id);
      if (run.state === 'succeeded') return (performance.now() - begin) / count;
      if (run.ended_at !== null) throw new Error(`The run has ${run.state}: ${run.reason}`);
    }
  }

  const wait = { uses: 'pipelines/wait', with: { seconds: 0 } };
  await perStep({ uses: 'bench/nothing' }, 5);
  await perStep(wait, 1);
  const result = {
    serverStepMs: round(await perStep({ uses: 'bench/nothing' }, steps)),
    shellStepMs: round(await perStep({ run: 'true' }, Math.ceil(steps / 2))),
    builtInProcessStepMs: round(await perStep(wait, Math.ceil(steps / 5))),
  };
  await platform.jobs.stop();
  await platform.close();
  rmSync(dataDir, { recursive: true, force: true });
  return result;
}

async function bareStartMs(command: string, args: string[], count: number): Promise<number> {
  const begin = performance.now();
  for (let i = 0; i < count; i++) {
    await new Promise((resolve) => spawn(command, args, { stdio: 'ignore' }).once('exit', resolve));
  }
  return round((performance.now() - begin) / count);
}

const round = (value: number) => Math.round(value * 100) / 100;

async function onPostgres() {
  const admin = new pg.Client({ connectionString: postgresUrl, connectionTimeoutMillis: 1500 });
  try {
    await admin.connect();
  } catch {
    return 'skipped: no PostgreSQL answers';
  }
  const name = `houston_bench_${process.pid}`;
  await admin.query(`create database ${name}`);
  const url = new URL(postgresUrl);
  url.pathname = `/${name}`;
  try {
    return await measure(url.href);
  } finally {
    await admin.query(`drop database if exists ${name} with (force)`);
    await admin.end();
  }
}

const result = {
  steps,
  sqlite: await measure(),
  postgres: await onPostgres(),
  bare: {
    shellMs: await bareStartMs('/bin/sh', ['-c', 'true'], 20),
    nodeMs: await bareStartMs(process.execPath, ['-e', '0'], 10),
  },
};
console.log(JSON.stringify(result, null, 2));
