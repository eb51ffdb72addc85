import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listEvents } from '../../src/platform/ledger/index.ts';
import { hourAndNumber } from './feature-service.ts';
import { createGrpcClient } from './grpc-client.ts';
import { failingModel, logisticModel, randomModel } from './models.ts';
import { type ServingServer, startServing } from './serving-server.ts';

let server: ServingServer;
let clock: number | undefined;
beforeAll(async () => {
  server = await startServing({ now: () => clock ?? Date.now() });
});
afterAll(() => server.close());

/** Deploys a model of this name with what is declared. */
async function deploy(name: string, bytes: Uint8Array, spec: object, on = server): Promise<void> {
  await on.registry.add(on.platform, name, bytes);
  await on.call('PUT', `/api/serving/deployments/${name}`, { model: name, ...spec });
  const { status, body } = await on.call('POST', `/api/serving/deployments/${name}/deploy`, {});
  expect([status, body.error]).toEqual([200, undefined]);
}
const viewOf = async (name: string, on = server) =>
  (await on.call('GET', `/api/serving/deployments/${name}`)).body;
const cacheOf = async (name: string, on = server) => (await viewOf(name, on)).cache;
const statsOf = async (name: string) =>
  (await server.call('GET', `/v2/models/${name}/stats`)).body.model_stats[0];

describe('an answer that was given before', () => {
  test('is given again bit for bit, under an id of its own that outcomes find', async () => {
    await deploy('m', logisticModel({ weights: [1, 2] }), { cache: true });
    const first = await server.infer('m', [[0.1, 0.7]]);
    const again = await server.infer('m', [[0.1, 0.7]], {
      parameters: { event_time: '2001-02-03T04:05:06Z' },
    });
    expect(again.body.outputs).toEqual(first.body.outputs);
    expect(again.body.id).not.toBe(first.body.id);
    const { id } = again.body;
    const { body: said } = await server.call('POST', '/api/serving/feedback', { items: [{ id, value: 1 }] });
    expect(said).toMatchObject({ accepted: 1, unknown: [] });
    const read = await server.call('GET', `/api/serving/predictions/${id}`);
    expect(read.body).toMatchObject({
      cached: true,
      label: 1,
      eventTime: '2001-02-03T04:05:06.000Z',
      features: { 'features[0]': expect.closeTo(0.1, 6), 'features[1]': expect.closeTo(0.7, 6) },
    });
    expect(read.body.score).toBeCloseTo(first.body.outputs[0].data[0], 6);
    const made = await server.call('GET', `/api/serving/predictions/${first.body.id}`);
    expect(made.body).toMatchObject({ cached: false, score: read.body.score });
    const why = await server.call('GET', `/api/serving/predictions/${id}/why`);
    expect(why.body.graph.nodes.length).toBeGreaterThan(0);
  });

  test('is counted apart: over REST, over gRPC, for Prometheus and on the page', async () => {
    const before = await statsOf('m');
    for (let i = 0; i < 3; i++) await server.infer('m', [[0.1, 0.7]]);
    await server.infer('m', [
      [5, 5],
      [6, 6],
    ]);
    const after = await statsOf('m');
    const grown = (of: (stats: typeof after) => number) => of(after) - of(before);
    expect(grown((stats) => stats.inference_stats.cache_hit.count)).toBe(3);
    expect(grown((stats) => stats.inference_stats.cache_miss.count)).toBe(1);
    expect(grown((stats) => stats.inference_stats.success.count)).toBe(4);
    expect(grown((stats) => stats.inference_stats.compute_infer.count)).toBe(1);
    expect([grown((stats) => stats.inference_count), grown((stats) => stats.execution_count)]).toEqual([
      2, 1,
    ]);
    expect(after.inference_stats.cache_hit.ns).toBeGreaterThan(0);

    const client = createGrpcClient(server.grpc);
    try {
      const contents = { fp32_contents: [0.1, 0.7] };
      const inputs = [{ name: 'features', datatype: 'FP32', shape: [1, 2], contents }];
      expect((await client.call('ModelInfer', { model_name: 'm', inputs })).code).toBe(0);
      const stats = (await client.call('ModelStatistics', { name: 'm' })).reply as unknown as {
        model_stats: { inference_stats: { cache_hit: { count: string; ns: string } } }[];
      };
      const { cache_hit } = stats.model_stats[0].inference_stats;
      expect(Number(cache_hit.count)).toBe(after.inference_stats.cache_hit.count + 1);
    } finally {
      client.close();
    }

    const { hits, misses, hitShare, entries, bytes, savedMs } = await cacheOf('m');
    expect([hits, misses, entries]).toEqual([5, 2, 2]);
    expect(hitShare).toBeCloseTo(5 / 7);
    expect(bytes).toBeGreaterThan(500);
    expect(savedMs).toBeGreaterThanOrEqual(0);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    const own = 'deployment="m",model="m",version="1",revision="[^"]+"';
    expect(metrics).toMatch(new RegExp(`houston_inference_cache_hits_total\\{${own}\\} 5\\n`));
    expect(metrics).toMatch(new RegExp(`houston_inference_cache_misses_total\\{${own}\\} 2\\n`));
    expect(metrics).toContain('houston_inference_cache_entries{deployment="m"} 2\n');
    expect(metrics).toContain('nv_cache_num_hits_per_model{model="m",version="1"} 5\n');
    expect(metrics).toContain('nv_cache_num_misses_per_model{model="m",version="1"} 2\n');
    expect(metrics).toMatch(/nv_cache_hit_duration_per_model\{model="m",version="1"\} [1-9]/);
    // Rows that the model has run: 1 + 2, and not those of the hits.
    expect(metrics).toContain('nv_inference_count{model="m",version="1"} 3\n');
    expect(metrics).toContain('nv_inference_request_success{model="m",version="1"} 7\n');
  });

  test('is forgotten when a person says so, or turns the cache off', async () => {
    const kept = await cacheOf('m');
    const cleared = await server.call('DELETE', '/api/serving/deployments/m/cache');
    expect(cleared).toEqual({ status: 200, body: { entries: kept.entries, bytes: kept.bytes } });
    expect(await cacheOf('m')).toMatchObject({ entries: 0, bytes: 0, hits: kept.hits });
    const [event] = await listEvents(server.scope, { types: ['serving.cache.cleared'] });
    expect(event).toMatchObject({ subject: 'deployment:m', data: { entries: kept.entries } });
    await server.infer('m', [[0.1, 0.7]]);
    expect(await cacheOf('m')).toMatchObject({ misses: kept.misses + 1 });
    await server.call('PUT', '/api/serving/deployments/m', { model: 'm', cache: false });
    expect(await cacheOf('m')).toBeNull();
    await server.call('PUT', '/api/serving/deployments/m', { model: 'm', cache: { maxEntries: 1 } });
    expect(await cacheOf('m')).toMatchObject({ entries: 0, maxEntries: 1 });
    for (const x of [1, 2, 2, 1]) await server.infer('m', [[x, x]]);
    expect(await cacheOf('m')).toMatchObject({ entries: 1, hits: kept.hits + 1, evicted: 2 });
    expect((await server.call('DELETE', '/api/serving/deployments/nobody/cache')).status).toBe(404);
    const wrong = { model: 'm', cache: { maxBytes: -1 } };
    expect((await server.call('PUT', '/api/serving/deployments/m', wrong)).status).toBe(400);
  });

  test('is made anew when it is as old as declared', async () => {
    clock = Date.now();
    await deploy('aging', logisticModel({ weights: [1] }), { cache: { ttlSeconds: 60 } });
    await server.infer('aging', [[1]]);
    clock += 59_000;
    await server.infer('aging', [[1]]);
    expect(await cacheOf('aging')).toMatchObject({ hits: 1, misses: 1 });
    clock += 1000;
    await server.infer('aging', [[1]]);
    expect(await cacheOf('aging')).toMatchObject({ hits: 1, misses: 2, expired: 1, entries: 1 });
    clock = undefined;
  });
});

describe('what is not given again', () => {
  test('failures and invalid outputs', async () => {
    await deploy('failing', failingModel(1), { cache: true });
    for (let i = 0; i < 2; i++) expect((await server.infer('failing', [[3]])).status).toBe(500);
    for (let i = 0; i < 2; i++) expect((await server.infer('failing', [[0]])).status).toBe(200);
    expect(await cacheOf('failing')).toMatchObject({ hits: 1, misses: 3, entries: 1 });
    const spec = { cache: true, scoreRange: [0, 0.6] };
    await deploy('invalid', logisticModel({ weights: [1] }), spec);
    for (let i = 0; i < 3; i++) await server.infer('invalid', [[5]]);
    expect(await cacheOf('invalid')).toMatchObject({ hits: 0, misses: 3, entries: 0 });
  });

  test('what the fallback answers, while the champion fails', async () => {
    const constant = { fallback: { constant: { probability: 0.25 } }, cache: true };
    await deploy('rescued', failingModel(1), constant);
    for (let i = 0; i < 3; i++) {
      const { body } = await server.infer('rescued', [[3]]);
      expect([body.outputs[0].data[0], body.parameters.arm]).toEqual([0.25, 'fallback']);
    }
    expect(await cacheOf('rescued')).toMatchObject({ hits: 0, misses: 3, entries: 0 });
  });

  test('answers of a model that draws at random', async () => {
    await deploy('dice', randomModel(), { cache: true });
    const answers = new Set<number>();
    for (let i = 0; i < 8; i++) answers.add((await server.infer('dice', [[1]])).body.outputs[0].data[0]);
    expect(answers.size).toBe(8);
    const view = await viewOf('dice');
    expect(view.cache).toMatchObject({ hits: 0, misses: 0, entries: 0 });
    expect(view.route[0].uncached).toContain('draws at random (RandomNormalLike)');
    // Where its operators do not tell, two runs do.
    const { format } = await server.registry.getVersion(server.scope, 'dice', 1);
    format.operators = {};
    await deploy('unnamed', logisticModel({ weights: [1] }), { model: 'dice:1', cache: true });
    expect((await viewOf('unnamed')).route[0].uncached).toContain('two answers to the same row');
  });

  test('answers from elsewhere without an age that ends them', async () => {
    const here = await startServing({ upstreams: [server.url] });
    try {
      const runtime = { upstream: { url: server.url, protocol: 'open-inference', model: 'm' } };
      await deploy('far', logisticModel({ weights: [1, 2] }), { runtime, cache: true }, here);
      for (let i = 0; i < 2; i++) await here.infer('far', [[7, 7]]);
      const view = await viewOf('far', here);
      expect(view.route[0].uncached).toContain('ttlSeconds');
      expect(view.cache.entries).toBe(0);
      const spec = { model: 'far', runtime, cache: { ttlSeconds: 60 } };
      await here.call('PUT', '/api/serving/deployments/far', spec);
      const before = (await cacheOf('far', here)).hits;
      for (let i = 0; i < 3; i++) await here.infer('far', [[7, 7]]);
      expect(await cacheOf('far', here)).toMatchObject({ hits: before + 2, misses: 1 });
    } finally {
      await here.close();
    }
  });
});

test('behind a feature service the vector is what counts: fresh features are never passed over', async () => {
  const own = await startServing({ features: hourAndNumber });
  try {
    await own.registry.add(own.platform, 'm', logisticModel({ weights: [0.1, 1] }), 'svc@aaaaaaaaaaaa');
    await own.call('PUT', '/api/serving/deployments/m', { model: 'm', features: 'svc', cache: true });
    await own.call('POST', '/api/serving/deployments/m/deploy', {});
    const at = async (time: string) =>
      (
        await own.call('POST', '/v2/models/m/infer', {
          parameters: { event_time: time },
          inputs: [{ name: 'x', datatype: 'FP64', shape: [1], data: [1] }],
        })
      ).body.outputs[0].data[0];
    const five = await at('2001-01-01T05:00:00Z');
    const six = await at('2001-01-01T06:00:00Z');
    expect(six).not.toBe(five);
    // Another moment of the same hour is another request with the same vector.
    expect(await at('2001-01-01T05:30:00Z')).toBe(five);
    expect(await cacheOf('m', own)).toMatchObject({ hits: 1, misses: 2 });
    const { items } = (await own.call('GET', '/api/serving/deployments/m/predictions')).body;
    expect(
      items.map((item: { eventTime: string; cached: boolean }) => [item.eventTime, item.cached]),
    ).toEqual([
      ['2001-01-01T05:30:00.000Z', true],
      ['2001-01-01T06:00:00.000Z', false],
      ['2001-01-01T05:00:00.000Z', false],
    ]);
  } finally {
    await own.close();
  }
});

test('who asks the same at the same moment shares one run, and what is known passes a full queue', async () => {
  const limits = { maxConcurrent: 4, maxQueue: 0 };
  const spec = { runtime: { placement: 'worker' }, cache: true, limits };
  await deploy('slow', logisticModel({ weights: [1], burn: 60 }), spec);
  const before = await statsOf('slow');
  const replies = await Promise.all([1, 2, 3, 4].map(() => server.infer('slow', [[1]])));
  expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(new Set(replies.map(({ body }) => body.outputs[0].data[0])).size).toBe(1);
  expect((await statsOf('slow')).execution_count - before.execution_count).toBe(1);
  expect(await cacheOf('slow')).toMatchObject({ hits: 3, misses: 1 });
  const mixed = await Promise.all([10, 11, 12, 13, 14, 1, 1].map((x) => server.infer('slow', [[x]])));
  expect(
    mixed
      .slice(0, 5)
      .map(({ status }) => status)
      .sort(),
  ).toEqual([200, 200, 200, 200, 503]);
  expect(mixed.slice(5).map(({ status }) => status)).toEqual([200, 200]);
  expect((await viewOf('slow')).load.running).toBe(0);
});
