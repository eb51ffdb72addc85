import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallServer, startTestServer, type TestServer } from '../../../../test/server.ts';
import { createExperimentsDomain } from '../index.ts';
import { tracking } from '../tracking.door.ts';
import type { NewSpan } from './spans/spans.model.ts';

const build = (platform: Parameters<Parameters<typeof startTestServer>[0]>[0]) => ({
  experiments: createExperimentsDomain(platform),
});
const second = 1_000_000_000n;
const id = (number: number) => `tr-${number.toString(16).padStart(32, '0')}`;

function span(trace: number, place: number, more: Partial<NewSpan> = {}): NewSpan {
  const startNs = 1_700_000_000n * second + BigInt(trace) * second + BigInt(place) * 1000n;
  return {
    traceId: id(trace),
    id: place.toString(16).padStart(16, '0'),
    parentId: place === 1 ? null : '0000000000000001',
    name: place === 1 ? 'root' : `step ${place}`,
    startNs,
    endNs: startNs + BigInt(trace) * 100_000_000n,
    status: 'OK',
    statusMessage: '',
    attributes: {},
    events: [],
    links: [],
    resource: {},
    ...more,
  };
}

describe('traces over HTTP', () => {
  let server: TestServer<ReturnType<typeof build>>;
  let viewer: string;
  beforeAll(async () => {
    server = await startTestServer(build);
    await server.client.post('/api/auth/users', { id: 'viewer', roles: ['viewer'] });
    viewer = (await server.client.post<{ token: string }>('/api/auth/users/viewer/tokens', {})).token;
    const scope = server.platform.systemScope('user:test');
    const experimentId = await tracking.createExperiment(scope, { name: 'chat bot' });
    for (const trace of [1, 2, 3]) {
      const attributes = { 'mlflow.spanInputs': { ask: `what ${trace}` }, 'gen_ai.usage.input_tokens': 5n };
      const status = trace === 3 ? 'ERROR' : 'OK';
      await tracking.recordSpans(
        scope,
        [span(trace, 2), span(trace, 3), span(trace, 1, { attributes, status })],
        { experimentId },
      );
    }
  });
  afterAll(() => server.close());

  const call: CallServer = (...args) => server.call(...args);
  const list = '/api/experiments/chat%20bot/traces';
  const filtered = (filter: string) => call('GET', `${list}?filter=${encodeURIComponent(filter)}`);

  it('lists traces page by page, the newest first', async () => {
    const first = await call('GET', `${list}?limit=2`);
    expect(first).toMatchObject({
      status: 200,
      body: {
        items: [
          { id: id(3), experiment: 'chat bot', name: 'root', state: 'ERROR', spans: 3, durationMs: 300 },
          { id: id(2), state: 'OK', usage: { inputTokens: 5, totalTokens: 5, totalCost: null } },
        ],
      },
    });
    expect(first.body.items[0].request).toBe('{"ask":"what 3"}');
    const rest = await call('GET', `${list}?limit=2&cursor=${first.body.next}`);
    expect(rest.body).toMatchObject({ items: [{ id: id(1) }] });
    expect(rest.body.next).toBeUndefined();
    const other = await call('GET', `${list}?orderBy=execution_time_ms&cursor=${first.body.next}`);
    expect(other).toMatchObject({ status: 400, body: { error: { code: 'experiments.search.invalid' } } });
  });

  it('searches what spans hold', async () => {
    expect((await filtered("trace.text LIKE '%what 2%'")).body.items).toMatchObject([{ id: id(2) }]);
    expect((await filtered("span.name = 'step 3' AND status = 'ERROR'")).body.items).toMatchObject([
      { id: id(3) },
    ]);
    expect(await filtered('nonsense')).toMatchObject({
      status: 400,
      body: { error: { next: expect.any(String) } },
    });
  });

  it('reads a trace as a tree and a span on demand', async () => {
    const { body } = await call('GET', `/api/experiments/traces/${id(1)}`);
    expect(body.columns).toMatchObject({
      id: ['0000000000000001', '0000000000000002', '0000000000000003'],
      parent: [-1, 0, 0],
      depth: [0, 1, 1],
      start: [1, 2, 3],
      duration: [100_000, 100_000, 100_000],
    });
    expect(await call('GET', `/api/experiments/traces/${id(1)}/spans/0000000000000001`)).toMatchObject({
      status: 200,
      body: { inputs: { ask: 'what 1' }, outputs: null, startNs: '1700000001000001000', type: 'UNKNOWN' },
    });
    expect(await call('GET', `/api/experiments/traces/${id(1)}/spans/00000000000000ff`)).toMatchObject({
      status: 404,
      body: { error: { code: 'experiments.span.not_found' } },
    });
    expect((await call('GET', `/api/experiments/traces/${id(9)}`)).status).toBe(404);
  });

  it('takes what a person says of a trace, and takes it back', async () => {
    const path = `/api/experiments/traces/${id(1)}/assessments`;
    const said = await call('POST', path, {
      kind: 'feedback',
      name: 'good',
      value: true,
      rationale: 'short',
    });
    expect(said).toMatchObject({
      status: 201,
      body: { value: true, isValid: true, source: { type: 'HUMAN' } },
    });
    const again = await call('POST', path, {
      kind: 'feedback',
      name: 'good',
      value: false,
      overrides: said.body.id,
    });
    expect((await filtered("feedback.good = 'true'")).body.items).toEqual([]);
    expect((await filtered("feedback.good = 'false'")).body.items).toMatchObject([{ id: id(1) }]);
    expect((await call('DELETE', `${path}/${again.body.id}`)).status).toBe(204);
    expect((await filtered("feedback.good = 'true'")).body.items).toHaveLength(1);
    expect(
      await call('POST', path, { kind: 'feedback', name: 'x', value: 1, overrides: 'a-0' }),
    ).toMatchObject({
      status: 404,
      body: { error: { code: 'experiments.assessment.not_found' } },
    });
    expect((await call('POST', path, { kind: 'guess', name: 'x', value: 1 })).status).toBe(400);
    expect((await call('POST', path, { kind: 'feedback', name: 'x', value: 1 }, viewer)).status).toBe(403);
  });

  it('corrects what was said, of the same kind, and keeps who said it', async () => {
    const path = `/api/experiments/traces/${id(2)}/assessments`;
    const { body } = await call('POST', path, { kind: 'expectation', name: 'answer', value: { a: 1 } });
    const changed = await call('PATCH', `${path}/${body.id}`, { value: [1, 'two'], rationale: 'why' });
    expect(changed).toMatchObject({
      status: 200,
      body: { ...body, value: [1, 'two'], rationale: 'why', updatedAt: expect.any(String) },
    });
    expect((await call('PATCH', `${path}/${body.id}`, { kind: 'feedback' })).status).toBe(400);
    expect((await call('PATCH', `${path}/a-0`, { name: 'x' })).status).toBe(404);
    expect((await call('PATCH', `${path}/${body.id}`, { name: 'x' }, viewer)).status).toBe(403);
    expect((await call('DELETE', `${path}/${body.id}`)).status).toBe(204);
  });

  it('sets and removes tags, but not those that say where spans lie', async () => {
    const tag = (key: string) => `/api/experiments/traces/${id(2)}/tags/${key}`;
    expect((await call('PUT', tag('team'), { value: 'ops' })).status).toBe(204);
    expect((await filtered("tags.team = 'ops'")).body.items).toHaveLength(1);
    expect((await call('DELETE', tag('team'))).status).toBe(204);
    expect((await call('DELETE', tag('team'))).status).toBe(404);
    expect((await call('PUT', tag('mlflow.trace.spansLocation'), { value: 'x' })).status).toBe(400);
    expect((await call('PUT', tag('team'), { value: 'ops' }, viewer)).status).toBe(403);
  });

  it('gives figures by interval', async () => {
    const range = 'from=2023-11-14T00:00:00Z&to=2023-11-15T23:59:59Z';
    expect(await call('GET', `${list}/figures?${range}&seconds=86400`)).toEqual({
      status: 200,
      body: {
        items: [{ at: '2023-11-14T00:00:00.000Z', traces: 3, errors: 1, p50: 200, p95: 290, tokens: 15 }],
      },
    });
    expect((await call('GET', `${list}/figures?${range}&seconds=1`)).status).toBe(400);
  });

  it('deletes traces with all that hangs on them, as one event', async () => {
    const scope = server.platform.systemScope('user:test');
    expect((await call('POST', `${list}/delete`, { ids: [id(1)] }, viewer)).status).toBe(403);
    expect((await call('POST', `${list}/delete`, { ids: [] })).status).toBe(400);
    expect(await call('POST', `${list}/delete`, { ids: [id(1), id(9)] })).toEqual({
      status: 200,
      body: { deleted: 1 },
    });
    expect((await call('GET', `/api/experiments/traces/${id(1)}/spans/0000000000000001`)).status).toBe(404);
    const left = await scope.db.selectFrom('experiments_assessments').selectAll().execute();
    expect(left).toEqual([]);
  });
});
