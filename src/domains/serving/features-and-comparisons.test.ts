import { expect, test } from 'vitest';
import { hourAndNumber as features } from '../../../test/serving/feature-service.ts';
import { logisticModel } from '../../../test/serving/models.ts';
import { startServing } from '../../../test/serving/serving-server.ts';
import { createRandom } from '../../math/random.ts';

test('vectors come from the feature service; recorded requests replay through another version', async () => {
  const server = await startServing({ features });
  const { call, platform, registry } = server;
  try {
    await registry.add(platform, 'm', logisticModel({ weights: [0, 0.2] }), 'svc@aaaaaaaaaaaa');
    await registry.add(platform, 'm', logisticModel({ weights: [0.1, 2] }), 'svc@aaaaaaaaaaaa');
    await registry.add(platform, 'm', logisticModel({ weights: [1, 1] }), 'svc@bbbbbbbbbbbb');
    await call('POST', '/api/serving/deployments/m/deploy', { model: 'm:1' });
    const skew = await call('POST', '/api/serving/deployments/m/deploy', { model: 'm:3' });
    expect(skew.body.error.message).toMatch(/was trained on svc@bbbbbbbbbbbb/);
    const meta = await call('GET', '/v2/models/m');
    expect(meta.body.inputs.map((input: { name: string }) => input.name)).toEqual(['date', 'x']);

    const infer = (inputs: unknown[], parameters = {}) =>
      call('POST', '/v2/models/m/infer', { inputs, parameters });
    const x = (data: number[]) => ({ name: 'x', datatype: 'FP64', shape: [data.length], data });
    const date = (data: unknown[], datatype = 'BYTES') => ({
      name: 'date',
      datatype,
      shape: [data.length],
      data,
    });
    const byText = await infer([date(['2001-01-01 05:00:00']), x([1])]);
    const byNumber = await infer([date([Date.UTC(2001, 0, 1, 5)], 'INT64'), x([1])]);
    const byParameter = await infer([x([1])], { event_time: '2001-01-01T05:00' });
    expect(byNumber.body.outputs).toEqual(byText.body.outputs);
    expect(byParameter.body.outputs).toEqual(byText.body.outputs);
    const read = await call('GET', `/api/serving/predictions/${byText.body.id}`);
    expect(read.body).toMatchObject({
      features: { hour: 5, x: 1 },
      inputs: { x: 1 },
      eventTime: '2001-01-01T05:00:00.000Z',
    });
    expect((await infer([date(['no'])])).status).toBe(400);
    expect((await infer([x([1]), date(['2001-01-01', '2001-01-02'])])).status).toBe(400);
    expect((await infer([date(['2001-01-01'])])).body.error).toMatch(/"x" is missing/);

    const random = createRandom(3);
    const values = Array.from({ length: 400 }, () => random.normal());
    const many = await infer([x(values)], { event_time: '2001-02-01T00:00:00Z' });
    const items = values.map((value, i) => ({
      id: `${many.body.id}:${i}`,
      value: random.next() < 1 / (1 + Math.exp(-2 * value)),
    }));
    expect((await call('POST', '/api/serving/feedback', { items })).body).toMatchObject({
      accepted: 400,
      unknown: [],
    });
    const compared = await call('POST', '/api/serving/deployments/m/comparisons', {
      version: 2,
      from: '2001-02-01',
      to: '2001-03-01',
    });
    expect(compared.body).toMatchObject({ rows: 400, version: 2 });
    expect(compared.body.aucOther).toBeCloseTo(compared.body.aucLive, 6);
    expect(compared.body.brier.other).toBeLessThan(compared.body.brier.live);
    const nothing = await call('POST', '/api/serving/deployments/m/comparisons', {
      version: 2,
      to: '1999-01-01',
    });
    expect(nothing.body.error.code).toBe('serving.comparison.empty');

    const sql = await server.domains.serving.joinedSql(server.scope, 'm', {
      features: true,
      from: Date.UTC(2001, 1, 1),
    });
    const [row] = await platform.tables.query<{ n: number; x: number }>(
      `SELECT count(label) AS n, max("x") AS x FROM (${sql})`,
    );
    expect(row.n).toBe(400);
    expect(row.x).toBeCloseTo(Math.max(...values), 5);
  } finally {
    await server.close();
  }
});

test('a declared deployment gets its model as soon as it is applied, and later only by a deploy', async () => {
  const server = await startServing();
  const { call, platform, registry } = server;
  try {
    await registry.add(platform, 'm', logisticModel({ weights: [1] }));
    const declaration = {
      deployments: { d: { model: 'm', rollout: { steps: [20] } }, later: { model: 'not-yet' } },
    };
    const applied = await call('POST', '/api/declarations/apply', declaration);
    expect(applied.status).toBe(200);
    await platform.jobs.idle();
    expect((await call('GET', '/api/serving/deployments/d')).body).toMatchObject({ state: 'serving' });
    expect((await call('GET', '/api/serving/deployments/later')).body).toMatchObject({ state: 'empty' });
    expect((await call('GET', '/v2/models/later/ready')).status).toBe(503);
    const plan = await call('POST', '/api/declarations/plan', declaration);
    expect(plan.body.changes).toEqual([]);
  } finally {
    await server.close();
  }
});
