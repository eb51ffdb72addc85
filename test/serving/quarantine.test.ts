import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { listEvents } from '../../src/platform/ledger/index.ts';
import { hangingModel, harmless } from './faulty-models.ts';
import { logisticModel } from './models.ts';
import { createTestRegistry, type ServingServer, startServing } from './serving-server.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'houston-quarantine-'));
let server: ServingServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const bad = [[harmless + 1]];
const good = [[0]];
/** For rows that do not hang it is enough on a busy machine too. */
const runtime = { timeoutMs: 2000 };

async function deploy(to: ServingServer, name: string, spec: object, version = 1) {
  await to.call('PUT', `/api/serving/deployments/${name}`, { model: name, ...spec });
  const reply = await to.call('POST', `/api/serving/deployments/${name}/deploy`, {
    model: `${name}:${version}`,
  });
  expect(reply.status).toBe(200);
  return reply.body;
}
const view = async (of: ServingServer, name: string) =>
  (await of.call('GET', `/api/serving/deployments/${name}`)).body;

/** Sends rows that hang until the revision is in quarantine; returns the statuses. */
async function provoke(to: ServingServer, name: string): Promise<number[]> {
  const statuses: number[] = [];
  for (;;) {
    const { body } = await to.call('GET', `/api/serving/quarantine?deployment=${name}&state=active`);
    if (body.items.length > 0) return statuses;
    statuses.push((await to.infer(name, bad)).status);
    await wait(100);
  }
}

/** Deploys a model that hangs as the challenger of one that does not; returns its rollout. */
async function challenge(to: ServingServer) {
  await to.registry.add(to.platform, 'm', logisticModel({ weights: [1] }));
  await to.registry.add(to.platform, 'm', hangingModel());
  // Neither slowness nor failures decide before the third hang.
  const rollout = {
    minimumRequests: 10_000,
    shadowRequests: 10_000,
    alpha: 1e-9,
    latencyObjectiveMs: 60_000,
  };
  await deploy(to, 'm', { runtime, rollout });
  return deploy(to, 'm', { runtime, rollout }, 2);
}

const eventsOf = async (of: ServingServer, type: string) =>
  (await listEvents(of.scope, { types: [type], order: 'oldest' })).map(({ data }) => data);

describe('a revision that hangs again and again', () => {
  test('is not loaded any more, by deploy or restart, until a person releases it', async () => {
    const registry = createTestRegistry();
    server = await startServing({ dataDir, registry });
    await registry.add(server.platform, 'alone', hangingModel());
    await deploy(server, 'alone', { runtime });
    const [arm] = (await view(server, 'alone')).route;
    expect(arm.placement).toBe('process');
    expect((await server.infer('alone', good)).status).toBe(200);

    const statuses = await provoke(server, 'alone');
    expect(statuses.slice(0, 3)).toEqual([503, 503, 503]);
    const refused = await server.infer('alone', good);
    expect(refused.status).toBe(503);
    expect(refused.body.error).toMatch(
      /Version 1 of alone is in quarantine\. It hung: 3 times in ten minutes\./,
    );
    expect((await server.call('GET', '/v2/models/alone/ready')).status).toBe(503);
    const held = await view(server, 'alone');
    expect(held).toMatchObject({
      state: 'quarantined',
      quarantine: [{ version: 1, kind: 'hang', answeredBy: 'nobody', releasedAt: null }],
    });
    expect(held.quarantine[0].faults).toHaveLength(3);
    const again = await server.call('POST', '/api/serving/deployments/alone/deploy', { model: 'alone:1' });
    expect([again.status, again.body.error.code]).toEqual([409, 'serving.quarantine.deployed']);

    await server.close();
    server = await startServing({ dataDir, registry });
    expect((await view(server, 'alone')).state).toBe('quarantined');
    expect((await server.infer('alone', good)).status).toBe(503);

    const { revision } = held.quarantine[0];
    const release = `/api/serving/quarantine/${revision}/release`;
    expect((await server.call('POST', release, {})).status).toBe(400);
    const released = await server.call('POST', release, { reason: 'callers send no such rows any more' });
    expect(released.body).toMatchObject({ revision, releasedBy: 'user:local' });
    expect((await server.call('POST', release, { reason: 'twice' })).status).toBe(404);
    expect((await server.infer('alone', good)).status).toBe(200);
    expect((await view(server, 'alone')).state).toBe('serving');
    expect(await eventsOf(server, 'serving.revision.faulted')).toHaveLength(3);
    expect(await eventsOf(server, 'serving.revision.quarantined')).toMatchObject([
      { deployment: 'alone', answeredBy: 'nobody', kind: 'hang' },
    ]);
    expect(await eventsOf(server, 'serving.revision.released')).toHaveLength(1);
  });

  test('gives way to the champion before it, with alias and record', async () => {
    server = await startServing();
    await server.registry.add(server.platform, 'm', logisticModel({ weights: [1] }));
    await server.registry.add(server.platform, 'm', hangingModel());
    const spec = { runtime, rollout: { strategy: 'immediate' } };
    await deploy(server, 'm', spec);
    await deploy(server, 'm', spec, 2);
    await provoke(server, 'm');
    expect((await server.infer('m', bad)).status).toBe(200);
    await expect.poll(async () => (await view(server as ServingServer, 'm')).champion.version).toBe(1);
    expect(await view(server, 'm')).toMatchObject({
      state: 'serving',
      quarantine: [{ version: 2, answeredBy: 'previous' }],
    });
    expect(server.registry.aliases.get('m@champion')).toBe(1);
    const [back] = await listEvents(server.scope, { types: ['serving.rollout.rolled-back'] });
    const [why] = await listEvents(server.scope, { types: ['serving.revision.quarantined'] });
    expect(back).toMatchObject({ cause: why.id, data: { version: 2, restored: 1 } });
  });

  test('is answered for by the declared fallback', async () => {
    server = await startServing();
    await server.registry.add(server.platform, 'm', hangingModel());
    await deploy(server, 'm', { runtime, fallback: { constant: { probability: 0.25 } } });
    const statuses = await provoke(server, 'm');
    expect(new Set(statuses)).toEqual(new Set([200]));
    const answer = await server.infer('m', good);
    expect(answer.body.outputs[0].data).toEqual([0.25]);
    expect((await server.call('GET', '/v2/models/m/ready')).status).toBe(200);
    expect((await view(server, 'm')).quarantine[0].answeredBy).toBe('fallback');
  });

  test('gives way to the next version at once, which is its way out', async () => {
    server = await startServing();
    await server.registry.add(server.platform, 'm', hangingModel());
    await server.registry.add(server.platform, 'm', logisticModel({ weights: [1] }));
    await deploy(server, 'm', { runtime });
    await provoke(server, 'm');
    const rollout = await deploy(server, 'm', { runtime }, 2);
    expect(rollout).toMatchObject({ state: 'promoted', reason: expect.stringContaining('quarantine') });
    expect((await server.infer('m', bad)).status).toBe(200);
    const back = await server.call('POST', '/api/serving/deployments/m/rollback', { reason: 'try' });
    expect(back.status).toBe(409);
  });

  test('as a challenger is rolled back; no caller notices', async () => {
    server = await startServing();
    const { id } = await challenge(server);
    const statuses = await provoke(server, 'm');
    expect(new Set(statuses)).toEqual(new Set([200]));
    const rolloutOf = async () =>
      (await (server as ServingServer).call('GET', `/api/serving/rollouts/${id}`)).body;
    await expect.poll(async () => (await rolloutOf()).state).toBe('rolled-back');
    expect((await rolloutOf()).reason).toContain('It went into quarantine.');
    expect((await view(server, 'm')).quarantine[0].answeredBy).toBe('champion');
  });

  test('as a challenger that is released at once: what it still had to do is held against nobody', async () => {
    server = await startServing();
    const { call } = server;
    const { id } = await challenge(server);
    // Many at once: more wait for the challenger than it takes to put it in quarantine.
    await Promise.all(Array.from({ length: 24 }, () => (server as ServingServer).infer('m', bad)));
    const active = async () => (await call('GET', '/api/serving/quarantine?state=active')).body.items;
    await expect.poll(active, { timeout: 120_000, interval: 20 }).toHaveLength(1);
    const [{ revision }] = await active();
    await call('POST', `/api/serving/quarantine/${revision}/release`, { reason: 'the run goes on' });
    expect((await call('GET', `/api/serving/rollouts/${id}`)).body.state).toBe('rolled-back');
    const processes = () => process.getActiveResourcesInfo().filter((name) => name === 'ProcessWrap').length;
    await expect.poll(processes, { timeout: 120_000, interval: 100 }).toBe(0);
    expect(await active()).toEqual([]);
    const told = await listEvents(server.scope, { types: ['serving.revision.*'], order: 'oldest' });
    expect(told.at(-1)?.type).toBe('serving.revision.released');
  }, 300_000);

  test('as a graph is answered for by its fallback, also after a restart', async () => {
    const registry = createTestRegistry();
    const folder = join(dataDir, 'graph');
    server = await startServing({ dataDir: folder, registry });
    await registry.add(server.platform, 'hangs', hangingModel());
    const graph = { nodes: { only: { model: 'hangs' } } };
    const spec = { graph, runtime, fallback: { constant: { probability: 0.25 } } };
    const put = await server.call('PUT', '/api/serving/deployments/g', spec);
    expect([put.status, put.body]).toEqual([200, expect.anything()]);
    expect((await server.call('POST', '/api/serving/deployments/g/deploy', {})).status).toBe(200);
    expect(new Set(await provoke(server, 'g'))).toEqual(new Set([200]));
    expect((await server.call('GET', '/api/serving/deployments/g/graphs')).status).toBe(200);

    await server.close();
    server = await startServing({ dataDir: folder, registry });
    const answer = await server.infer('g', good);
    expect([answer.status, answer.body.outputs?.[0].data]).toEqual([200, [0.25]]);
    expect((await view(server, 'g')).quarantine[0].answeredBy).toBe('fallback');
    const { revision } = (await view(server, 'g')).quarantine[0];
    await server.call('POST', `/api/serving/quarantine/${revision}/release`, { reason: 'mended' });
    const score = async () => (await server?.infer('g', good))?.body.outputs[0].data[0];
    await expect.poll(score, { timeout: 60_000 }).toBe(0.5);
  }, 300_000);
});
