import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hourAndNumber } from './feature-service.ts';
import { echoModel, failingModel, logisticModel } from './models.ts';
import { createTestRegistry, startServing } from './serving-server.ts';

type Arm = { arm: string; version: number; warmedOn: { requests: number; rows: number } };

// A busy machine may not get through all of them in the time that there is.
test('a revision is run on recorded requests before it answers, and nothing of that is recorded or counted', {
  retry: 3,
}, async () => {
  const registry = createTestRegistry();
  const dataDir = mkdtempSync(join(tmpdir(), 'houston-warm-up-'));
  let server = await startServing({ registry, dataDir });
  try {
    const { platform } = server;
    for (const bytes of [
      logisticModel({ weights: [1, 2] }),
      logisticModel({ weights: [1.5, 2], burn: 4 }),
      failingModel(2),
      logisticModel({ weights: [1, 2, 3] }),
    ])
      await registry.add(platform, 'm', bytes);
    const call: typeof server.call = (...args) => server.call(...args);
    const armOf = async (name: string): Promise<Arm> =>
      (await call('GET', '/api/serving/deployments/m')).body.route.find(({ arm }: Arm) => arm === name);
    const deploy = async (version: number) =>
      (await call('POST', '/api/serving/deployments/m/deploy', { model: `m:${version}` })).body;
    const end = (id: string) => call('POST', `/api/serving/rollouts/${id}/abort`, { reason: 'test' });

    await deploy(1);
    expect((await armOf('champion')).warmedOn).toEqual({ requests: 0, rows: 0 });
    for (const rows of [1, 5, 64, 1, 1]) await server.infer('m', new Array(rows).fill([2, 1]));
    const meters = () =>
      server.domains.serving
        .meters()
        .map(({ requests, executions, ranRows }) => [requests, executions, ranRows]);
    const before = meters();
    const list = async () =>
      (await call('GET', '/api/serving/deployments/m/predictions?limit=1000')).body.items;
    const recorded = await list();

    const second = await deploy(2);
    expect(await armOf('challenger')).toMatchObject({ version: 2, warmedOn: { requests: 5, rows: 72 } });
    expect(meters()).toEqual([...before, [0, 0, 0]]);
    expect(await list()).toEqual(recorded);
    await end(second.id);
    // It fails on these rows, and on nothing else: that is no reason to refuse it, and no warm-up either.
    const third = await deploy(3);
    expect(await armOf('challenger')).toMatchObject({ version: 3, warmedOn: { requests: 0, rows: 0 } });
    await end(third.id);
    // Rows of another width do not fit.
    const fourth = await deploy(4);
    expect(await armOf('challenger')).toMatchObject({ version: 4, warmedOn: { requests: 0, rows: 0 } });
    await end(fourth.id);
    expect(await list()).toEqual(recorded);

    await server.close();
    server = await startServing({ registry, dataDir });
    expect((await armOf('champion')).warmedOn).toEqual({ requests: 5, rows: 72 });
  } finally {
    await server.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
});

test('a cold deployment is warm when its first request is answered; texts and features come from the record', async () => {
  const registry = createTestRegistry();
  const server = await startServing({ registry, features: hourAndNumber, modelMemory: '1MB' });
  const { call, platform } = server;
  try {
    await registry.add(platform, 'svc', logisticModel({ weights: [0.1, 1] }), 'svc@aaaaaaaaaaaa');
    await registry.add(
      platform,
      'texts',
      echoModel({ word: ['string', ['N']], x: ['float', ['N', 'M']] }, { word: 'said', x: 'y' }),
    );
    await call('POST', '/api/serving/deployments/svc/deploy', {});
    await call('POST', '/api/serving/deployments/texts/deploy', {});
    const tensor = (name: string, datatype: string, data: unknown[], shape = [data.length]) => ({
      name,
      datatype,
      shape,
      data,
    });
    const ask = (name: string, ...inputs: object[]) => call('POST', `/v2/models/${name}/infer`, { inputs });
    const svc = () => ask('svc', tensor('x', 'FP64', [1, 2, 3]));
    const texts = () =>
      ask('texts', tensor('word', 'BYTES', ['a', 'b']), tensor('x', 'FP32', [1, 2, 3, 4, 5, 6], [2, 3]));
    const warmedOn = async (name: string) =>
      (await call('GET', `/api/serving/deployments/${name}`)).body.route[0]?.warmedOn;
    // One model is all that this memory holds, so each of them was cold when it is asked again.
    for (let round = 0; round < 3; round++) {
      for (const one of [svc, texts]) {
        expect((await one()).status).toBe(200);
        await expect
          .poll(async () => server.domains.serving.stats().residency.loadedBytes())
          .toBeLessThan(1024 ** 2);
      }
    }
    await svc();
    expect((await warmedOn('svc')).rows).toBeGreaterThanOrEqual(3);
    await texts();
    expect((await warmedOn('texts')).rows).toBeGreaterThanOrEqual(2);
  } finally {
    await server.close();
  }
});
