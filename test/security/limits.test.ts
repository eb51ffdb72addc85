import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestHouston, type TestHouston } from '../houston.ts';
import { send } from '../mlflow/send.ts';

const long = (count: number) => 'x'.repeat(count);
const many = <T>(count: number, make: (i: number) => T) => Array.from({ length: count }, (_, i) => make(i));

describe('limits', () => {
  let houston: TestHouston;
  let run_id: string;
  const api = '/api/2.0/mlflow';
  const post = (path: string, body: unknown, headers?: Record<string, string>) =>
    send(
      houston.url,
      'POST',
      `${api}/${path}`,
      typeof body === 'string' ? body : JSON.stringify(body),
      headers,
    );
  beforeAll(async () => {
    houston = await startTestHouston();
    const { json } = await post('runs/create', { experiment_id: '0' });
    run_id = (json as { run: { info: { run_id: string } } }).run.info.run_id;
    await post('registered-models/create', { name: 'm' });
    await post('model-versions/create', { name: 'm', source: 'mlflow-artifacts:/m' });
  });
  afterAll(() => houston.end());

  const metric = (i: number) => ({ key: `m${i}`, value: 1, timestamp: 1, step: i });
  const pair = (i: number) => ({ key: `k${i}`, value: '1' });

  it.each<[name: string, path: string, body: () => object]>([
    ['1001 metrics', 'runs/log-batch', () => ({ run_id, metrics: many(1001, metric) })],
    ['101 params', 'runs/log-batch', () => ({ run_id, params: many(101, pair) })],
    ['101 tags', 'runs/log-batch', () => ({ run_id, tags: many(101, pair) })],
    [
      '1001 in all',
      'runs/log-batch',
      () => ({ run_id, metrics: many(950, metric), params: many(30, pair), tags: many(30, pair) }),
    ],
    ['a key of 251', 'runs/log-metric', () => ({ run_id, key: long(251), value: 1, timestamp: 1 })],
    ['a param key of 251', 'runs/log-parameter', () => ({ run_id, key: long(251), value: '1' })],
    ['a tag key of 251', 'runs/set-tag', () => ({ run_id, key: long(251), value: '1' })],
    ['an experiment name of 501', 'experiments/create', () => ({ name: long(501) })],
    [
      'a location without end',
      'experiments/create',
      () => ({ name: 'l', artifact_location: `s3://${long(5000)}` }),
    ],
    [
      'an experiment tag without end',
      'experiments/set-experiment-tag',
      () => ({ experiment_id: '0', key: 'k', value: long(200_001) }),
    ],
    ['a model name without end', 'registered-models/create', () => ({ name: long(5000) })],
    [
      'an alias without end',
      'registered-models/alias',
      () => ({ name: 'm', alias: long(300), version: '1' }),
    ],
    ['a logged model name of 501', 'logged-models', () => ({ experiment_id: '0', name: long(501) })],
    [
      'a dataset name of 501',
      'runs/log-inputs',
      () => ({
        run_id,
        datasets: [{ dataset: { name: long(501), digest: 'd', source_type: 's', source: 's' } }],
      }),
    ],
    [
      'a dataset digest of 37',
      'runs/log-inputs',
      () => ({
        run_id,
        datasets: [{ dataset: { name: 'n', digest: long(37), source_type: 's', source: 's' } }],
      }),
    ],
    ['a page of 50,001 runs', 'runs/search', () => ({ experiment_ids: ['0'], max_results: 50_001 })],
    ['a page of 0 experiments', 'experiments/search', () => ({ max_results: 0 })],
    ['a page of −1 runs', 'runs/search', () => ({ experiment_ids: ['0'], max_results: -1 })],
    [
      'a page of 2^60 runs',
      'runs/search',
      () => ({ experiment_ids: ['0'], max_results: '1152921504606846976' }),
    ],
    ['a page of 50,001 experiments', 'experiments/search', () => ({ max_results: 50_001 })],
    ['a filter without end', 'runs/search', () => ({ experiment_ids: ['0'], filter: long(200_000) })],
    [
      'a filter of 5000 clauses',
      'runs/search',
      () => ({ experiment_ids: ['0'], filter: many(5000, (i) => `metrics.m${i} > 0`).join(' and ') }),
    ],
    [
      'a filter of 5000 clauses on logged models',
      'logged-models/search',
      () => ({ experiment_ids: ['0'], filter: many(5000, (i) => `metrics.m${i} > 0`).join(' and ') }),
    ],
    [
      'an order by 500 keys of logged models',
      'logged-models/search',
      () => ({ experiment_ids: ['0'], order_by: many(500, (i) => ({ field_name: `metrics.m${i}` })) }),
    ],
    [
      'an order by 500 keys',
      'runs/search',
      () => ({ experiment_ids: ['0'], order_by: many(500, (i) => `metrics.m${i} DESC`) }),
    ],
  ])('refuse %s as the caller’s mistake', async (_name, path, body) => {
    const reply = await post(path, body());
    expect([reply.status, reply.json.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE']);
    expect(String(reply.json.message).length).toBeLessThan(2000);
  });

  it.each<[string, string]>([
    ['registered-models/search?max_results=1001', 'registered models'],
    ['registered-models/search?max_results=-1', 'registered models, negative'],
    ['model-versions/search?max_results=200001', 'versions'],
    ['experiments/search?max_results=50001', 'experiments'],
  ])('refuse a page of %s', async (path) => {
    expect((await send(houston.url, 'GET', `${api}/${path}`)).json.error_code).toBe(
      'INVALID_PARAMETER_VALUE',
    );
  });

  it('leave room for what is long but allowed', async () => {
    const filter = (clauses: number) => many(clauses, (i) => `metrics.m${i} > 0`).join(' and ');
    for (const body of [
      { filter: filter(100) },
      { order_by: many(20, (i) => `metrics.m${i} DESC`) },
      { filter: `run_id IN (${many(40_000, (i) => `'${i}'`).join(',')})` },
      { filter: `tags.a LIKE '${'%a'.repeat(2000)}'` },
    ]) {
      const reply = await post('runs/search', { experiment_ids: ['0'], ...body });
      expect([Object.keys(body), reply.status]).toEqual([Object.keys(body), 200]);
    }
    const experiment_ids = many(40_000, String);
    expect((await post('runs/search', { experiment_ids })).status).toBe(200);
  });

  it('hold for bodies: too large, too deep, cut off, in no known form', async () => {
    const large = Buffer.alloc(65 << 20, ' ');
    const reply = await send(houston.url, 'POST', `${api}/runs/search`, large).catch(() => ({ status: 413 }));
    expect([400, 413]).toContain(reply.status);
    for (const body of [
      '['.repeat(100_000),
      `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
      '{"run_id":',
      '{"__proto__":{"admin":true},"constructor":{"prototype":{"x":1}}}',
      '\u0000',
      '"'.repeat(1000),
    ]) {
      for (const path of ['runs/search', 'runs/log-batch', 'experiments/create']) {
        const { status } = await post(path, body);
        expect([path, body.slice(0, 20), status < 500]).toEqual([path, body.slice(0, 20), true]);
      }
    }
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
    const coded = await post('runs/search', '{}', { 'content-encoding': 'br' });
    expect(coded.status).toBeLessThan(500);
    expect((await send(houston.url, 'GET', '/health')).status).toBe(200);
  });

  it('hold for addresses', async () => {
    const { status } = await send(houston.url, 'GET', `${api}/runs/get?run_id=${long(14_000)}`);
    expect(status >= 400 && status < 500).toBe(true);
    const path = await send(houston.url, 'GET', `/api/2.0/mlflow-artifacts/artifacts/${long(5000)}`);
    expect([400, 404, 414]).toContain(path.status);
    const deep = await send(
      houston.url,
      'PUT',
      `/api/2.0/mlflow-artifacts/artifacts/${'a/'.repeat(3000)}f`,
      'x',
    );
    expect(deep.status).toBe(400);
  });

  it('hold for uploads from pages: 10 MB', async () => {
    const path = `/ajax-api/2.0/mlflow/upload-artifact?run_uuid=${run_id}&path=page/f.bin`;
    expect((await send(houston.url, 'POST', path, Buffer.alloc(10 << 20))).status).toBe(200);
    const over = await send(houston.url, 'POST', path, Buffer.alloc((10 << 20) + 1));
    expect([over.status, over.json.error_code]).toEqual([400, 'INVALID_PARAMETER_VALUE']);
    expect((await send(houston.url, 'POST', path)).status).toBe(400);
    const stored = await fetch(`${houston.url}/get-artifact?run_id=${run_id}&path=page/f.bin`);
    expect((await stored.arrayBuffer()).byteLength).toBe(10 << 20);
  });

  // The last one: its connection is closed, and the client would try to use it once more.
  it('hold for headers', async () => {
    const headers = { 'x-long': long(20_000) };
    expect((await send(houston.url, 'GET', '/health', undefined, headers)).status).toBe(431);
  });
});
