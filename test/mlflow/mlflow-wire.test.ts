import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPostgresDatabase, describeOnEachDatabase } from '../databases.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from './send.ts';

describeOnEachDatabase('the wire of the MLflow protocol', (_open, dialect) => {
  let houston: TestHouston;
  let runId: string;
  let database: Awaited<ReturnType<typeof createPostgresDatabase>> | undefined;
  const api = '/api/2.0/mlflow';
  const post = (path: string, body: unknown) =>
    send(houston.url, 'POST', `${api}/${path}`, typeof body === 'string' ? body : JSON.stringify(body));
  const get = (path: string) => send(houston.url, 'GET', `${api}/${path}`);
  beforeAll(async () => {
    if (dialect === 'postgres') database = await createPostgresDatabase();
    houston = await startTestHouston(database && { database: database.url });
    const { json } = await post('runs/create', { experiment_id: '0', start_time: '1700000000000' });
    runId = (json as { run: { info: { run_id: string } } }).run.info.run_id;
  });
  afterAll(async () => {
    await houston.end();
    await database?.drop();
  });

  it.each<[name: string, path: string, body: unknown, status: number, code: string, says: string]>([
    ['a taken name', 'experiments/create', { name: 'Default' }, 400, 'RESOURCE_ALREADY_EXISTS', 'name'],
    [
      'no name',
      'experiments/create',
      {},
      400,
      'INVALID_PARAMETER_VALUE',
      "Missing value for required parameter 'name'",
    ],
    [
      'a name that is no text',
      'experiments/create',
      { name: 123 },
      400,
      'INVALID_PARAMETER_VALUE',
      "Invalid value 123 for parameter 'name' supplied",
    ],
    [
      'a list that is none',
      'runs/log-batch',
      { run_id: 'RUN', params: 'foo' },
      400,
      'INVALID_PARAMETER_VALUE',
      `Invalid value "foo" for parameter 'params' supplied`,
    ],
    [
      'a run that is a number',
      'runs/log-metric',
      { run_id: 31, key: 'a', value: 1, timestamp: 1 },
      400,
      'INVALID_PARAMETER_VALUE',
      "Invalid value 31 for parameter 'run_id' supplied",
    ],
    [
      'an unknown run',
      'runs/log-metric',
      { run_id: 'f'.repeat(32), key: 'a', value: 1, timestamp: 1 },
      404,
      'RESOURCE_DOES_NOT_EXIST',
      `Run with id=${'f'.repeat(32)} not found`,
    ],
    [
      'no run',
      'runs/log-metric',
      { key: 'a', value: 1, timestamp: 1 },
      400,
      'INVALID_PARAMETER_VALUE',
      "'run_id'",
    ],
    [
      'an unknown experiment',
      'runs/create',
      { experiment_id: '777' },
      404,
      'RESOURCE_DOES_NOT_EXIST',
      'experiment',
    ],
    [
      'an id that is none',
      'runs/create',
      { experiment_id: 'abc' },
      400,
      'INVALID_PARAMETER_VALUE',
      "'experiment_id'",
    ],
    [
      'two names',
      'runs/create',
      { run_name: 'a', tags: [{ key: 'mlflow.runName', value: 'b' }] },
      400,
      'INVALID_PARAMETER_VALUE',
      "'run_name'",
    ],
    ['no JSON', 'runs/create', '{', 400, 'BAD_REQUEST', 'JSON'],
    ['a list', 'runs/create', '[]', 400, 'BAD_REQUEST', 'object'],
    [
      'a filter of nonsense',
      'runs/search',
      { experiment_ids: ['0'], filter: 'a b c' },
      400,
      'INVALID_PARAMETER_VALUE',
      'filter',
    ],
    [
      'a page of another server',
      'runs/search',
      { experiment_ids: ['0'], page_token: 'xyz' },
      400,
      'INVALID_PARAMETER_VALUE',
      'token',
    ],
    [
      'a missing tag',
      'runs/delete-tag',
      { run_id: 'RUN', key: 'none' },
      404,
      'RESOURCE_DOES_NOT_EXIST',
      'tag',
    ],
    [
      'a name that climbs',
      'runs/log-batch',
      { run_id: 'RUN', metrics: [{ key: '../up', value: 1, timestamp: 1 }] },
      400,
      'INVALID_PARAMETER_VALUE',
      "'metrics[0].key'",
    ],
    [
      'a time before all times',
      'runs/log-batch',
      { run_id: 'RUN', metrics: [{ key: 'm', value: 1, timestamp: -1 }] },
      400,
      'INVALID_PARAMETER_VALUE',
      "'metrics[0].timestamp'",
    ],
    [
      'a value that is no number',
      'runs/log-batch',
      { run_id: 'RUN', metrics: [{ key: 'm', value: 'much', timestamp: 1 }] },
      400,
      'INVALID_PARAMETER_VALUE',
      "'metrics[0].value'",
    ],
    [
      'a step beyond what JSON carries',
      'runs/log-metric',
      { run_id: 'RUN', key: 'm', value: 1, timestamp: 1, step: '9223372036854775807' },
      400,
      'INVALID_PARAMETER_VALUE',
      "'step'",
    ],
    [
      '101 params',
      'runs/log-batch',
      { run_id: 'RUN', params: Array.from({ length: 101 }, (_, i) => ({ key: `p${i}`, value: '1' })) },
      400,
      'INVALID_PARAMETER_VALUE',
      '100',
    ],
    [
      'restoring what is not deleted',
      'runs/restore',
      { run_id: 'RUN' },
      400,
      'INVALID_PARAMETER_VALUE',
      'active',
    ],
    [
      'a location with tricks',
      'experiments/create',
      { name: 'x', artifact_location: 'file:///tmp/a#/../../etc' },
      400,
      'INVALID_PARAMETER_VALUE',
      "'artifact_location'",
    ],
  ])('answers %s with the right error', async (_name, path, body, status, code, says) => {
    const text = typeof body === 'string' ? body : JSON.stringify(body).replace('"RUN"', `"${runId}"`);
    const reply = await post(path, text);
    expect(reply).toMatchObject({ status, json: { error_code: code } });
    expect(reply.json.message).toContain(says);
  });

  it('keeps nothing of a batch that fails', async () => {
    const batch = {
      run_id: runId,
      metrics: [{ key: 'half', value: 1, timestamp: 1 }],
      params: [{ key: 'fixed', value: '1' }],
    };
    expect((await post('runs/log-batch', batch)).status).toBe(200);
    const bad = {
      ...batch,
      metrics: [{ key: 'lost', value: 1, timestamp: 1 }],
      params: [{ key: 'fixed', value: '2' }],
    };
    expect((await post('runs/log-batch', bad)).json.error_code).toBe('INVALID_PARAMETER_VALUE');
    expect((await get(`runs/get?run_id=${runId}`)).body).not.toContain('lost');
  });

  it('reads what old and new clients send', async () => {
    expect((await post('experiments/search', '')).status).toBe(200);
    expect((await post('experiments/search', JSON.stringify('{"max_results":"5"}'))).status).toBe(200);
    expect((await post('runs/search', { experiment_ids: ['0'], run_view_type: 3 })).status).toBe(200);
    const byBody = await send(houston.url, 'GET', `${api}/experiments/get`, '{"experiment_id":"0"}');
    expect(byBody.json).toMatchObject({ experiment: { name: 'Default' } });
    expect((await get(`runs/get?run_uuid=${runId}`)).status).toBe(200);
    const words = { run_uuid: runId, key: 'nan', value: 'NaN', timestamp: '17', step: '3', unknown: [1] };
    expect(await post('runs/log-metric', words)).toMatchObject({ status: 200, body: '{}' });
    const history = await get(`metrics/get-history?run_id=${runId}&metric_key=nan`);
    expect(history.json).toEqual({ metrics: [{ key: 'nan', value: 'NaN', timestamp: 17, step: 3 }] });
    const ajax = await send(houston.url, 'GET', '/ajax-api/2.0/mlflow/experiments/get?experiment_id=0');
    expect(ajax.status).toBe(200);
  });

  it.each(['GET', 'POST', 'PUT', 'DELETE'])(
    'answers an unknown %s with a 404 that is not JSON',
    async (method) => {
      for (const path of [
        '/api/2.0/mlflow/nothing',
        '/api/3.0/mlflow/datasets',
        '/api/4.0/mlflow/x',
        '/ajax-api/2.0/x',
      ]) {
        const reply = await send(houston.url, method, path, method === 'GET' ? undefined : '{}');
        expect([path, reply.status, reply.type]).toEqual([path, 404, 'text/plain']);
      }
    },
  );

  it('thins histories for charts and keeps their ends', async () => {
    const metrics = Array.from({ length: 1000 }, (_, i) => ({
      key: 'curve',
      value: i,
      timestamp: i,
      step: i,
    }));
    await post('runs/log-batch', { run_id: runId, metrics });
    const { json } = await get(
      `metrics/get-history-bulk-interval?run_ids=${runId}&metric_key=curve&max_results=50`,
    );
    const steps = (json.metrics as { step: number; run_id: string }[]).map(({ step }) => step);
    expect([steps.length, steps[0], steps.at(-1)]).toEqual([50, 0, 999]);
    const part = await get(
      `metrics/get-history-bulk-interval?run_ids=${runId}&metric_key=curve&start_step=10&end_step=19`,
    );
    expect((part.json.metrics as unknown[]).length).toBe(10);
  });

  it('says what it cannot do in words that clients understand', async () => {
    const presigned = await send(houston.url, 'GET', '/api/2.0/mlflow-artifacts/presigned/x');
    expect(presigned).toMatchObject({ status: 501, json: { error_code: 'NOT_IMPLEMENTED' } });
    const { json } = await send(houston.url, 'GET', '/api/3.0/mlflow/server-info');
    expect(json).toMatchObject({ store_type: 'SqlStore', multipart_uploads_enabled: false });
  });

  it('never fails inside, whatever a filter or a path holds', async () => {
    const filters = [
      'start_time > 1.5',
      'start_time < 1e30',
      'metrics.a > 1e999',
      "run_id IN ('\u0000', '💥')",
      "tags.a LIKE '%\\'",
      "params.`a\u0000b` ILIKE '_%'",
      "attributes.status LIKE ''",
      'end_time != -0.5',
      "user_id = ''",
    ];
    for (const filter of filters) {
      const reply = await post('runs/search', { experiment_ids: ['0', '999999999999'], filter });
      expect([filter, reply.status < 500]).toEqual([filter, true]);
    }
    for (const path of [
      'logged-models/%00',
      'logged-models/%ff',
      'runs/get?run_id=%00',
      'registered-models/get?name=%00a',
    ]) {
      const reply = await get(path);
      expect([path, reply.status >= 400 && reply.status < 500]).toEqual([path, true]);
    }
    const trace = await send(houston.url, 'GET', '/api/3.0/mlflow/traces/%00');
    expect(trace.status).toBe(400);
    expect((await send(houston.url, 'GET', '/get-artifact?run_id=%00&path=a')).status).toBe(400);
  });

  it('never fails inside, whatever a caller sends', async () => {
    const nasty: unknown[] = [
      null,
      true,
      -1,
      Number.MAX_VALUE,
      'x\u0000y',
      '\ud800',
      '💥',
      [],
      {},
      [[]],
      [{}],
      [null],
      '9'.repeat(400),
    ];
    const fields = [
      'run_id',
      'experiment_id',
      'experiment_ids',
      'key',
      'value',
      'timestamp',
      'metrics',
      'params',
      'tags',
      'filter',
      'order_by',
      'max_results',
      'page_token',
      'name',
      'models',
      'datasets',
      'status',
      'view_type',
    ];
    const paths = [
      'experiments/create',
      'experiments/search',
      'experiments/update',
      'experiments/set-experiment-tag',
      'runs/create',
      'runs/update',
      'runs/search',
      'runs/log-batch',
      'runs/log-metric',
      'runs/log-parameter',
      'runs/set-tag',
      'runs/log-inputs',
      'runs/outputs',
      'logged-models',
      'logged-models/search',
      'registered-models/create',
      'registered-models/set-tag',
      'registered-models/get-latest-versions',
      'model-versions/create',
      'model-versions/transition-stage',
      'traces/delete-traces',
    ];
    const good: Record<string, unknown> = {
      run_id: runId,
      experiment_id: '0',
      key: 'k',
      value: '1',
      timestamp: 1,
      name: 'n',
    };
    for (const path of paths) {
      for (const field of fields) {
        for (const value of nasty) {
          const reply = await post(path, { ...good, [field]: value });
          expect([path, field, value, reply.status < 500]).toEqual([path, field, value, true]);
        }
      }
    }
  }, 600_000);
});
