import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer, type TestServer } from '../../../test/server.ts';
import { logisticRegressionToOnnx } from '../../platform/onnx/logistic-regression-onnx.ts';
import { createExperimentsDomain } from '../experiments/index.ts';
import { createRegistryDomain } from './index.ts';

function build(platform: Parameters<Parameters<typeof startTestServer>[0]>[0]) {
  const experiments = createExperimentsDomain(platform);
  return { experiments, registry: createRegistryDomain(platform, { experiments }) };
}

const onnx = (weight: number) =>
  Buffer.from(
    logisticRegressionToOnnx({
      kind: 'logistic-regression',
      features: ['a', 'b'],
      means: [0, 0],
      scales: [1, 1],
      coefficients: [weight, -weight],
      intercept: 0,
      importance: [],
      loss: 0,
      iterations: 1,
      converged: true,
    }),
  );

describe('registry over HTTP', () => {
  let server: TestServer<ReturnType<typeof build>>;
  let viewer: string;
  beforeAll(async () => {
    server = await startTestServer(build);
    await server.client.post('/api/auth/users', { id: 'viewer', roles: ['viewer'] });
    viewer = (await server.client.post<{ token: string }>('/api/auth/users/viewer/tokens', {})).token;
  });
  afterAll(() => server.close());

  const call = async (
    method: string,
    path: string,
    body?: unknown,
    type = 'application/json',
    token?: string,
  ) => {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(server.url + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': type }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      ...(body !== undefined && { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    expect(text).not.toMatch(/\bat .*\.ts:\d+|SQLITE|select .* from/i);
    return { status: response.status, body: text === '' ? null : JSON.parse(text) };
  };
  const bytes = 'application/octet-stream';
  const upload = (name: string, body: Uint8Array, query = '') =>
    call('POST', `/api/registry/models/${name}/versions${query}`, body, bytes);

  it('takes a model in by one upload and gives the same bytes back', async () => {
    const file = onnx(1);
    const made = await upload('first', file, '?alias=champion&source=laptop');
    expect(made).toMatchObject({
      status: 201,
      body: {
        model: 'first',
        version: 1,
        flavor: 'onnx',
        size: file.length,
        source: 'laptop',
        aliases: ['champion'],
        signature: { inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 2] }] },
        lineage: { dataset: null },
        verdict: null,
      },
    });
    const response = await fetch(`${server.url}/api/registry/models/first/versions/@champion/model`);
    expect(response.headers.get('content-disposition')).toBe('attachment; filename="first-1.onnx"');
    expect(Buffer.from(await response.arrayBuffer())).toEqual(file);
    expect(await call('GET', '/api/registry/models/first')).toMatchObject({
      body: { latestVersion: 1, aliases: { champion: 1 }, risk: null },
    });
    const events = await server.client.get<{ items: { type: string }[] }>('/api/ledger/events', {
      text: 'first',
    });
    expect(events.items.map(({ type }) => type)).toEqual([
      'registry.alias.set',
      'registry.version.registered',
      'registry.model.created',
    ]);
  });

  it('keeps nothing of a request whose alias is not legal', async () => {
    expect((await upload('badalias', onnx(1), '?alias=latest')).status).toBe(400);
    expect((await call('GET', '/api/registry/models/badalias')).status).toBe(404);
  });

  it('judges, keeps verdicts, and tells lineage', async () => {
    await upload('first', onnx(2));
    const judged = await call('POST', '/api/registry/models/first/versions/2/gate');
    expect(judged).toMatchObject({
      status: 200,
      body: { decision: 'hold', version: 2, champion: { version: 1 }, actor: 'user:local' },
    });
    expect(judged.body.checks.map(({ name }: { name: string }) => name)).toContain('champion');
    expect(await call('GET', '/api/registry/models/first/versions/2')).toMatchObject({
      body: { verdict: judged.body },
    });
    expect(await call('GET', '/api/registry/models/first/versions/2/verdicts')).toMatchObject({
      body: { items: [judged.body] },
    });
    expect(await call('GET', '/api/registry/models/first/versions/1/lineage')).toMatchObject({
      status: 200,
      body: {
        nodes: expect.arrayContaining([expect.objectContaining({ id: 'model:first/1', kind: 'model' })]),
      },
    });
    expect(await call('GET', '/api/registry/models/first/versions')).toMatchObject({
      body: { items: [{ version: 2 }, { version: 1, aliases: ['champion'] }] },
    });
    await upload('unjudged', onnx(3));
    const { body } = await call('GET', '/api/registry/models');
    const verdictOf = (model: string) =>
      body.items.find(({ name }: { name: string }) => name === model).verdict;
    expect(verdictOf('first')).toEqual(judged.body);
    expect(verdictOf('unjudged')).toBeNull();
    // What is said of the list is about the newest version, not about an older one.
    await upload('first', onnx(4));
    const later = await call('GET', '/api/registry/models');
    expect(later.body.items.find(({ name }: { name: string }) => name === 'first').verdict).toBeNull();
  });

  it('moves and takes away aliases', async () => {
    const path = '/api/registry/models/first/aliases/candidate';
    expect(await call('PUT', path, { version: 2 })).toMatchObject({
      status: 200,
      body: { aliases: { candidate: 2 } },
    });
    expect((await call('DELETE', path)).status).toBe(204);
    expect((await call('DELETE', path)).status).toBe(404);
  });

  it('assesses risk', async () => {
    const put = await call('PUT', '/api/registry/models/first', {
      owner: 'ops',
      risk: { probability: 3, impact: 4 },
      gate: { primaryMetric: 'logLoss', checks: [{ check: 'latency', bound: 5 }] },
    });
    expect(put).toMatchObject({ status: 200, body: { owner: 'ops', risk: { score: 12, severity: 'high' } } });
    expect((await call('GET', '/api/registry/risk-matrix')).body.rows).toHaveLength(5);
  });

  const damaged = onnx(1).subarray(0, 60);
  it.each<[string, string, unknown, string, number]>([
    ['POST', '/api/registry/models/m/versions', Buffer.from('PK\u0003\u0004zip'), bytes, 400],
    ['POST', '/api/registry/models/m/versions', Buffer.from('{"a":1}'), bytes, 400],
    ['POST', '/api/registry/models/m/versions', damaged, bytes, 400],
    ['POST', '/api/registry/models/m/versions', Buffer.alloc(0), bytes, 400],
    ['POST', '/api/registry/models/m/versions', {}, 'application/json', 415],
    ['POST', '/api/registry/models/m/versions', {}, 'application/x-tar', 415],
    ['POST', '/api/registry/models/..%2f..%2fetc/versions', onnx(1), bytes, 400],
    ['PUT', '/api/registry/models/first', { risk: { probability: 6, impact: 1 } }, 'application/json', 400],
    [
      'PUT',
      '/api/registry/models/first',
      { gate: { checks: [{ check: 'metric' }] } },
      'application/json',
      400,
    ],
    [
      'PUT',
      '/api/registry/models/first',
      { gate: { checks: [{ check: 'vibes' }] } },
      'application/json',
      400,
    ],
    ['PUT', '/api/registry/models/first/aliases/v1', { version: 1 }, 'application/json', 400],
    ['PUT', '/api/registry/models/first/aliases/x', { version: 99 }, 'application/json', 404],
    ['GET', '/api/registry/models/none', undefined, '', 404],
    ['GET', '/api/registry/models/first/versions/99', undefined, '', 404],
    ['GET', '/api/registry/models/first/versions/@nobody', undefined, '', 404],
    ['GET', '/api/registry/models/first/versions/x%2Fy', undefined, '', 400],
    ['GET', '/api/registry/models/first/versions/1/evaluation', undefined, '', 404],
    ['GET', '/api/registry/models/nothing/evaluations', undefined, '', 404],
    ['GET', '/api/registry/models/first/versions/1/profile', undefined, '', 404],
    ['POST', '/api/registry/models/none/versions/1/gate', undefined, '', 404],
  ])('%s %s %# answers in the error form', async (method, path, body, type, status) => {
    const reply = await call(method, path, body, type);
    expect(reply).toMatchObject({
      status,
      body: { error: { code: expect.any(String), next: expect.any(String) } },
    });
    expect((await call('GET', '/api/registry/models/m')).status).toBe(404);
  });

  it('changes single notes and leaves the others', async () => {
    const model = '/api/registry/models/noted';
    await upload('noted', onnx(7));
    const first = await call('PATCH', model, {
      description: 'What for',
      setTags: { team: 'ops', 'a b': '' },
    });
    expect(first).toMatchObject({
      status: 200,
      body: { description: 'What for', tags: { team: 'ops', 'a b': '' } },
    });
    const second = await call('PATCH', model, { removeTags: ['team'], setTags: { more: 'x' } });
    expect(second.body).toMatchObject({ description: 'What for', tags: { 'a b': '', more: 'x' } });
    expect(second.body.tags).not.toHaveProperty('team');
    const version = await call('PATCH', `${model}/versions/latest`, {
      description: 'v',
      setTags: { k: '1' },
    });
    expect(version).toMatchObject({
      status: 200,
      body: { version: 1, description: 'v', tags: { k: '1' } },
    });
    expect((await call('PATCH', `${model}/versions/2`, { description: 'v' })).status).toBe(404);
    expect((await call('PATCH', '/api/registry/models/none', { description: 'v' })).status).toBe(404);
    expect((await call('PATCH', model, { setTags: { '': 'x' } })).status).toBe(400);
    expect((await call('PATCH', model, { description: 'a\u0000b' })).status).toBe(400);
  });

  it('leaves deleted models and versions out of lists', async () => {
    const { catalog, scope } = {
      catalog: server.domains.registry.catalog,
      scope: server.platform.systemScope('user:test'),
    };
    await upload('gone', onnx(8));
    await upload('gone', onnx(9));
    await catalog.deleteVersion(scope, 'gone', 2);
    const left = (await call('GET', '/api/registry/models/gone/versions')).body.items;
    expect(left.map((one: { version: number }) => one.version)).toEqual([1]);
    await catalog.deleteModel(scope, 'gone');
    const names = (await call('GET', '/api/registry/models')).body.items.map(
      (one: { name: string }) => one.name,
    );
    expect(names).toContain('noted');
    expect(names).not.toContain('gone');
  });

  it('lets a viewer read and not write', async () => {
    const as = (method: string, path: string, body?: unknown) => call(method, path, body, bytes, viewer);
    expect((await as('GET', '/api/registry/models')).status).toBe(200);
    expect((await as('POST', '/api/registry/models/first/versions', onnx(3))).status).toBe(403);
    expect((await as('POST', '/api/registry/models/first/versions/1/gate')).status).toBe(403);
    expect((await as('DELETE', '/api/registry/models/first/aliases/champion')).status).toBe(403);
    const patch = { description: 'no' };
    expect(
      (await call('PATCH', '/api/registry/models/first', patch, 'application/json', viewer)).status,
    ).toBe(403);
  });
});
