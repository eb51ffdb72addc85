import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ofExperiment } from '../../src/domains/experiments/purge/purge.store.ts';
import { createPostgresDatabase, describeOnEachDatabase } from '../databases.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from '../mlflow/send.ts';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'houston.mjs');
const api = '/api/2.0/mlflow';

type Plan = Record<'runs' | 'models' | 'traces' | 'points', number> & {
  experiments: { id: number; name: string }[];
  artifacts: { files: number; bytes: number };
  frees: { blobs: number; bytes: number };
  kept: { subject: string; why: string }[];
};
type Created = {
  run: { info: { run_id: string } };
  model: { info: { model_id: string } };
  experiment_id: string;
};
type Done = { plan: Plan; deleted: boolean; state?: string; result?: Record<string, unknown> };

describeOnEachDatabase('permanent deletion', (_open, dialect) => {
  let houston: TestHouston;
  let database: Awaited<ReturnType<typeof createPostgresDatabase>> | undefined;
  beforeAll(async () => {
    if (dialect === 'postgres') database = await createPostgresDatabase();
    houston = await startTestHouston({
      gcGraceSeconds: 0,
      ...(database && { database: database.url }),
    });
  });
  afterAll(async () => {
    await houston.end();
    await database?.drop();
  });

  const post = async (path: string, body: object) => {
    const reply = await send(houston.url, 'POST', `${api}/${path}`, JSON.stringify(body));
    expect([path, reply.status, reply.body]).toEqual([path, 200, reply.body]);
    return reply.json as Created;
  };
  const put = (path: string, body: string) =>
    send(houston.url, 'PUT', `/api/2.0/mlflow-artifacts/artifacts/${path}`, body);
  const get = (path: string) => send(houston.url, 'GET', `/api/2.0/mlflow-artifacts/artifacts/${path}`);
  const gc = async (...args: string[]): Promise<Done> => {
    const env = { ...process.env, HOUSTON_URL: houston.url };
    const { stdout } = await promisify(execFile)(process.execPath, [bin, 'gc', ...args, '--json'], { env });
    await houston.platform.jobs.idle();
    return JSON.parse(stdout) as Done;
  };
  const blobs = () =>
    readdirSync(join(houston.dataDir, 'blobs'))
      .filter((name) => name.length === 2)
      .flatMap((name) => readdirSync(join(houston.dataDir, 'blobs', name))).length;

  /** A run with everything that a run can have. */
  const fullRun = async (experiment: string, unique: string) => {
    const { run } = await post('runs/create', { experiment_id: experiment });
    const id = run.info.run_id;
    await post('runs/log-batch', {
      run_id: id,
      metrics: Array.from({ length: 300 }, (_, i) => ({ key: `m${i % 3}`, value: i, timestamp: 1, step: i })),
      params: [{ key: 'p', value: unique }],
      tags: [{ key: 't', value: unique }],
    });
    const dataset = { name: 'd', digest: unique.slice(0, 30), source_type: 'local', source: 'x' };
    await post('runs/log-inputs', { run_id: id, datasets: [{ dataset }] });
    const { model } = await post('logged-models', {
      experiment_id: experiment,
      source_run_id: id,
      name: 'net',
    });
    const modelId = model.info.model_id;
    await post('runs/outputs', { run_id: id, models: [{ model_id: modelId, step: 1 }] });
    await put(`${experiment}/${id}/artifacts/own.txt`, `own ${unique}`);
    await put(`${experiment}/${id}/artifacts/shared.txt`, 'shared by all');
    await put(`${experiment}/models/${modelId}/artifacts/weights`, `weights ${unique}`);
    return { id, modelId };
  };

  /** Every place of the database where a text stands. */
  const mentions = async (text: string) => {
    const { db } = houston.platform;
    const found: string[] = [];
    for (const { name, columns } of await db.introspection.getTables()) {
      if (/^(ledger_|jobs$|reactor_)/.test(name)) continue;
      for (const column of columns) {
        const { rows } = await sql<{ n: number }>`select count(*) as n from ${sql.table(name)}
          where cast(${sql.ref(column.name)} as text) like ${`%${text}%`}`.execute(db);
        if (Number(rows[0]!.n) > 0) found.push(`${name}.${column.name}`);
      }
    }
    return found;
  };

  it('says first what would go, and changes nothing', async () => {
    const { experiment_id: experiment } = await post('experiments/create', { name: 'dry' });
    const { id } = await fullRun(experiment, 'dry');
    await post('runs/delete', { run_id: id });
    const { plan, deleted } = await gc();
    expect(deleted).toBe(false);
    expect(plan).toMatchObject({
      experiments: [],
      runs: 1,
      points: 300,
      models: 0,
      artifacts: { files: 2, bytes: 'own dry'.length + 'shared by all'.length },
      frees: { blobs: 2 },
    });
    await post('runs/restore', { run_id: id });
    expect((await get(`${experiment}/${id}/artifacts/own.txt`)).body).toBe('own dry');
    expect((await gc()).plan.runs).toBe(0);
  });

  it('removes runs with all that is theirs, and bytes that nobody else holds', async () => {
    const { experiment_id: experiment } = await post('experiments/create', { name: 'mixed' });
    const [gone, stays] = [await fullRun(experiment, 'gone'), await fullRun(experiment, 'stays')];
    await post('runs/delete', { run_id: gone.id });
    await send(houston.url, 'DELETE', `${api}/logged-models/${gone.modelId}`);
    const before = blobs();
    const { plan, result } = await gc('--delete', '--yes');
    expect(plan).toMatchObject({ runs: 1, models: 1, frees: { blobs: 2 } });
    expect(result).toMatchObject({ runs: 1, models: 1, points: 300, experiments: 0, traces: 0 });
    expect(blobs()).toBe(before - 2);
    expect((await mentions(gone.id)).filter((place) => !place.endsWith('.source_run_id'))).toEqual([]);
    expect(await mentions(gone.modelId)).toEqual([]);
    expect((await send(houston.url, 'GET', `${api}/runs/get?run_id=${gone.id}`)).status).toBe(404);
    expect((await get(`${experiment}/${stays.id}/artifacts/own.txt`)).body).toBe('own stays');
    expect((await get(`${experiment}/${stays.id}/artifacts/shared.txt`)).body).toBe('shared by all');
    const history = await send(
      houston.url,
      'GET',
      `${api}/metrics/get-history?run_id=${stays.id}&metric_key=m0`,
    );
    expect(history.json.metrics).toHaveLength(100);
  });

  it('removes a deleted experiment whole; its name is free again', async () => {
    const { experiment_id: experiment } = await post('experiments/create', { name: 'again' });
    const { id, modelId } = await fullRun(experiment, 'whole');
    await put(`${experiment}/traces/tr-${id}/artifacts/traces.json`, 'spans');
    const trace = {
      trace: {
        trace_info: {
          trace_id: `tr-${id}`,
          trace_location: {
            type: 'MLFLOW_EXPERIMENT',
            mlflow_experiment: { experiment_id: experiment },
          },
          request_time: '2026-01-01T00:00:00Z',
          state: 'OK',
        },
      },
    };
    expect((await send(houston.url, 'POST', '/api/3.0/mlflow/traces', JSON.stringify(trace))).status).toBe(
      200,
    );
    await post('experiments/set-experiment-tag', { experiment_id: experiment, key: 'a', value: 'b' });
    await post('experiments/delete', { experiment_id: experiment });
    const taken = await send(houston.url, 'POST', `${api}/experiments/create`, '{"name":"again"}');
    expect(taken.json.error_code).toBe('RESOURCE_ALREADY_EXISTS');
    const { result } = await gc('--delete', '--yes', '--experiment', 'again');
    expect(result).toMatchObject({ experiments: 1, runs: 1, models: 1, traces: 1 });
    expect(await mentions(id)).toEqual([]);
    expect(await mentions(modelId)).toEqual([]);
    const { experiment_id: next } = await post('experiments/create', { name: 'again' });
    expect(Number(next)).toBeGreaterThan(Number(experiment));
  });

  it('keeps what a registered version is downloaded from, and its bytes', async () => {
    const { experiment_id: experiment } = await post('experiments/create', { name: 'held' });
    const { id, modelId } = await fullRun(experiment, 'held');
    await post('registered-models/create', { name: 'kept' });
    await post('model-versions/create', { name: 'kept', source: `models:/${modelId}`, run_id: id });
    const other = await fullRun(experiment, 'copied');
    await post('model-versions/create', { name: 'kept', source: `runs:/${other.id}/own.txt` });
    await post('experiments/delete', { experiment_id: experiment });
    const { plan, result } = await gc('--delete', '--yes');
    expect(plan.kept.map(({ subject }) => subject).sort()).toEqual(
      [`experiment-run:${other.id}`, `logged-model:${modelId}`].sort(),
    );
    expect(result).toMatchObject({ experiments: 0, runs: 1, models: 1 });
    const file = await send(
      houston.url,
      'GET',
      '/model-versions/get-artifact?name=kept&version=1&path=weights',
    );
    expect(file.body).toBe('weights held');
    expect((await get(`${experiment}/${other.id}/artifacts/own.txt`)).body).toBe('own copied');
  });

  it('narrows by age and by run, and takes nothing that is not deleted', async () => {
    const { experiment_id: experiment } = await post('experiments/create', { name: 'narrow' });
    const [one, two] = [await fullRun(experiment, 'one'), await fullRun(experiment, 'two')];
    await expect(gc('--run', one.id)).rejects.toMatchObject({ code: 2 });
    await post('runs/delete', { run_id: one.id });
    await post('runs/delete', { run_id: two.id });
    expect((await gc('--older-than', '1h')).plan.runs).toBe(0);
    expect((await gc('--delete', '--yes', '--run', one.id)).result).toMatchObject({ runs: 1 });
    expect((await send(houston.url, 'GET', `${api}/runs/get?run_id=${two.id}`)).status).toBe(200);
    await expect(gc('--older-than', 'soon')).rejects.toMatchObject({ code: 2 });
    await expect(gc('--experiment', 'nothing of this name')).rejects.toMatchObject({ code: 2 });
    expect((await gc('--delete', '--yes')).result).toMatchObject({ runs: 1 });
  });

  it('knows every table that belongs to experiments', async () => {
    const withRows = ['runs', 'dataset_inputs', 'logged_models', 'traces', 'spans'].map(
      (name) => `experiments_${name}`,
    );
    const tables = (await houston.platform.db.introspection.getTables())
      .filter(({ columns }) => columns.some(({ name }) => name === 'experiment_id'))
      .map(({ name }) => name);
    expect(tables.sort()).toEqual([...withRows, ...ofExperiment].sort());
  });

  it('leaves an event with counts for every removal', async () => {
    const types = ['experiments.gc.requested', 'experiments.deleted.purged', 'platform.blobs.collected'];
    for (const type of types) {
      const { items } = await houston.client.get<{ items: unknown[] }>('/api/ledger/events', { type });
      expect([type, items.length > 0]).toEqual([type, true]);
    }
    expect(await houston.client.post('/api/ledger/verify')).toMatchObject({ ok: true });
  });
});
