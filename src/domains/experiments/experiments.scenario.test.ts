import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CallServer, startTestServer, type TestServer } from '../../../test/server.ts';
import { createExperimentsDomain } from './index.ts';

const build = (platform: Parameters<Parameters<typeof startTestServer>[0]>[0]) => ({
  experiments: createExperimentsDomain(platform),
});

describe('experiments over HTTP', () => {
  let server: TestServer<ReturnType<typeof build>>;
  let viewer: string;
  beforeAll(async () => {
    server = await startTestServer(build);
    await server.client.post('/api/auth/users', { id: 'viewer', roles: ['viewer'] });
    viewer = (await server.client.post<{ token: string }>('/api/auth/users/viewer/tokens', {})).token;
  });
  afterAll(() => server.close());

  const call: CallServer = (...args) => server.call(...args);

  it('tracks a run from start to end', async () => {
    const started = await call('POST', '/api/experiments/runs', {
      experiment: 'e',
      params: { lr: '0.1' },
      tags: { a: 'b' },
    });
    expect(started).toMatchObject({
      status: 201,
      body: { experiment: 'e', status: 'running', params: { lr: '0.1' } },
    });
    const path = `/api/experiments/runs/${started.body.id}`;
    const metrics = [
      { key: 'loss', value: 0.5, step: 1, time: '2001-01-01T00:00:00.000Z' },
      { key: 'loss', value: 'NaN', step: 2, time: '2001-01-01T00:00:01.000Z' },
      { key: 'peak', value: '-Infinity' },
    ];
    expect((await call('POST', `${path}/metrics`, { metrics })).status).toBe(204);
    expect((await call('POST', `${path}/params`, { params: { depth: '3' } })).status).toBe(204);
    expect(await call('POST', `${path}/finish`)).toMatchObject({
      status: 200,
      body: {
        status: 'finished',
        metrics: { loss: 'NaN', peak: '-Infinity' },
        params: { lr: '0.1', depth: '3' },
      },
    });
    expect(await call('GET', `${path}/metrics?key=loss`)).toMatchObject({
      body: {
        items: [
          { step: 1, value: 0.5 },
          { step: 2, value: 'NaN' },
        ],
      },
    });
    expect(await call('GET', '/api/experiments')).toMatchObject({
      body: { items: [{ name: 'e', runs: 1 }] },
    });
    const nothing = { runs: false, traces: false, models: false, reviews: false };
    expect(await call('GET', '/api/experiments/e')).toMatchObject({
      status: 200,
      body: { name: 'e', stage: 'active', holds: { ...nothing, runs: true } },
    });
    expect((await call('GET', '/api/experiments/none')).status).toBe(404);
    const events = await server.client.get<{ items: { type: string }[] }>('/api/ledger/events', {
      subject: `experiment-run:${started.body.id}`,
    });
    expect(events.items.map(({ type }) => type)).toEqual(['experiments.run.finished']);
  });

  it('pages through runs', async () => {
    for (let i = 0; i < 5; i++)
      await call('POST', '/api/experiments/runs', { experiment: 'pages', name: `n${i}` });
    const first = await call('GET', '/api/experiments/pages/runs?limit=3');
    expect(first.body.items.map(({ name }: { name: string }) => name)).toEqual(['n4', 'n3', 'n2']);
    const second = await call('GET', `/api/experiments/pages/runs?limit=3&cursor=${first.body.next}`);
    expect(second.body.items.map(({ name }: { name: string }) => name)).toEqual(['n1', 'n0']);
    expect(second.body.next).toBeUndefined();
  });

  it('sends artifacts as attachments only', async () => {
    const { body } = await call('POST', '/api/experiments/runs', { experiment: 'files' });
    const { digest, size } = await server.platform.blobs.put(Buffer.from('<script>1</script>'));
    const scope = server.platform.systemScope('user:test');
    await server.domains.experiments.logArtifacts(scope, body.id, [
      { path: 'page.html', digest, size, mediaType: 'text/html' },
    ]);
    const response = await fetch(`${server.url}/api/experiments/runs/${body.id}/artifact?path=page.html`);
    expect(response.headers.get('content-disposition')).toBe('attachment');
    expect(response.headers.get('content-type')).toBe('application/octet-stream');
    expect(await response.text()).toBe('<script>1</script>');
    const missing = await call(
      'GET',
      `/api/experiments/runs/${body.id}/artifact?path=..%2F..%2Fetc%2Fpasswd`,
    );
    expect(missing).toMatchObject({
      status: 404,
      body: { error: { code: 'experiments.artifact.not_found' } },
    });
  });

  it.each([
    ['POST', '/api/experiments/runs', {}, 400],
    ['POST', '/api/experiments/runs', { experiment: 'e', parent: 'none' }, 404],
    ['POST', '/api/experiments/runs', { experiment: 'e', params: { '../x': '1' } }, 400],
    ['POST', '/api/experiments/runs', { experiment: 'e', params: { x: 'y'.repeat(6001) } }, 400],
    ['POST', '/api/experiments/runs/none/metrics', { metrics: [{ key: 'a', value: 1 }] }, 404],
    ['POST', '/api/experiments/runs/none/metrics', { metrics: [{ key: 'a', value: 'many' }] }, 400],
    ['POST', '/api/experiments/runs/none/metrics', { metrics: [] }, 400],
    ['GET', '/api/experiments/none/runs', undefined, 404],
    ['GET', '/api/experiments/e/runs?metric=auc', undefined, 400],
    ['GET', '/api/experiments/e/runs?orderBy=name', undefined, 400],
    ['GET', '/api/experiments/e/runs?cursor=%20', undefined, 400],
    ['GET', '/api/experiments/runs/none', undefined, 404],
  ])('%s %s (%#) answers in the error form', async (method, path, body, status) => {
    const reply = await call(method, path, body);
    expect(reply).toMatchObject({
      status,
      body: { error: { code: expect.any(String), next: expect.any(String) } },
    });
  });

  it('lets a viewer read and not write', async () => {
    expect((await call('GET', '/api/experiments', undefined, viewer)).status).toBe(200);
    expect(await call('POST', '/api/experiments/runs', { experiment: 'e' }, viewer)).toMatchObject({
      status: 403,
      body: { error: { code: 'platform.auth.forbidden' } },
    });
  });
});
