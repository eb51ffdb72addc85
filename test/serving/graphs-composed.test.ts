import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PromotionRequest, PromotionRequirement } from '../../src/domains/registry/index.ts';
import { hourAndNumber } from './feature-service.ts';
import { failingModel, logisticModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

/** A graph in the hands of what every deployment goes through: approvals, cache, memory, load and unload. */

const asked: string[] = [];
let requirementOf: (request: PromotionRequest) => PromotionRequirement = () => ({
  state: 'not-required',
  reason: 'nobody asks',
});
let server: ServingServer;
const deployments = '/api/serving/deployments';

beforeAll(async () => {
  server = await startServing({
    features: hourAndNumber,
    modelMemory: '2MB',
    promotionPolicy: {
      requirement: async (_scope, request) => {
        asked.push(`${request.model}:${request.version}`);
        return requirementOf(request);
      },
    },
  });
  for (const [name, weights] of [
    ['a', [1, 0]],
    ['b', [0, 1]],
  ] as const)
    await server.registry.add(server.platform, name, logisticModel({ weights: [...weights] }));
  await server.registry.add(server.platform, 'brittle', failingModel(2));
  await server.registry.add(
    server.platform,
    'trained',
    logisticModel({ weights: [1, 1] }),
    'svc@bbbbbbbbbbbb',
  );
});
afterAll(() => server.close());

const max = { nodes: { a: { model: 'a' }, b: { model: 'b' }, m: { ensemble: 'max', of: ['a', 'b'] } } };
const chance = (x: number) => 1 / (1 + Math.exp(-x));

async function deploy(name: string, spec: Record<string, unknown>) {
  expect((await server.call('PUT', `${deployments}/${name}`, spec)).status).toBe(200);
  return server.call('POST', `${deployments}/${name}/deploy`, {});
}

test('each model of a graph has to be approved; one that waits holds the graph back', async () => {
  requirementOf = ({ model }) =>
    model === 'b'
      ? { state: 'pending', reason: 'The policy asks for two.', approvalId: 'apr_1' }
      : { state: 'granted', reason: 'Approved.' };
  asked.length = 0;
  const { body } = await deploy('approved', { graph: max });
  expect(asked).toEqual(['a:1', 'b:1']);
  expect(body).toMatchObject({
    state: 'awaiting-approval',
    approval: 'apr_1',
    reason: 'The policy asks for two.',
  });
  requirementOf = ({ model }) => ({
    state: model === 'a' ? 'rejected' : 'granted',
    reason: `${model} was judged.`,
  });
  const rejected = await server.call('POST', `${deployments}/approved/deploy`, {
    graph: { nodes: { only: { model: 'a' } } },
  });
  expect(rejected.body).toMatchObject({ state: 'aborted', reason: 'a was judged.' });
  requirementOf = () => ({ state: 'not-required', reason: 'nobody asks' });
});

test('answers of a graph are cached with their way; those with a failed part are not', async () => {
  const graph = {
    nodes: {
      ...max.nodes,
      brittle: { model: 'brittle', onError: 'skip' },
      m: { ensemble: 'max', of: ['a', 'b', 'brittle'] },
      s: { switch: [{ when: 'features[1] > 5', use: 'a' }], default: 'm' },
    },
  };
  expect((await deploy('cached', { graph, cache: true })).status).toBe(200);
  await server.infer('cached', [[0.5, 9]], { id: 'miss' });
  await server.infer('cached', [[0.5, 9]], { id: 'hit' });
  const hit = await server.call('GET', '/api/serving/predictions/hit');
  expect(hit.body).toMatchObject({ cached: true, path: 's=a' });
  for (const id of ['f1', 'f2']) expect((await server.infer('cached', [[4, 1]], { id })).status).toBe(200);
  expect((await server.call('GET', '/api/serving/predictions/f2')).body).toMatchObject({
    cached: false,
    path: '!brittle s=m',
  });
});

test('a graph leaves memory when others need it, and loads at its next request', async () => {
  await deploy('big', { graph: max });
  await deploy('alone', { model: 'a' });
  const bytesOf = async (name: string): Promise<number> =>
    (await server.call('GET', `${deployments}/${name}`)).body.residency.bytes;
  const [bytes, alone] = [await bytesOf('big'), await bytesOf('alone')];
  expect(bytes).toBeGreaterThan(1.9 * alone);
  const residency = async () => (await server.call('GET', `${deployments}/big`)).body.residency.state;
  for (let i = 0; i < 4; i++) await deploy(`filler${i}`, { model: 'a' });
  await expect.poll(residency).toBe('cold');
  const { status, body } = await server.infer('big', [[2, 1]]);
  expect(status).toBe(200);
  expect(body.outputs[0].data[0]).toBeCloseTo(chance(2), 5);
  expect(await residency()).toBe('loaded');
});

test('load and unload of the repository extension work on a graph', async () => {
  await deploy('kept', { graph: max });
  expect((await server.call('POST', '/v2/repository/models/kept/unload', {})).status).toBe(200);
  expect((await server.infer('kept', [[2, 1]])).status).toBe(503);
  expect((await server.call('POST', '/v2/repository/models/kept/load', {})).status).toBe(200);
  expect((await server.infer('kept', [[2, 1]])).status).toBe(200);
});

test('a model that was trained on another version of the features is refused', async () => {
  const graph = {
    nodes: { a: { model: 'a' }, t: { model: 'trained' }, m: { ensemble: 'mean', of: ['a', 't'] } },
  };
  const { status, body } = await deploy('skewed', { graph, features: 'svc' });
  expect(status).toBe(422);
  expect(body.error.message).toMatch(/trained:1 was trained on svc@bbbbbbbbbbbb/);
});

test('a model that takes too long is left out', async () => {
  await server.registry.add(server.platform, 'slow', logisticModel({ weights: [1, 1], burn: 400 }));
  const slow = { model: 'slow', onError: 'skip', runtime: { placement: 'worker', timeoutMs: 10 } };
  const deployed = await deploy('hurried', {
    graph: { nodes: { a: { model: 'a' }, slow, m: { ensemble: 'mean', of: ['a', 'slow'] } } },
  });
  expect([deployed.status, deployed.body.error]).toEqual([200, undefined]);
  const { status, body } = await server.infer('hurried', [[2, 1]], { id: 'hurried' });
  expect([status, body.error]).toEqual([200, undefined]);
  expect(body.outputs[0].data[0]).toBeCloseTo(chance(2), 5);
  expect((await server.call('GET', '/api/serving/predictions/hurried')).body.path).toBe('!slow');
});

test('two nodes of one model share it in memory', async () => {
  const twice = {
    nodes: { x: { model: 'a' }, y: { model: 'a:1' }, m: { ensemble: 'mean', of: ['x', 'y'] } },
  };
  await deploy('twice', { graph: twice });
  await deploy('once', { model: 'a' });
  const bytesOf = async (name: string) =>
    (await server.call('GET', `${deployments}/${name}`)).body.residency.bytes;
  expect(await bytesOf('twice')).toBe(await bytesOf('once'));
});

test('a recorded request goes through another revision of the graph', async () => {
  await deploy('compared', { graph: max, rollout: { strategy: 'immediate' } });
  const rows = Array.from({ length: 40 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
  await server.infer('compared', rows, { id: 'past' });
  const items = rows.map(([x], i) => ({ id: `past:${i}`, value: x > 0 ? 1 : 0 }));
  await server.call('POST', '/api/serving/feedback', { items });
  const graph = { nodes: { ...max.nodes, m: { ensemble: 'mean', of: ['a', 'b'], weights: [5, 1] } } };
  await deploy('compared', { graph, rollout: { strategy: 'immediate' } });
  const { status, body } = await server.call('POST', `${deployments}/compared/comparisons`, { version: 2 });
  expect([status, body.version, body.rows]).toEqual([200, 2, 40]);
  expect(body.aucOther).toBeGreaterThan(body.aucLive);
});
