import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../eventually.ts';
import { failingModel, logisticModel } from './models.ts';
import { createTestRegistry, type ServingServer, startServing } from './serving-server.ts';

let server: ServingServer;
const versions = [1, 2, 3] as const;
beforeAll(async () => {
  server = await startServing();
  const { platform, registry } = server;
  await registry.add(platform, 'm', logisticModel({ weights: [1, 2] }));
  await registry.add(platform, 'm', logisticModel({ weights: [-3, 0.5] }));
  // Fails on rows whose first feature is 1 or more.
  await registry.add(platform, 'm', failingModel(2));
  // What each version answers where nothing is cached.
  for (const version of versions) await bringIn(`only${version}`, version);
});
afterAll(() => server.close());

const bringIn = (deployment: string, version: number) =>
  server.call('POST', `/api/serving/deployments/${deployment}/deploy`, { model: `m:${version}` });
const ask = (deployment: string, body: object, version?: number) => {
  const of = version === undefined ? '' : `/versions/${version}`;
  return server.call('POST', `/v2/models/${deployment}${of}/infer`, body);
};

const value = fc.constantFrom(0, -0, 0.25, 1, -1.5);
const row = fc.tuple(value, value);
const step = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      rows: fc.array(row, { minLength: 1, maxLength: 2 }),
      version: fc.option(fc.constantFrom(...versions), { nil: undefined, freq: 4 }),
      parameters: fc.constantFrom({}, { event_time: '2001-01-01T00:00:00Z' }, { unit: 'a' }, { unit: 'b' }),
      at: fc.constantFrom(1, 1, 3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('deploy' as const), version: fc.constantFrom(...versions) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('promote' as const, 'abort' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('rollback' as const, 'clear' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('declare' as const),
      cache: fc.constantFrom(true, false, { maxEntries: 2 }, { ttlSeconds: 0.01 }, { maxBytes: 1500 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

let counter = 0;

/** A deployment with a cache, through a history of requests and changes. Returns how its requests were answered. */
async function live(steps: readonly Step[]): Promise<{ hits: number; answered: number }> {
  const name = `on${counter++}`;
  const path = `/api/serving/deployments/${name}`;
  const rollout = { shadowRequests: 0, minimumRequests: 1_000_000, steps: [50], stickyParameter: 'unit' };
  const declare = (cache: unknown) => server.call('PUT', path, { model: 'm', rollout, cache });
  await declare(true);
  await bringIn(name, 1);
  let answered = 0;
  const one = async ({ rows, version, parameters }: Extract<Step, { do: 'ask' }>) => {
    const tensor = { name: 'features', datatype: 'FP32', shape: [rows.length, 2], data: rows.flat() };
    const body = { inputs: [tensor], parameters };
    const reply = await ask(name, body, version);
    if (reply.status === 404) return;
    answered++;
    const by = reply.status === 200 ? reply.body.model_version : (version ?? 3);
    const expected = await ask(`only${by}`, body);
    expect([reply.status, reply.body.outputs]).toEqual([expected.status, expected.body.outputs]);
  };
  for (const next of steps) {
    if (next.do === 'ask') await Promise.all(Array.from({ length: next.at }, () => one(next)));
    else if (next.do === 'deploy') await bringIn(name, next.version);
    else if (next.do === 'rollback') await server.call('POST', `${path}/rollback`, { reason: 'test' });
    else if (next.do === 'clear') await server.call('DELETE', `${path}/cache`);
    else if (next.do === 'declare') await declare(next.cache);
    else {
      const { body } = await server.call('GET', path);
      const id = body.rollout?.id;
      if (id) await server.call('POST', `/api/serving/rollouts/${id}/${next.do}`, { reason: 'test' });
    }
  }
  const { items } = (await server.call('GET', `${path}/predictions?limit=1000`)).body;
  const requests = new Set(items.map(({ id }: { id: string }) => id.replace(/:\d+$/, '')));
  expect(requests.size).toBe(answered);
  const hits = new Set(
    items
      .filter(({ cached }: { cached: boolean }) => cached)
      .map(({ id }: { id: string }) => id.replace(/:\d+$/, '')),
  ).size;
  return { hits, answered };
}

test('with a cache every reply is, bit for bit, what its version answers without one', async () => {
  const seen = { hits: 0, answered: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 60 }), async (steps) => {
      const { hits, answered } = await live(steps);
      seen.hits += hits;
      seen.answered += answered;
    }),
    { numRuns: 25 },
  );
  // The histories were such that the cache had something to do.
  expect(seen.hits).toBeGreaterThan(0.1 * seen.answered);
});

describe('a rollout with a cache', () => {
  /** Requests of eight different rows, most of them while the canary answers too. */
  async function rollOut(name: string, version: number, on: ServingServer, most = 400) {
    const path = `/api/serving/deployments/${name}`;
    const rollout = {
      shadowRequests: 4,
      minimumRequests: 100_000,
      steps: [50],
      requireLabels: false,
      latencyObjectiveMs: 60_000,
    };
    await on.call('PUT', path, { model: 'm', rollout, cache: true });
    await on.call('POST', `${path}/deploy`, { model: 'm:1' });
    for (let x = 0; x < 8; x++) await on.infer(name, [[x / 8, 1]]);
    const started = await on.call('POST', `${path}/deploy`, { model: `m:${version}` });
    const arms: Record<string, number> = {};
    const get = async () => (await on.call('GET', `/api/serving/rollouts/${started.body.id}`)).body;
    for (let i = 0; i < most; i++) {
      if (i === 60) await eventually(async () => expect((await get()).state).toBe('canary'));
      const { body } = await on.infer(name, [[(i % 8) / 8, 1]]);
      arms[body.parameters.arm] = (arms[body.parameters.arm] ?? 0) + 1;
    }
    const evidence = async () => (await get()).evidence;
    return { arms, id: started.body.id as string, evidence, path };
  }

  test('both arms answer from it or neither does; the evidence has all pairs, also after a restart', async () => {
    const registry = createTestRegistry();
    const dataDir = `${server.platform.config.dataDir}/rollout`;
    let own = await startServing({ registry, dataDir });
    for (const weights of [
      [1, 2],
      [1.1, 2],
    ])
      await registry.add(own.platform, 'm', logisticModel({ weights }));
    const { arms, evidence, path, id } = await rollOut('r', 2, own);
    try {
      expect(arms.champion).toBeGreaterThan(50);
      expect(arms.canary).toBeGreaterThan(50);
      const { items } = (await own.call('GET', `${path}/predictions?limit=1000`)).body as {
        items: { cached: boolean; rollout: string | null; version: number; pairScore: number | null }[];
      };
      const inRollout = items.filter((item) => item.rollout === id);
      // Each of the eight rows was run by both arms, though the champion knew it before.
      expect(inRollout.filter(({ cached }) => !cached).length).toBeGreaterThanOrEqual(8);
      for (const version of [1, 2])
        expect(inRollout.filter((item) => item.cached && item.version === version).length).toBeGreaterThan(
          50,
        );
      expect(inRollout.every(({ pairScore }) => pairScore !== null)).toBe(true);
      const before = await eventually(async () => {
        const now = await evidence();
        expect(now.requests.paired).toBe(400);
        return now;
      });
      await own.close();
      own = await startServing({ registry, dataDir });
      const { body } = await own.call('GET', `/api/serving/rollouts/${id}`);
      expect(body.evidence.requests).toEqual(before.requests);
      for (const [i, test] of before.tests.entries()) {
        // The request of the very moment of a step may count to either side of it.
        if (test.name === 'split') continue;
        expect(body.evidence.tests[i]).toMatchObject({ name: test.name, value: test.value, n: test.n });
      }
      await own.call('POST', `/api/serving/rollouts/${id}/promote`, { reason: 'test' });
      const after = await own.infer('r', [[0.5, 1]]);
      expect(after.body.model_version).toBe('2');
    } finally {
      await own.close();
    }
  });

  test('a challenger that fails is found out although the champion knows all the answers', async () => {
    const own = await startServing();
    try {
      await own.registry.add(own.platform, 'm', logisticModel({ weights: [1, 2] }));
      await own.registry.add(own.platform, 'm', failingModel(2));
      const path = '/api/serving/deployments/f';
      const rollout = { shadowRequests: 1000, minimumRequests: 1000, requireLabels: false };
      await own.call('PUT', path, { model: 'm', rollout, cache: true });
      await own.call('POST', `${path}/deploy`, { model: 'm:1' });
      for (let i = 0; i < 20; i++) await own.infer('f', [[2, 1]]);
      const { body: started } = await own.call('POST', `${path}/deploy`, { model: 'm:2' });
      const state = async () => (await own.call('GET', `/api/serving/rollouts/${started.id}`)).body.state;
      for (let i = 0; i < 200 && (await state()) === 'shadow'; i++)
        expect((await own.infer('f', [[2, 1]])).body.model_version).toBe('1');
      await expect.poll(state).toBe('rolled-back');
    } finally {
      await own.close();
    }
  });
});
