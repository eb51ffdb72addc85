import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { createGrpcClient } from '../../../../test/serving/grpc-client.ts';
import { logisticModel } from '../../../../test/serving/models.ts';
import {
  createTestRegistry,
  type ServingServer,
  startServing,
} from '../../../../test/serving/serving-server.ts';
import { createTurns } from './turns.ts';

const many = 150;
async function deploy(server: ServingServer, name: string): Promise<void> {
  const { status, body } = await server.call('POST', `/api/serving/deployments/${name}/deploy`, {});
  expect(status, JSON.stringify(body)).toBe(200);
}
const nameOf = (i: number) => `m${String(i).padStart(3, '0')}`;

test('a hundred and fifty models in the memory of a few: all answer, each as itself, also after a restart', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-residency-'));
  const registry = createTestRegistry();
  // A small session counts half a megabyte.
  const options = { dataDir, registry, modelMemory: '10MB' };
  const expected = (i: number) => 1 / (1 + Math.exp(-(i / many)));
  let server = await startServing(options);
  const get = async (name: string) =>
    (await server.call('GET', `/api/serving/deployments/${name}`)).body as {
      state: string;
      residency: { state: string; bytes: number };
      traffic: { requests: number };
    };
  const metric = async (name: string) => {
    const text = await (await fetch(`${server.url}/metrics`)).text();
    const lines = text.split('\n').filter((line) => line.startsWith(name));
    return lines.map((line) => Number(line.split(' ').at(-1)));
  };
  try {
    for (let i = 0; i < many; i++) {
      await registry.add(server.platform, nameOf(i), logisticModel({ weights: [i / many] }));
      await deploy(server, nameOf(i));
    }
    const loaded = async () => (await metric('houston_model_loaded_bytes')).length;
    await expect.poll(loaded).toBeLessThan(25);
    // Callers of one cold model share its load; callers of others are served beside it.
    for (let round = 0; round < 2; round++) {
      const replies = await Promise.all(
        Array.from({ length: many }, (_, i) => i).flatMap((i) => [
          server.infer(nameOf(i), [[1]]),
          server.infer(nameOf(i), [[1]]),
        ]),
      );
      replies.forEach(({ status, body }, at) => {
        expect(status, JSON.stringify(body)).toBe(200);
        expect(body.outputs[0].data[0]).toBeCloseTo(expected(Math.floor(at / 2)), 5);
      });
    }
    await expect.poll(loaded).toBeLessThan(25);
    const [loads] = await metric('houston_model_loads_total{result="ok"}');
    expect(loads).toBeGreaterThan(100);
    expect(loads).toBeLessThan(4 * many);
    expect((await metric('houston_model_evictions_total'))[0]).toBeGreaterThan(100);
    expect((await get(nameOf(0))).traffic.requests).toBe(4);

    // Used last, so loaded at the start; the others are cold, ready, and of the same face.
    await server.infer(nameOf(7), [[1]]);
    await server.close();
    server = await startServing(options);
    expect((await get(nameOf(7))).residency.state).toBe('loaded');
    const cold = Array.from({ length: many }, (_, i) => nameOf(i));
    const states = await Promise.all(cold.map(async (name) => (await get(name)).residency.state));
    expect(states.filter((state) => state === 'cold').length).toBeGreaterThan(100);
    const asleep = cold[states.indexOf('cold')];
    expect(await get(asleep)).toMatchObject({ state: 'serving', residency: { state: 'cold', bytes: 0 } });
    expect((await server.call('GET', `/v2/models/${asleep}/ready`)).status).toBe(200);
    expect((await get(asleep)).residency.state).toBe('cold');
    expect((await server.call('GET', `/v2/models/${asleep}`)).body).toMatchObject({ versions: ['1'] });
    const next = cold[states.indexOf('cold', states.indexOf('cold') + 1)];
    const scored = await server.call('POST', `/deployments/${next}/invocations`, { inputs: [[1]] });
    expect(scored.status).toBe(200);
  } finally {
    await server.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test('a cold model that does not load fails alone, is not tried at every request, and a deploy mends it', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-residency-'));
  const registry = createTestRegistry();
  const clock = { now: Date.now() };
  const options = { dataDir, registry, now: () => clock.now };
  let server = await startServing(options);
  try {
    await registry.add(server.platform, 'good', logisticModel({ weights: [1] }));
    const { digest } = await registry.add(server.platform, 'bad', logisticModel({ weights: [2] }));
    for (const name of ['good', 'bad']) await deploy(server, name);
    const path = server.platform.blobs.path(digest);
    await server.close();
    rmSync(path);
    server = await startServing(options);
    clock.now += 60_000;
    const grpc = createGrpcClient(server.grpc);
    const [bad, good] = await Promise.all([server.infer('bad', [[1]]), server.infer('good', [[1]])]);
    expect(bad).toMatchObject({ status: 503, body: { error: expect.stringMatching(/load/) } });
    expect(JSON.stringify(bad.body)).not.toContain(dataDir);
    expect(good.status).toBe(200);
    expect((await server.call('GET', '/v2/models/bad/ready')).status).toBe(503);
    const failed = (await grpc.call('ModelMetadata', { name: 'bad' })).code;
    expect(failed).toBe(14);
    grpc.close();
    const counted = async () => {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return Number(/houston_model_loads_total\{result="failed"\} (\d+)/.exec(text)?.[1]);
    };
    const before = await counted();
    await Promise.all([server.infer('bad', [[1]]), server.infer('bad', [[1]])]);
    expect(await counted()).toBe(before);
    await registry.add(server.platform, 'bad', logisticModel({ weights: [3] }));
    await deploy(server, 'bad');
    expect((await server.infer('bad', [[1]])).status).toBe(200);
  } finally {
    await server.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test('a cold deployment keeps its way back and its rollouts', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-residency-'));
  const registry = createTestRegistry();
  const options = { dataDir, registry, modelMemory: '1MB' };
  const server = await startServing(options);
  const scoreOf = async (name: string) => (await server.infer(name, [[1]])).body.outputs[0].data[0] as number;
  const put = (name: string) =>
    server.call('PUT', `/api/serving/deployments/${name}`, {
      model: name,
      rollout: { strategy: 'immediate' },
    });
  const cold = async () =>
    (await server.call('GET', '/api/serving/deployments/a')).body.residency.state as string;
  try {
    for (const name of ['a', 'b', 'c']) {
      await registry.add(server.platform, name, logisticModel({ weights: [1] }));
      await put(name);
      await deploy(server, name);
    }
    await registry.add(server.platform, 'a', logisticModel({ weights: [-1] }));
    await deploy(server, 'a');
    expect(await scoreOf('a')).toBeLessThan(0.5);
    const push = async () => {
      await scoreOf('b');
      await scoreOf('c');
      return cold();
    };
    await expect.poll(push).toBe('cold');
    const back = await server.call('POST', '/api/serving/deployments/a/rollback', { reason: 'odd' });
    expect(back.status).toBe(200);
    expect(await scoreOf('a')).toBeGreaterThan(0.5);
    await expect.poll(push).toBe('cold');
    // Steps again: a later version goes aside first, beside the champion that is loaded for it.
    await server.call('PUT', '/api/serving/deployments/a', { model: 'a' });
    await registry.add(server.platform, 'a', logisticModel({ weights: [2] }));
    const { body } = await server.call('POST', '/api/serving/deployments/a/deploy', {});
    expect(body.state).toBe('shadow');
    expect(await push()).toBe('loaded');
    expect(await scoreOf('a')).toBeGreaterThan(0.5);
  } finally {
    await server.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test('turns: never more at once than there are places, in order, also after failures', async () => {
  const turns = createTurns(2);
  let running = 0;
  let most = 0;
  const order: number[] = [];
  const work = (i: number) => async () => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    order.push(i);
    if (i % 2) throw new Error('odd');
  };
  await Promise.allSettled(Array.from({ length: 9 }, (_, i) => turns.run(work(i))));
  expect([most, running, order]).toEqual([2, 0, [0, 1, 2, 3, 4, 5, 6, 7, 8]]);
});
