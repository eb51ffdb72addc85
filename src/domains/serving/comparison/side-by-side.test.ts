import { expect, test } from 'vitest';
import { people, peopleRequest } from '../../../../test/serving/feature-service.ts';
import { logisticModel } from '../../../../test/serving/models.ts';
import { startServing } from '../../../../test/serving/serving-server.ts';
import { sideBySide } from './side-by-side.model.ts';

test('agreement, differences and slices are those of the rows', () => {
  const rows = Array.from({ length: 100 }, (_, i) => ({
    id: `r${i}`,
    a: i / 100,
    b: i < 30 ? 0.9 : i / 100,
    label: null,
    texts: { group: i < 50 ? 'low' : 'high', name: `n${i}` },
  }));
  const found = sideBySide(rows, 0.5);
  expect(found).toMatchObject({ rows: 100, agreement: 0.7, onlyA: 0, onlyB: 30 });
  expect(found.counts.reduce((sum, one) => sum + one, 0)).toBe(100);
  expect(found.largest[0]).toMatchObject({ id: 'r0', a: 0, b: 0.9 });
  expect(found.slices.map(({ column, value, rows: n, agreement }) => [column, value, n, agreement])).toEqual([
    ['group', 'low', 50, 0.4],
    ['group', 'high', 50, 1],
  ]);
  expect(
    sideBySide(
      rows.map((row) => ({ ...row, b: row.a })),
      0.5,
    ),
  ).toMatchObject({ correlation: 1, meanAbsolute: 0, agreement: 1 });
  expect(sideBySide([{ ...rows[0], b: 0 }], 0.5)).toMatchObject({ rows: 1, correlation: null });
});

test('two versions on the same recorded requests; and the list of requests by filter', async () => {
  const server = await startServing({ features: people });
  const { call, platform, registry } = server;
  try {
    const service = 'people@bbbbbbbbbbbb';
    await registry.add(platform, 'm', logisticModel({ weights: [1, 0] }), service);
    await registry.add(platform, 'm', logisticModel({ weights: [-1, 0] }), service);
    await call('PUT', '/api/serving/deployments/m', { model: 'm', entity: ['customer'] });
    await call('POST', '/api/serving/deployments/m/deploy', { model: 'm:1' });
    const people40 = Array.from({ length: 40 }, (_, i) => ({
      customer: i % 2 ? 'ann' : 'bob',
      email: `${i}`,
      x: i - 20,
    }));
    const asked = await call('POST', '/v2/models/m/infer', peopleRequest(people40, { id: 'all' }));
    expect(asked.status).toBe(200);
    await call('POST', '/api/serving/feedback', { items: [{ id: 'all:3', value: 1 }] });
    const found = await call('POST', '/api/serving/deployments/m/side-by-side', { a: 1, b: 2 });
    expect(found.body).toMatchObject({
      a: 1,
      b: 2,
      rows: 40,
      of: 40,
      skipped: 0,
      correlation: expect.closeTo(-1, 3),
    });
    expect(found.body.points.find(({ id }: { id: string }) => id === 'all:3')).toMatchObject({ label: 1 });
    expect(found.body.slices.map(({ value }: { value: string }) => value).sort()).toEqual(['ann', 'bob']);
    const none = await call('POST', '/api/serving/deployments/m/side-by-side', {
      a: 1,
      b: 2,
      to: '1999-01-01',
    });
    expect(none.body.error.code).toBe('serving.comparison.empty');
    const list = async (filter: string) =>
      (await call('GET', `/api/serving/deployments/m/predictions?limit=1000&${filter}`)).body.items.length;
    expect(await list('entity=customer%3Dann')).toBe(20);
    expect(await list('entity=customer%3Dnobody')).toBe(0);
    expect(await list('labelled=true')).toBe(1);
    expect(await list('minScore=0.5')).toBe(20);
    expect(await list('minScore=0.5&entity=customer%3Dann')).toBe(10);
    expect(await list('version=2')).toBe(0);
    expect(await list('version=1&arm=champion&failed=false')).toBe(40);
    expect(await list('from=2100-01-01')).toBe(0);
  } finally {
    await server.close();
  }
});
