/**
 * A server with nothing but pipelines, made to be killed: `node chaos-server.ts DATA_DIR [DATABASE]`. It starts one
 * run of the pipeline of the file DATA_DIR/pipeline.json unless there is one, and prints `ended STATE` at its end.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import Type from 'typebox';
import { readConfig } from '../../../platform/config.ts';
import { migrate } from '../../../platform/db/migrate.ts';
import { jobsMigrations } from '../../../platform/jobs/jobs.ts';
import type { Json } from '../../../platform/json.ts';
import { ledgerMigrations, record } from '../../../platform/ledger/index.ts';
import { createLogger } from '../../../platform/log.ts';
import { createPlatform } from '../../../platform/platform.ts';
import { reactorMigrations } from '../../../platform/reactors/reactors.tables.ts';
import { createReactors } from '../../../platform/reactors/reactors.ts';
import { transact } from '../../../platform/scope.ts';
import { createPipelinesDomain } from '../index.ts';

const [, , dataDir, database] = process.argv;
const config = readConfig({ dataDir, port: 0, ...(database && { database }) }, {});
const platform = await createPlatform(config, { log: createLogger('warn') });
const domain = createPipelinesDomain(platform);
domain.registerSteps([
  {
    name: 'test/effect',
    version: '1',
    runs: 'server',
    inputs: Type.Object({ seconds: Type.Number() }),
    execute: async ({ input }) => {
      await new Promise((resolve) => setTimeout(resolve, Number(input.seconds) * 1000));
      return { outputs: { done: true } };
    },
    commit: async (tx, _result, run) => {
      await record(tx, { type: 'test.effect.made', subject: run.stepSubject });
      return {};
    },
  },
]);
for (const kind of domain.jobs ?? []) platform.jobs.define(kind);
await migrate(platform.db, [
  ...ledgerMigrations,
  ...reactorMigrations,
  ...jobsMigrations,
  ...(domain.migrations ?? []),
]);
const reactors = createReactors(platform, domain.reactors ?? []);
const scope = platform.systemScope('user:local');
await domain.start?.(scope);
await platform.jobs.start();
await reactors.start();

const runId = await transact(scope, async (tx) => {
  const present = await tx.db.selectFrom('pipelines_runs').select('id').executeTakeFirst();
  if (present) return present.id;
  const spec = JSON.parse(readFileSync(join(dataDir, 'pipeline.json'), 'utf8')) as Json;
  await domain.putPipeline(tx, 'chaos', spec);
  return (await domain.startRun(tx, { pipeline: 'chaos' })).id;
});
console.log('ready');
setInterval(async () => {
  const { run } = await domain.getRun(scope, runId);
  if (run.ended_at === null) return;
  console.log(`ended ${run.state}`);
  process.exit(0);
}, 25);
