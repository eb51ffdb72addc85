import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../../test/server.ts';
import { createExperimentsDomain } from '../index.ts';

const build = (platform: Parameters<Parameters<typeof startTestServer>[0]>[0]) => ({
  experiments: createExperimentsDomain(platform),
});

describe('the table of runs over HTTP', () => {
  let server: TestServer<ReturnType<typeof build>>;
  let viewer: string;
  let id: string;
  beforeAll(async () => {
    server = await startTestServer(build);
    await server.client.post('/api/auth/users', { id: 'viewer', roles: ['viewer'] });
    viewer = (await server.client.post<{ token: string }>('/api/auth/users/viewer/tokens', {})).token;
    id = (await server.client.post<{ id: string }>('/api/experiments/runs', { experiment: 'e', name: 'r' }))
      .id;
    await server.client.post(`/api/experiments/runs/${id}/metrics`, {
      metrics: [
        { key: 'auc', value: 'NaN' },
        { key: 'loss', value: 0.5, step: 3 },
      ],
    });
  });
  afterAll(() => server.close());

  const call = async (method: string, path: string, body?: unknown, token?: string) => {
    const response = await fetch(server.url + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    expect(text).not.toMatch(/\bat .*\.ts:\d+|SQLITE|select .* from/i);
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, body: isJson ? JSON.parse(text) : text };
  };

  it('answers windows, columns, curves and CSV', async () => {
    const columns = ['metrics.auc', 'metrics.loss', 'tags.none'];
    expect(await call('POST', '/api/experiments/e/runs/window', { columns }, viewer)).toMatchObject({
      status: 200,
      body: {
        total: 1,
        rows: [{ id, name: 'r', status: 'running', endedAt: null, cells: ['NaN', 0.5, null] }],
      },
    });
    expect(await call('GET', '/api/experiments/e/columns')).toMatchObject({
      body: { runs: 1, counted: 1, metrics: [{ key: 'auc', runs: 1 }, { key: 'loss' }] },
    });
    const curves = await call('POST', '/api/experiments/metrics/curves', { runs: [id], key: 'loss' });
    expect(curves.body.curves).toMatchObject([{ run: id, count: 1, steps: [3], values: [0.5] }]);
    const csv = await call('GET', '/api/experiments/e/runs.csv?columns=metrics.loss');
    expect(csv.body.split('\r\n')[0]).toBe('run_id,name,status,start_time,end_time,user,parent,metrics.loss');
    expect(csv.body).toContain(`${id},r,running,`);
    expect(await call('POST', '/api/experiments/runs/read', { ids: [id] })).toMatchObject({
      body: { items: [{ id, metrics: { auc: 'NaN' } }] },
    });
  });

  it('says where a filter is wrong', async () => {
    const wrong = await call('POST', '/api/experiments/e/runs/window', { filter: 'metrics.auc > 1 OR x' });
    expect(wrong).toMatchObject({
      status: 400,
      body: { error: { code: 'experiments.search.invalid', details: { from: 16, to: 18 } } },
    });
  });

  it('changes, deletes and restores runs, for those who may', async () => {
    const path = `/api/experiments/runs/${id}`;
    expect((await call('PATCH', path, { name: 'x' }, viewer)).status).toBe(403);
    expect(
      (await call('POST', '/api/experiments/runs/stage', { ids: [id], stage: 'deleted' }, viewer)).status,
    ).toBe(403);
    expect((await call('PATCH', path, { name: 'better', tags: { a: 'b' } })).status).toBe(204);
    const stage = (to: string) => call('POST', '/api/experiments/runs/stage', { ids: [id], stage: to });
    expect((await stage('deleted')).body).toEqual({ changed: 1 });
    expect(await call('PATCH', path, { name: 'late' })).toMatchObject({
      status: 409,
      body: { error: { code: 'experiments.run.deleted' } },
    });
    expect((await stage('active')).body).toEqual({ changed: 1 });
    expect(await call('GET', path)).toMatchObject({ body: { name: 'better', tags: { a: 'b' } } });
    await call('PATCH', path, { tags: { a: null, b: '' } });
    expect((await call('GET', path)).body.tags).toEqual({ b: '' });
    const events = await server.client.get<{ items: { type: string }[] }>('/api/ledger/events', {
      subject: `experiment-run:${id}`,
    });
    expect(events.items.map(({ type }) => type).sort()).toEqual([
      'experiments.run.deleted',
      'experiments.run.restored',
    ]);
  });

  it('sends the first bytes of a file, and files of no other run', async () => {
    const blob = await server.platform.blobs.put(Buffer.from('0123456789'));
    const scope = server.platform.systemScope('user:test');
    await server.domains.experiments.logArtifacts(scope, id, [
      { path: 'a.txt', ...blob, mediaType: 'text/html' },
    ]);
    const file = `/api/experiments/runs/${id}/artifact?path=a.txt`;
    expect((await call('GET', `${file}&first=4`)).body).toBe('0123');
    expect((await call('GET', `${file}&first=400`)).body).toBe('0123456789');
    expect((await call('GET', `${file}&model=m-other`)).status).toBe(404);
  });

  it.each([
    ['POST', '/api/experiments/none/runs/window', {}, 404],
    ['POST', '/api/experiments/e/runs/window', { columns: ['__proto__.x'] }, 400],
    ['POST', '/api/experiments/e/runs/window', { offset: -1 }, 400],
    ['POST', '/api/experiments/e/runs/window', { offset: 1e15, limit: 500 }, 200],
    ['POST', '/api/experiments/e/runs/window', { order: 'nothing' }, 400],
    ['POST', '/api/experiments/e/runs/window', { nested: true, open: ['x'] }, 400],
    ['POST', '/api/experiments/e/runs/groups', { by: 'metrics.auc' }, 400],
    ['POST', '/api/experiments/e/runs/groups', { by: "params.x' or 1=1 --", metrics: ["y'"] }, 200],
    ['POST', '/api/experiments/e/runs/window', { columns: ['params.a\u0000'] }, 400],
    ['POST', '/api/experiments/e/runs/window', { filter: "tags.a = '\u0000'" }, 400],
    ['POST', '/api/experiments/e/runs/window', { order: 'params.\u0000' }, 400],
    ['GET', '/api/experiments/e/values?field=x', undefined, 400],
    ['GET', '/api/experiments/e/runs.csv?columns=x', undefined, 400],
    ['GET', '/api/experiments/none/columns', undefined, 404],
    ['POST', '/api/experiments/metrics/curves', { runs: ['0'.repeat(32)], key: 'x' }, 200],
    ['POST', '/api/experiments/metrics/curves', { runs: ['0'.repeat(32)], key: 'x', from: 1 }, 400],
    ['POST', '/api/experiments/runs/read', { ids: ['0'.repeat(32)] }, 404],
    ['GET', '/api/experiments/runs/none/related', undefined, 404],
  ])('%s %s %j is answered with %i', async (method, path, body, status) => {
    expect((await call(method, path, body)).status).toBe(status);
  });
});
