import { afterAll, beforeAll, expect, it } from 'vitest';
import { createPostgresDatabase, describeOnEachDatabase } from '../databases.ts';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from './send.ts';

describeOnEachDatabase('the wire of MLflow traces', (_open, dialect) => {
  let houston: TestHouston;
  let database: Awaited<ReturnType<typeof createPostgresDatabase>> | undefined;
  const id = `tr-${'c'.repeat(32)}`;
  const v3 = '/api/3.0/mlflow/traces';
  const call = (method: string, path: string, body?: unknown) =>
    send(houston.url, method, path, body === undefined ? undefined : JSON.stringify(body));
  const info = {
    trace_id: id,
    trace_location: { type: 'MLFLOW_EXPERIMENT', mlflow_experiment: { experiment_id: '0' } },
    request_time: '2026-01-01T00:00:00.123Z',
    execution_duration: '1.5s',
    state: 1,
    tags: { 'mlflow.traceName': 'n', 'mlflow.trace.spansLocation': 'TRACKING_STORE', nul: 'a\u0000b' },
    trace_metadata: { 'mlflow.trace.tokenUsage': '{"total_tokens": 5}' },
    assessments: [
      {
        assessment_name: 'said',
        source: { source_type: 'HUMAN', source_id: 'ann' },
        create_time: '2026-01-01T00:00:00Z',
        feedback: { value: 'yes \u0000 \ud83d' },
      },
    ],
  };
  const locations = [{ mlflow_experiment: { experiment_id: '0' } }];
  const search = (more: object) => call('POST', `${v3}/search`, { locations, ...more });
  beforeAll(async () => {
    if (dialect === 'postgres') database = await createPostgresDatabase();
    houston = await startTestHouston(database && { database: database.url });
    for (const _twice of [1, 2]) {
      expect((await call('POST', v3, { trace: { trace_info: info } })).status).toBe(200);
    }
  });
  afterAll(async () => {
    await houston.end();
    await database?.drop();
  });

  it('gives a trace back as it was reported, once', async () => {
    const { json } = await call('GET', `${v3}/${id}`);
    expect(json.trace).toMatchObject({
      trace_info: {
        trace_id: id,
        request_time: info.request_time,
        execution_duration: '1.500s',
        state: 'OK',
        tags: { 'mlflow.traceName': 'n', nul: 'ab' },
        assessments: [
          { assessment_name: 'said', feedback: { value: 'yes  \ufffd' }, valid: true, trace_id: id },
        ],
      },
    });
    // Nobody but the server says where spans lie.
    expect(JSON.stringify(json)).not.toContain('spansLocation');
    expect((await call('GET', `${v3}/get?trace_id=${id}&allow_partial=true`)).json.trace).toMatchObject({
      spans: [],
    });
    expect((await call('GET', `${v3}/batchGet?trace_ids=${id}`)).json).toEqual({ traces: [] });
    expect((await call('GET', `/api/2.0/mlflow/traces/${id}/info`)).json.trace_info).toMatchObject({
      request_id: id,
      timestamp_ms: 1767225600123,
      execution_time_ms: 1500,
      status: 'OK',
    });
  });

  it('gives assessments in the order in which they came, also those of one millisecond', async () => {
    const own = { ...info, trace_id: `tr-${'d'.repeat(32)}`, assessments: [] };
    expect((await call('POST', v3, { trace: { trace_info: own } })).status).toBe(200);
    const names = Array.from({ length: 12 }, (_, i) => `question ${i}`);
    for (const assessment_name of names) {
      const assessment = {
        assessment_name,
        source: { source_type: 'HUMAN', source_id: 'ann' },
        create_time: '2026-01-01T00:00:00.5Z',
        feedback: { value: true },
      };
      const path = `${v3}/${own.trace_id}/assessments`;
      expect((await call('POST', path, { assessment })).status).toBe(200);
    }
    const { json } = await call('GET', `${v3}/${own.trace_id}`);
    const { assessments } = (json.trace as { trace_info: { assessments: { assessment_name: string }[] } })
      .trace_info;
    expect(assessments.map(({ assessment_name }) => assessment_name)).toEqual(names);
    await call('POST', `${v3}/delete-traces`, { experiment_id: '0', request_ids: [own.trace_id] });
  });

  it('says of a trace without its spans that they are not here yet', async () => {
    const { status, json } = await call('GET', `${v3}/get?trace_id=${id}`);
    expect([status, json.error_code]).toEqual([404, 'RESOURCE_DOES_NOT_EXIST']);
  });

  it.each<[string, string, string, unknown, number]>([
    ['a trace of no id', 'POST', v3, { trace: { trace_info: { ...info, trace_id: '../x' } } }, 400],
    ['a trace of nowhere', 'POST', v3, { trace: { trace_info: { ...info, trace_location: {} } } }, 400],
    ['a state that is none', 'POST', v3, { trace: { trace_info: { ...info, state: 'FINE' } } }, 400],
    ['a trace that is not there', 'GET', `${v3}/tr-0`, undefined, 404],
    ['an assessment of nothing', 'POST', `${v3}/${id}/assessments`, {}, 400],
    [
      'an assessment without a value',
      'POST',
      `${v3}/${id}/assessments`,
      { assessment: { assessment_name: 'a' } },
      400,
    ],
    [
      'an assessment of two kinds',
      'POST',
      `${v3}/${id}/assessments`,
      { assessment: { assessment_name: 'a', feedback: { value: 1 }, expectation: { value: 1 } } },
      400,
    ],
    [
      'a source that is none',
      'POST',
      `${v3}/${id}/assessments`,
      { assessment: { assessment_name: 'a', feedback: { value: 1 }, source: { source_type: 'CAT' } } },
      400,
    ],
    [
      'what overrides nothing',
      'POST',
      `${v3}/${id}/assessments`,
      { assessment: { assessment_name: 'a', feedback: { value: 1 }, overrides: 'a-1' } },
      404,
    ],
    [
      'a mask of a fixed field',
      'PATCH',
      `${v3}/${id}/assessments/a-1`,
      { assessment: { source: {} }, update_mask: 'source' },
      400,
    ],
    ['a change without a mask', 'PATCH', `${v3}/${id}/assessments/a-1`, { assessment: {} }, 400],
    [
      'a tag of the server',
      'PATCH',
      `${v3}/${id}/tags`,
      { key: 'mlflow.trace.spansLocation', value: 'x' },
      400,
    ],
    [
      'a link of too many',
      'POST',
      '/api/2.0/mlflow/traces/link-to-run',
      { trace_ids: Array(101).fill(id), run_id: 'r' },
      400,
    ],
    [
      'a link to no run',
      'POST',
      '/api/2.0/mlflow/traces/link-to-run',
      { trace_ids: [id], run_id: 'f'.repeat(32) },
      404,
    ],
    [
      'a view that is none',
      'POST',
      `${v3}/metrics`,
      { experiment_ids: ['0'], view_type: 'RUNS', metric_name: 'x' },
      400,
    ],
    [
      'a file outside',
      'GET',
      `/api/3.0/mlflow/get-trace-artifact?request_id=${id}&path=..%2Fx`,
      undefined,
      400,
    ],
    [
      'a file that is not there',
      'GET',
      `/api/3.0/mlflow/get-trace-artifact?request_id=${id}&path=x`,
      undefined,
      404,
    ],
    ['spans that are nowhere', 'GET', `/api/3.0/mlflow/get-trace-artifact?request_id=${id}`, undefined, 404],
  ])('refuses %s', async (_name, method, path, body, status) => {
    const reply = await call(method, path, body);
    expect([reply.status, reply.body]).toEqual([status, expect.stringContaining('error_code')]);
  });

  it('never fails inside, whatever a filter, an order or a token holds', async () => {
    const filters = [
      'timestamp_ms > 1.5',
      'timestamp_ms < 1e30',
      'execution_time_ms != -0.5',
      "trace.text LIKE '\u0000%'",
      "trace.text LIKE '%\\'",
      "trace.text ILIKE '%%%_%%%'",
      "span.attributes.`a'b` = 'x'",
      "span.attributes.`$[0]` = 'x'",
      "span.attributes.`{}` RLIKE '.*'",
      "feedback.said LIKE '%yes%'",
      "feedback.said RLIKE 'y(e|s)+'",
      'feedback.`a\u0000` > 1e999',
      'expectation.`x.y` IS NULL',
      "issue.id = 'i'",
      "name RLIKE '[a-z]{2,3}?'",
      "request_id IN ('\u0000', '💥')",
      'span.name',
      "prompt = 'a/b'",
    ];
    for (const filter of filters) {
      const reply = await search({ filter });
      expect([filter, reply.status < 500]).toEqual([filter, true]);
      const page = await send(
        houston.url,
        'GET',
        `/api/experiments/Default/traces?filter=${encodeURIComponent(filter)}`,
      );
      expect([filter, page.status]).toEqual([filter, reply.status]);
    }
    for (const order of [
      'tags.`a\u0000b`',
      'nothing',
      'span.name',
      'metadata.x DESC',
      'prompt ASC',
      'text',
    ]) {
      expect([order, (await search({ order_by: [order] })).status < 500]).toEqual([order, true]);
    }
    const forge = (after: unknown, order = '') =>
      Buffer.from(JSON.stringify({ order, after })).toString('base64url');
    const tokens = [
      'x',
      forge(null),
      forge([1.5, 'a']),
      forge(['a', 'b']),
      forge([1, 'a\u0000']),
      forge([1, null]),
      forge([1]),
      forge([1, 'a'], 'name'),
    ];
    for (const token of tokens) expect((await search({ page_token: token })).status).toBe(400);
    expect((await search({ page_token: forge([1, 'a']) })).json).toEqual({ traces: [] });
    let deep: unknown = 1;
    for (let i = 0; i < 3000; i++) deep = [deep];
    const assessment = { assessment_name: 'deep', feedback: { value: deep } };
    expect((await call('POST', `${v3}/${id}/assessments`, { assessment })).status).toBe(400);
  });
});
