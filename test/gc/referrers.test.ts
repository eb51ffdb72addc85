import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dayMs, type FlightData, openFlights } from '../../examples/flights/flights.ts';
import { readDeclaration } from '../../src/cli/commands/declarations.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from '../mlflow/send.ts';

const start = Date.UTC(2001, 0, 1);

/** Columns with digests that keep nothing alive: of other things than blobs, or of the past. */
const remembered = new Set([
  'data_parts.source_digest',
  'data_validations.digest',
  'ledger_events.data',
  'ledger_events.subject',
  'ledger_events.uses',
  'ledger_uses.subject',
  'pipelines_steps.cache_key',
  'pipelines_steps.cache_material',
  'pipelines_steps.cache_why',
  'pipelines_cache.key',
  'platform_blob_marks.digest',
  'serving_probes.digest',
]);

/** Names of columns that sound like digests of blobs and are none. */
const otherDigests = new Set([
  'data_suites.digest',
  'data_versions.digest',
  'data_parts.source_digest',
  'data_validations.digest',
  'pipelines_revisions.digest',
  'features_services.digest',
  'serving_revisions.feature_digest',
  'serving_probes.digest',
  'governance_policies.digest',
  'governance_approvals.policy_digest',
  'monitoring_references.profile',
  'experiments_datasets.digest',
  'experiments_datasets.profile',
  'experiments_dataset_inputs.digest',
  'experiments_evaluation_records.input_digest',
  'experiments_logged_model_metrics.dataset_digest',
  'platform_blob_marks.digest',
]);

/** A short training on four days of flights. */
function shortProject(): Record<string, unknown> {
  const file = join(import.meta.dirname, '../../examples/flights/houston.yaml');
  const declaration = readDeclaration(file) as {
    pipelines: Record<string, { on?: unknown; jobs: Record<string, { with: Record<string, unknown> }> }>;
    models: Record<string, object>;
    policies?: unknown;
  };
  const training = declaration.pipelines['flights-training'];
  training.jobs.split.with.test = '1d';
  training.jobs.train.with.params = { trees: 20 };
  delete training.on;
  declaration.models['flights-delay'] = { gate: { checks: [{ check: 'calibration', bound: 0.5 }] } };
  delete declaration.policies;
  return declaration;
}

describe('what keeps blobs alive', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-referrers-'));
  let houston: TestHouston;
  let flights: FlightData;
  let declared: Set<string>;
  beforeAll(async () => {
    houston = await startTestHouston({ dataDir, gcGraceSeconds: 0 });
    flights = await openFlights();
    declared = new Set(
      Object.values(houston.domains)
        .flatMap((domain) => ('blobReferrers' in domain ? [...domain.blobReferrers!] : []))
        .map(({ table, column }) => `${table}.${column}`)
        .concat('jobs.payload'),
    );
    await houston.client.post('/api/declarations/apply', shortProject());
    await houston.client.post(
      '/api/data/datasets/flights/versions',
      await flights.parquet(start, start + 4 * dayMs),
      { contentType: 'application/vnd.apache.parquet' },
    );
    await houston.client.get('/api/data/datasets/flights/versions/latest/profile');
    await runTraining();
    const path = '/api/2.0/mlflow-artifacts/artifacts/0/models/m-1/artifacts/MLmodel';
    await send(houston.url, 'PUT', path, 'flavors: {sklearn: {}}');
    await houston.client.post('/api/2.0/mlflow/registered-models/create', { name: 'recorded' });
    await houston.client.post('/api/2.0/mlflow/model-versions/create', {
      name: 'recorded',
      source: 'mlflow-artifacts:/0/models/m-1/artifacts',
    });
  }, 700_000);
  afterAll(async () => {
    await flights.close();
    await houston.end();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function runTraining(): Promise<{ steps: { state: string }[] }> {
    const { id } = await houston.client.post<{ id: string }>('/api/pipelines/flights-training/runs', {});
    for (const until = Date.now() + 600_000; Date.now() < until; ) {
      const run = await houston.client.get<{ state: string; steps: { state: string }[] }>(
        `/api/pipelines/runs/${id}`,
      );
      if (!['queued', 'running'].includes(run.state)) {
        expect(run.state).toBe('succeeded');
        return run;
      }
      await wait(200);
    }
    throw new Error('The training did not end.');
  }

  const stored = () =>
    readdirSync(join(dataDir, 'blobs'))
      .filter((name) => name.length === 2)
      .flatMap((name) => readdirSync(join(dataDir, 'blobs', name)))
      .map((hex) => `sha256:${hex}`);

  const columns = async () =>
    (await houston.platform.db.introspection.getTables()).flatMap(({ name, columns: own }) =>
      own.map((column) => ({ table: name, column: column.name, key: `${name}.${column.name}` })),
    );

  it('is declared: every column with a digest of stored bytes', async () => {
    const blobs = new Set(stored());
    expect(blobs.size).toBeGreaterThan(10);
    const undeclared = new Set<string>();
    for (const { table, column, key } of await columns()) {
      if (declared.has(key) || remembered.has(key)) continue;
      const { rows } = await sql<{ text: unknown }>`select ${sql.ref(column)} as text from ${sql.table(table)}
        where cast(${sql.ref(column)} as text) like '%sha256:%'`.execute(houston.platform.db);
      for (const { text } of rows) {
        for (const [digest] of String(text).matchAll(/sha256:[0-9a-f]{64}/g)) {
          if (blobs.has(digest)) undeclared.add(key);
        }
      }
    }
    expect([...undeclared]).toEqual([]);
  });

  it('is declared: every column that sounds like one, and no column that is not there', async () => {
    const present = new Set((await columns()).map(({ key }) => key));
    expect([...declared].filter((key) => !present.has(key))).toEqual([]);
    const suspicious = [...present].filter((key) => /digest|blob|profile/.test(key.split('.')[1]!));
    expect(suspicious.filter((key) => !declared.has(key) && !otherDigests.has(key))).toEqual([]);
  });

  it('stays: a collection takes nothing that is in use', async () => {
    const before = new Set(stored());
    await houston.client.post('/api/experiments/gc', { delete: true });
    await houston.platform.jobs.idle();
    const { items } = await houston.client.get<{ items: { data: { blobs: number } }[] }>(
      '/api/ledger/events',
      { type: 'platform.blobs.collected' },
    );
    const after = new Set(stored());
    const gone = [...before].filter((digest) => !after.has(digest));
    expect(gone.length).toBe(items.reduce((sum, { data }) => sum + data.blobs, 0));
    const { steps } = await runTraining();
    expect(steps.filter(({ state }) => state === 'cached').length).toBeGreaterThan(4);
    const model = await houston.client.download('/api/registry/models/flights-delay/versions/1/model');
    expect(model.length).toBeGreaterThan(1000);
    await houston.client.get('/api/registry/models/flights-delay/versions/1/evaluation');
    await houston.client.get('/api/registry/models/flights-delay/versions/1/profile');
    await houston.client.get('/api/data/datasets/flights/versions/latest/profile');
    const rows = await houston.client.download('/api/data/datasets/flights/versions/latest/download');
    expect(rows.length).toBeGreaterThan(1000);
    const file = await send(
      houston.url,
      'GET',
      '/model-versions/get-artifact?name=recorded&version=1&path=MLmodel',
    );
    expect(file.body).toBe('flavors: {sklearn: {}}');
    await houston.close();
    houston = { ...(await startTestHouston({ dataDir, gcGraceSeconds: 0 })), dataDir };
    const { champion } = await houston.client.get<{ champion: { id: string } | null }>(
      '/api/serving/deployments/flights-delay',
    );
    expect(champion).toBeTruthy();
  }, 700_000);
});
