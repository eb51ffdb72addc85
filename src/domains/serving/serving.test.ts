import { expect, test } from 'vitest';
import { echoModel, failingModel, logisticModel } from '../../../test/serving/models.ts';
import { startServing } from '../../../test/serving/serving-server.ts';
import { listEvents } from '../../platform/ledger/index.ts';

test('register and deploy: the model answers, is recorded, metered, explained and reversible', async () => {
  const server = await startServing();
  const { call, infer, platform, registry, scope } = server;
  try {
    await registry.add(platform, 'm', logisticModel({ weights: [1, 2] }));
    const deployed = await call('POST', '/api/serving/deployments/m/deploy', {});
    expect(deployed).toMatchObject({ status: 200, body: { state: 'promoted', weight: 100 } });
    expect(registry.aliases.get('m@champion')).toBe(1);

    const one = await infer('m', [[0.5, 0.25]], { parameters: { event_time: '2001-02-03T04:05:06Z' } });
    expect(one.status).toBe(200);
    expect(one.body.outputs[0]).toMatchObject({ name: 'probability', datatype: 'FP32', shape: [1, 1] });
    expect(one.body.outputs[0].data[0]).toBeCloseTo(1 / (1 + Math.exp(-1)), 6);
    expect(String(one.body.outputs[0].data[0]).length).toBeLessThan(12);
    const many = await infer(
      'm',
      [
        [0, 0],
        [1, 1],
        [2, 2],
      ],
      { id: 'mine' },
    );
    expect(many.body.id).toBe('mine');

    const feedback = await call('POST', '/api/serving/feedback', {
      items: [
        { id: one.body.id, value: false },
        { id: one.body.id, value: true },
        { id: 'mine:2', value: 1 },
        { id: 'mine:3', value: 1 },
        { id: 'mine', value: 1 },
        { id: 'nobody', value: 0 },
      ],
    });
    expect(feedback.body).toMatchObject({ accepted: 3, unknown: ['mine:3', 'mine', 'nobody'] });

    const read = await call('GET', `/api/serving/predictions/${one.body.id}`);
    expect(read.body).toMatchObject({
      id: one.body.id,
      eventTime: '2001-02-03T04:05:06.000Z',
      version: 1,
      arm: 'champion',
      label: 1,
      features: { 'features[0]': 0.5, 'features[1]': 0.25 },
    });
    const list = await call('GET', '/api/serving/deployments/m/predictions?limit=10');
    expect(list.body.items.map((item: { id: string }) => item.id)).toEqual([
      'mine:0',
      'mine:1',
      'mine:2',
      one.body.id,
    ]);
    const why = await call('GET', `/api/serving/predictions/${one.body.id}/why`);
    const types = why.body.graph.nodes.map((node: { event: { type: string } }) => node.event.type);
    expect(types).toEqual(
      expect.arrayContaining(['serving.rollout.promoted', 'registry.version.registered']),
    );

    expect(why.body.graph.nodes[0].event.time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);

    const traffic = await call('GET', '/api/serving/deployments/m/traffic');
    const points = traffic.body.revisions[0].points as { requests: number; rows: number }[];
    expect(points.reduce((sum, point) => sum + point.rows, 0)).toBe(4);
    const metrics = await (await fetch(`${server.url}/metrics`)).text();
    expect(metrics).toMatch(/nv_inference_count\{model="m",version="1"\} 4\n/);
    expect(metrics).toMatch(/houston_inference_requests_total\{deployment="m".*code="ok"\} 2\n/);
    const events = await listEvents(scope, { order: 'oldest', types: ['serving.*'] });
    expect(events.map((event) => event.type)).toEqual([
      'serving.deployment.created',
      'serving.revision.created',
      'serving.rollout.started',
      'serving.rollout.promoted',
    ]);
  } finally {
    await server.close();
  }
});

test('the next request after a rollback has the old champion, and a restart keeps it', async () => {
  const server = await startServing();
  const { call, infer, platform, registry } = server;
  await registry.add(platform, 'm', logisticModel({ weights: [1] }));
  await registry.add(platform, 'm', logisticModel({ weights: [-1] }));
  await call('PUT', '/api/serving/deployments/m', { model: 'm', rollout: { strategy: 'immediate' } });
  await call('POST', '/api/serving/deployments/m/deploy', { model: 'm:1' });
  expect((await call('POST', '/api/serving/deployments/m/rollback', { reason: 'x' })).body.error.code).toBe(
    'serving.rollback.nothing',
  );
  await call('POST', '/api/serving/deployments/m/deploy', { model: 'm:2' });
  expect((await infer('m', [[1]])).body.model_version).toBe('2');
  expect(registry.aliases.get('m@champion')).toBe(2);
  const back = await call('POST', '/api/serving/deployments/m/rollback', { reason: 'it was wrong' });
  expect(back.body.champion.version).toBe(1);
  expect((await infer('m', [[1]])).body.model_version).toBe('1');
  expect(registry.aliases.get('m@champion')).toBe(1);
  const rollouts = await call('GET', '/api/serving/deployments/m/rollouts');
  expect(rollouts.body.items.map((one: { state: string }) => one.state)).toEqual(['rolled-back', 'promoted']);
  await server.close();
});

test('a model that does not fit is refused and changes nothing; a failing one is answered for', async () => {
  const server = await startServing();
  const { call, infer, platform, registry } = server;
  try {
    await registry.add(platform, 'bad', new Uint8Array([1, 2, 3]));
    const refused = await call('POST', '/api/serving/deployments/bad/deploy', {});
    expect(refused).toMatchObject({ status: 422, body: { error: { code: 'serving.model.refused' } } });
    expect((await infer('bad', [[1]])).status).toBeGreaterThanOrEqual(404);

    await registry.add(platform, 'refused', logisticModel({ weights: [1] }));
    const checks = [{ name: 'baseline', decision: 'fail' }];
    registry.verdicts.set('refused:1', { id: 'v', decision: 'no-go', checks });
    const gated = await call('POST', '/api/serving/deployments/refused/deploy', {});
    expect(gated).toMatchObject({ status: 409, body: { error: { code: 'serving.gate.refused' } } });

    await registry.add(platform, 'safe', logisticModel({ weights: [1] }));
    await registry.add(platform, 'shaky', failingModel(1));
    await call('PUT', '/api/serving/deployments/shaky', { model: 'shaky', fallback: 'safe' });
    await call('POST', '/api/serving/deployments/shaky/deploy', {});
    const good = await infer('shaky', [[0]]);
    expect(good.body).toMatchObject({ parameters: { arm: 'champion' } });
    const rescued = await infer('shaky', [[3]]);
    expect(rescued).toMatchObject({ status: 200, body: { parameters: { arm: 'fallback' } } });
  } finally {
    await server.close();
  }
});

test('inputs in any order are recorded under their own names', async () => {
  const server = await startServing();
  const model = echoModel(
    { age: ['float', ['N', 1]], income: ['float', ['N', 1]] },
    { age: 'age_out', income: 'income_out' },
  );
  await server.registry.add(server.platform, 'two', model);
  await server.call('POST', '/api/serving/deployments/two/deploy', {});
  const input = (name: string, value: number) => ({ name, datatype: 'FP32', shape: [1, 1], data: [value] });
  const [age, income] = [input('age', 41), input('income', 900)];
  for (const inputs of [
    [age, income],
    [income, age],
  ]) {
    const reply = await server.call('POST', '/v2/models/two/infer', { inputs });
    const { body } = await server.call('GET', `/api/serving/predictions/${reply.body.id}`);
    expect(body.features).toEqual({ age: 41, income: 900 });
  }
  await server.close();
});

test('a slow model leaves the event loop', async () => {
  const server = await startServing();
  const { call, infer, platform, registry } = server;
  try {
    await registry.add(platform, 'slow', logisticModel({ weights: [1], burn: 20 }));
    const deployed = await call('POST', '/api/serving/deployments/slow/deploy', {});
    expect(deployed.status).toBe(200);
    const view = await call('GET', '/api/serving/deployments/slow');
    expect(view.body.route[0]).toMatchObject({ placement: 'worker' });
    const answers = await Promise.all(Array.from({ length: 5 }, () => infer('slow', [[1]])));
    for (const answer of answers) expect(answer.body.outputs[0].data[0]).toBeCloseTo(0.731, 2);
  } finally {
    await server.close();
  }
});
