import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../../../../test/eventually.ts';
import { failingModel, logisticModel } from '../../../../test/serving/models.ts';
import {
  createTestRegistry,
  type ServingServer,
  startServing,
} from '../../../../test/serving/serving-server.ts';
import { createRandom, type Random } from '../../../math/random.ts';
import { listEvents } from '../../../platform/ledger/index.ts';
import type { PromotionRequirement } from '../../registry/index.ts';

let server: ServingServer;
let aheadMs = 0;
let dataDir: string | undefined;
afterEach(async () => {
  aheadMs = 0;
  await server.close();
  if (dataDir) rmSync(dataDir, { recursive: true, force: true });
});

// What a busy machine delays is no evidence; the test of latency sets its own objective.
const latencyObjectiveMs = 60_000;
const quick = {
  shadowRequests: 30,
  minimumRequests: 40,
  minimumLabelled: 80,
  margin: 0.02,
  latencyObjectiveMs,
};

/** Deploys a champion with weight 2 and starts the rollout of a challenger. */
async function rollOut(challenger: Uint8Array, rollout: Record<string, unknown> = {}) {
  server = await startServing({ now: () => Date.now() + aheadMs });
  const { call, platform, registry } = server;
  await registry.add(platform, 'm', logisticModel({ weights: [2] }));
  await call('PUT', '/api/serving/deployments/m', { model: 'm', rollout: { ...quick, ...rollout } });
  await call('POST', '/api/serving/deployments/m/deploy', {});
  await registry.add(platform, 'm', challenger);
  const started = await call('POST', '/api/serving/deployments/m/deploy', { model: 'm:2' });
  expect(started.body).toMatchObject({ state: 'shadow', weight: 0 });
  return started.body.id as string;
}

const get = async (id: string) => (await server.call('GET', `/api/serving/rollouts/${id}`)).body;
const isRunning = ({ state }: { state: string }) => ['shadow', 'canary'].includes(state);

/**
 * Requests whose outcome follows the champion's model, with feedback, until the rollout ends or `most` requests; the
 * next ones are sent when both arms have scored the last.
 */
async function drive(id: string, most: number, random: Random, withLabels = true) {
  let rollout = await get(id);
  const statuses = new Map<number, number>();
  for (let sent = 0; sent < most && isRunning(rollout); sent += 20) {
    const xs = Array.from({ length: 20 }, () => random.normal());
    const answers = await Promise.all(xs.map((x) => server.infer('m', [[x]])));
    for (const { status } of answers) statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (withLabels) {
      const items = answers.map(({ body }, i) => ({
        id: body.id,
        value: random.next() < 1 / (1 + Math.exp(-2 * xs[i])) ? 1 : 0,
      }));
      await server.call('POST', '/api/serving/feedback', { items });
    }
    rollout = await eventually(async () => {
      const now = await get(id);
      if (isRunning(now)) expect(now.evidence.requests.paired).toBe(sent + 20);
      return now;
    });
  }
  return { rollout, statuses };
}

describe('a rollout under traffic', () => {
  test('a good challenger goes through shadow and the steps and is promoted', async () => {
    const id = await rollOut(logisticModel({ weights: [1.9] }));
    const { rollout, statuses } = await drive(id, 20_000, createRandom(1));
    expect([...statuses.keys()]).toEqual([200]);
    expect(rollout).toMatchObject({ state: 'promoted', weight: 100 });
    expect(rollout.evidence.transitions.map((one: { weight: number }) => one.weight)).toEqual([
      0, 10, 50, 100,
    ]);
    expect((await server.infer('m', [[1]])).body.model_version).toBe('2');
    expect(server.registry.aliases.get('m@champion')).toBe(2);
    const events = await listEvents(server.scope, { types: ['serving.rollout.*'], order: 'oldest' });
    expect(events.map((event) => event.type.split('.')[2])).toEqual([
      'started',
      'promoted',
      'started',
      'advanced',
      'advanced',
      'promoted',
    ]);
    const test = rollout.evidence.tests.find((one: { name: string }) => one.name === 'non-inferiority');
    expect(test).toMatchObject({ decision: 'pass', kind: 'promotion' });
    expect(test.history.length).toBeGreaterThan(1);
    expect(events[5].cause).toBe(events[2].id);
  });

  test('a wrong challenger is rolled back on its losses, and nobody sees a failed request', async () => {
    const id = await rollOut(logisticModel({ weights: [-2] }));
    const { rollout, statuses } = await drive(id, 5000, createRandom(2));
    expect([...statuses.keys()]).toEqual([200]);
    expect(rollout).toMatchObject({ state: 'rolled-back', weight: 0 });
    expect(rollout.evidence.tests.find((one: { name: string }) => one.name === 'loss').decision).toBe(
      'alarm',
    );
    expect((await server.infer('m', [[1]])).body.model_version).toBe('1');
    expect(server.registry.aliases.get('m@champion')).toBe(1);
  });

  test('a slow challenger is rolled back on its latency', async () => {
    const id = await rollOut(logisticModel({ weights: [2], burn: 80 }), { latencyObjectiveMs: 10 });
    const { rollout, statuses } = await drive(id, 5000, createRandom(3), false);
    expect([...statuses.keys()]).toEqual([200]);
    expect(rollout).toMatchObject({ state: 'rolled-back' });
    expect(rollout.reason).toMatch(/took over 10 ms with the challenger/);
  });

  test('a challenger that fails is answered for by the champion and rolled back', async () => {
    const id = await rollOut(failingModel(1), { shadowRequests: 0 });
    const { rollout, statuses } = await drive(id, 5000, createRandom(4), false);
    expect([...statuses.keys()]).toEqual([200]);
    expect(rollout).toMatchObject({ state: 'rolled-back' });
    expect(rollout.reason).toMatch(/failed with the challenger/);
  });

  test('without outcomes nothing is promoted; the time-out holds, and a person may decide', async () => {
    const id = await rollOut(logisticModel({ weights: [2] }), { timeoutMinutes: 60 });
    await drive(id, 400, createRandom(5), false);
    expect(isRunning(await get(id))).toBe(true);
    aheadMs = 3_600_000;
    await eventually(async () => expect(await get(id)).toMatchObject({ state: 'held', weight: 0 }));
    expect((await server.infer('m', [[1]])).body.model_version).toBe('1');
    const promoted = await server.call('POST', `/api/serving/rollouts/${id}/promote`, {
      reason: 'I looked at it',
    });
    expect(promoted.body).toMatchObject({ state: 'promoted', reason: 'I looked at it' });
    expect((await server.infer('m', [[1]])).body.model_version).toBe('2');
    expect((await server.call('POST', `/api/serving/rollouts/${id}/abort`, { reason: 'late' })).status).toBe(
      409,
    );
  });

  test('it waits for an approval, and the decision starts or ends it', async () => {
    let state: PromotionRequirement['state'] = 'not-required';
    const promotionPolicy = {
      requirement: async () => ({ state, approvalId: 'apr_1', reason: 'the policy asks' }),
    };
    server = await startServing({ promotionPolicy });
    const { call, platform, registry } = server;
    await registry.add(platform, 'm', logisticModel({ weights: [2] }));
    await call('POST', '/api/serving/deployments/m/deploy', {});
    await registry.add(platform, 'm', logisticModel({ weights: [1] }));
    state = 'pending';
    const waiting = await call('POST', '/api/serving/deployments/m/deploy', {});
    expect(waiting.body).toMatchObject({ state: 'awaiting-approval', approval: 'apr_1' });
    expect(
      (await call('POST', `/api/serving/rollouts/${waiting.body.id}/promote`, { reason: 'now' })).status,
    ).toBe(409);
    expect((await call('POST', '/api/serving/deployments/m/deploy', {})).body.id).toBe(waiting.body.id);
    state = 'granted';
    await grant();
    expect((await call('GET', `/api/serving/rollouts/${waiting.body.id}`)).body.state).toBe('shadow');
    const [started] = await listEvents(server.scope, { subject: `rollout:${waiting.body.id}`, limit: 1 });
    expect(started.cause).not.toBeNull();
  });
});

async function grant(): Promise<void> {
  const { record } = await import('../../../platform/ledger/index.ts');
  const { transact } = await import('../../../platform/scope.ts');
  await transact(server.scope, (tx) =>
    record(tx, { type: 'governance.approval.granted', subject: 'approval:apr_1' }),
  );
  await server.reactors.settled();
}

test('a restart in the middle keeps the route, the step and the evidence, and counts nothing twice', async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'houston-test-'));
  const registry = createTestRegistry();
  server = await startServing({ dataDir, registry });
  const { call, platform } = server;
  await registry.add(platform, 'm', logisticModel({ weights: [2] }));
  await call('PUT', '/api/serving/deployments/m', {
    model: 'm',
    rollout: { ...quick, minimumRequests: 1e6 },
  });
  await call('POST', '/api/serving/deployments/m/deploy', {});
  await registry.add(platform, 'm', logisticModel({ weights: [1.9] }));
  const { body } = await call('POST', '/api/serving/deployments/m/deploy', {});
  await drive(body.id, 200, createRandom(7));
  const before = await eventually(async () => {
    const now = await get(body.id);
    expect(now).toMatchObject({ state: 'canary', weight: 10, step: 1 });
    return now;
  });
  await server.close();
  server = await startServing({ dataDir, registry });
  const after = await get(body.id);
  expect(after.evidence.requests).toEqual(before.evidence.requests);
  expect(after.evidence.labelled).toBe(before.evidence.labelled);
  expect(after).toMatchObject({ state: 'canary', weight: 10, step: 1 });
  expect((await server.infer('m', [[1]])).status).toBe(200);
});
