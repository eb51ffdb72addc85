import { afterAll, beforeAll, expect, it } from 'vitest';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from './send.ts';

/** What clients in other languages put on the wire, each in its own spelling of the same messages. */
let own: TestHouston;
beforeAll(async () => {
  own = await startTestHouston();
});
afterAll(() => own?.end());

type Json = Record<string, unknown>;

async function call(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
  const text = body === undefined ? undefined : JSON.stringify(body);
  const reply = await send(own.url, method, path, text, headers);
  expect(reply.status, `${method} ${path}: ${reply.body}`).toBe(200);
  return reply.json as Json;
}

const v2 = '/api/2.0/mlflow';

it('Java: 64-bit numbers as texts, both names of a run, doubles as words', async () => {
  const agent = { 'user-agent': 'mlflow-java-client/3.17.2', accept: '*/*' };
  const get = (path: string) => call('GET', `${v2}/${path}`, undefined, agent);
  const post = (path: string, body: Json) => call('POST', `${v2}/${path}`, body, agent);
  const { experiment_id } = await post('experiments/create', { name: 'from java' });
  const by = await get(`experiments/get-by-name?experiment_name=from+java`);
  expect((by.experiment as Json).experiment_id).toBe(experiment_id);
  const found = await post('experiments/search', { max_results: '1000', view_type: 'ACTIVE_ONLY' });
  expect((found.experiments as Json[]).map(({ name }) => name)).toContain('from java');
  await post('experiments/set-experiment-tag', { experiment_id, key: 'team', value: 'risk' });
  const made = await post('runs/create', { experiment_id, user_id: 'ann', start_time: '1700000000000' });
  const info = (made.run as { info: Json }).info;
  const run = { run_uuid: info.run_uuid, run_id: info.run_id };
  await post('runs/log-parameter', { ...run, key: 'depth', value: '5' });
  for (const [step, value] of [0.5, 'NaN', 'Infinity', 0.75].entries()) {
    await post('runs/log-metric', {
      ...run,
      key: 'auc',
      value,
      timestamp: '1700000000001',
      step: String(step),
    });
  }
  await post('runs/log-batch', {
    run_id: run.run_id,
    metrics: [{ key: 'loss', value: 1, timestamp: '1700000000002', step: '9007199254740991' }],
    params: [{ key: 'eta', value: '0.1' }],
    tags: [{ key: 'mlflow.source.type', value: 'LOCAL' }],
  });
  await post('runs/set-tag', { ...run, key: 'owner', value: 'ann' });
  await post('runs/delete-tag', { run_id: run.run_id, key: 'owner' });
  await post('runs/update', { ...run, status: 'FINISHED', end_time: '1700000009999' });
  const kept = (await get(`runs/get?run_uuid=${run.run_id}&run_id=${run.run_id}`)).run as {
    info: Json;
    data: { metrics: Json[]; params: Json[] };
  };
  expect(kept.info).toMatchObject({ status: 'FINISHED', end_time: 1_700_000_009_999, user_id: 'ann' });
  expect(kept.data.metrics).toContainEqual({
    key: 'auc',
    value: 0.75,
    timestamp: 1_700_000_000_001,
    step: 3,
  });
  const history = await get(`metrics/get-history?run_uuid=${run.run_id}&run_id=${run.run_id}&metric_key=auc`);
  expect((history.metrics as Json[]).map(({ value }) => value)).toEqual([0.5, 'NaN', 'Infinity', 0.75]);
  const page = await post('runs/search', {
    experiment_ids: [experiment_id],
    filter: "params.depth = '5'",
    run_view_type: 'ACTIVE_ONLY',
    max_results: 1000,
    order_by: ['metrics.auc DESC'],
  });
  expect(page.runs).toHaveLength(1);

  await post('registered-models/create', { name: 'java model' });
  const version = await post('model-versions/create', {
    name: 'java model',
    run_id: run.run_id,
    source: `mlflow-artifacts:/${experiment_id}/${run.run_id}/artifacts/model`,
  });
  expect(version.model_version).toMatchObject({ version: '1', status: 'READY' });
  await post('model-versions/transition-stage', { name: 'java model', version: '1', stage: 'Staging' });
  const latest = await get(
    'registered-models/get-latest-versions?name=java+model&stages=Staging&stages=None',
  );
  expect(latest.model_versions).toHaveLength(1);
  const uri = await get('model-versions/get-download-uri?name=java+model&version=1');
  expect(String(uri.artifact_uri)).toMatch(/\/artifacts\/model$/);
  const versions = await get('model-versions/search?filter=name%3D%27java+model%27');
  expect(versions.model_versions).toHaveLength(1);
  await call('PATCH', `${v2}/model-versions/update`, { name: 'java model', version: '1' }, agent);
});

it('R: every value as a text, long numbers with an exponent, truth in capitals', async () => {
  const post = (path: string, body: Json) => call('POST', `${v2}/${path}`, body);
  const { experiment_id } = await post('experiments/create', { name: 'from R', tags: [] });
  const made = await post('runs/create', {
    experiment_id,
    user_id: 'unknown',
    start_time: '1.7e+12',
    tags: [{ key: 'mlflow.source.name', value: 'train.R' }],
  });
  const { run_uuid, run_id, start_time } = (made.run as { info: Json }).info;
  expect(start_time).toBe(1_700_000_000_000);
  await post('runs/log-metric', {
    run_uuid,
    run_id,
    key: 'rmse',
    value: '0.786172527230251',
    timestamp: '1700000000123',
    step: '1e+05',
  });
  await post('runs/log-batch', {
    run_id,
    metrics: [{ key: 'mae', value: '-Infinity', step: '2', timestamp: '1700000000123' }],
    params: [{ key: 'alpha', value: '0.5' }],
  });
  await post('runs/log-parameter', { run_uuid, run_id, key: 'lambda', value: '0.1' });
  await post('runs/log-model', { run_id, model_json: JSON.stringify({ run_id, artifact_path: 'model' }) });
  await post('runs/update', { run_uuid, run_id, status: 'FINISHED', end_time: '1700000000999' });
  const history = await call('GET', `${v2}/metrics/get-history?run_id=${run_id}&metric_key=rmse`);
  expect(history.metrics).toEqual([
    { key: 'rmse', value: 0.786172527230251, timestamp: 1_700_000_000_123, step: 100_000 },
  ]);
  await post('registered-models/create', { name: 'r-model', tags: [{ key: 'a', value: 'b' }] });
  for (const source of ['first', 'second']) {
    await post('model-versions/create', {
      name: 'r-model',
      run_id,
      source: `mlflow-artifacts:/${experiment_id}/${run_id}/artifacts/${source}`,
    });
  }
  const stage = (version: string, archive: string) =>
    post('model-versions/transition-stage', {
      name: 'r-model',
      version,
      stage: 'Production',
      archive_existing_versions: archive,
    });
  await stage('1', 'FALSE');
  await stage('2', 'TRUE');
  const first = await call('GET', `${v2}/model-versions/get?name=r-model&version=1`);
  expect(first.model_version).toMatchObject({ current_stage: 'Archived' });
  const models = await post('registered-models/search', { max_results: '100', order_by: [] });
  expect((models.registered_models as Json[]).map(({ name }) => name)).toEqual(['java model', 'r-model']);
  await call('DELETE', `${v2}/model-versions/delete`, { name: 'r-model', version: '1' });
});

it('TypeScript: a trace is told at its end, its spans are a file beside it', async () => {
  const trace_id = `tr-${'ab'.repeat(16)}`;
  const made = await call('POST', '/api/3.0/mlflow/traces', {
    trace: {
      trace_info: {
        trace_id,
        trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } },
        request_time: '2026-11-01T10:00:00.000Z',
        execution_duration: '0.125s',
        state: 'OK',
        trace_metadata: { 'mlflow.trace_schema.version': '3' },
        tags: { 'mlflow.traceName': 'answer' },
        assessments: [],
      },
    },
  });
  const { tags } = (made.trace as { trace_info: { tags: Record<string, string> } }).trace_info;
  const { pathname } = new URL(tags['mlflow.artifactLocation']!);
  const file = `/api/2.0/mlflow-artifacts/artifacts${pathname}/traces.json`;
  const spans = {
    spans: [{ name: 'answer', trace_id: 'q6urq6urq6urq6urq6urqw==', span_id: 'AAAAAAAAAAE=' }],
  };
  await call('PUT', file, spans);
  expect(await call('GET', file)).toEqual(spans);
  const read = await call('GET', `/api/3.0/mlflow/traces/${trace_id}`);
  expect((read.trace as { trace_info: Json }).trace_info).toMatchObject({ state: 'OK', trace_id });
});

it('notebooks: the frame below a cell links to traces, and repeats nothing that is no id', async () => {
  const page = '/static-files/lib/notebook-trace-renderer/index.html';
  const id = `tr-${'cd'.repeat(16)}`;
  const reply = await send(own.url, 'GET', `${page}?trace_id=${id}&trace_id=%3Cscript%3E&version=3.17.2`);
  expect(reply).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' });
  expect(reply.body).toContain(`<a href="/experiments/traces/${id}" target="_blank" rel="noopener">`);
  expect(reply.body.match(/<li>/g)).toHaveLength(1);
  expect(reply.body).not.toContain('script');
});
