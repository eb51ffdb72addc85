import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTables, parquetSource, type Tables } from '../../../platform/tables/index.ts';
import { correlationAlerts, niceEdges } from './profile.model.ts';
import { profileTable } from './profile.ts';

const flights = parquetSource([
  new URL('../../../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url).pathname,
]);
const columns = [
  { name: 'date', type: 'TIMESTAMP' },
  { name: 'delay', type: 'BIGINT' },
  { name: 'distance', type: 'BIGINT' },
  { name: 'origin', type: 'VARCHAR' },
  { name: 'destination', type: 'VARCHAR' },
];

describe('profile', () => {
  let tables: Tables;
  beforeAll(async () => {
    tables = await createTables();
  });
  afterAll(() => tables.close());

  test('three million flights', async () => {
    const profile = await profileTable(tables, { from: flights, columns });
    expect(profile.rows).toBe(3_000_000);
    const [date, delay, , origin] = profile.columns;
    expect(delay.numeric).toMatchObject({ min: -1116, max: 1688 });
    expect(delay.numeric?.mean).toBeCloseTo(6.667868, 5);
    expect(delay.numeric?.std).toBeCloseTo(32.383342, 4);
    expect(delay.numeric?.zeros).toBe(121_130);
    const { histogram, quantiles } = delay.numeric!;
    expect(Object.values(quantiles).every(Number.isInteger)).toBe(true);
    expect(histogram.counts.length).toBeGreaterThanOrEqual(15);
    expect(histogram.counts.length).toBeLessThanOrEqual(35);
    expect(histogram.counts.reduce((a, b) => a + b, 0) + histogram.below + histogram.above).toBe(3_000_000);
    expect(origin.top[0]).toEqual({ value: 'ORD', count: 166_341 });
    expect(origin.distinct).toBeGreaterThan(240);
    expect(new Date(date.temporal!.min).toISOString()).toBe('2001-01-01T00:01:00.000Z');
    expect(date.temporal!.histogram.counts.length).toBeGreaterThanOrEqual(20);
    expect(profile.correlations.values[0][1]).toBeCloseTo(-0.010538, 5);
  });

  test('bins hold what starts at their left edge; NaN, infinities and nothing at all are no trouble', async () => {
    const from = `(SELECT * FROM (VALUES (0.0::DOUBLE, true, NULL::INTEGER), (1.0, false, NULL), (1.0, true, NULL), ('NaN', true, NULL), ('Infinity', NULL, NULL)) t(x, f, e))`;
    const profile = await profileTable(tables, {
      from,
      columns: [
        { name: 'x', type: 'DOUBLE' },
        { name: 'f', type: 'BOOLEAN' },
        { name: 'e', type: 'INTEGER' },
      ],
    });
    const [x, f, e] = profile.columns;
    expect(x).toMatchObject({ count: 4, missing: 1 });
    expect(x.numeric).toMatchObject({ infinite: 1, min: 0, max: 1, zeros: 1 });
    const { edges, counts } = x.numeric!.histogram;
    expect(counts[edges.indexOf(0)]).toBe(1);
    expect(counts[edges.indexOf(1)]).toBe(2);
    expect(f.top).toEqual([
      { value: true, count: 3 },
      { value: false, count: 1 },
    ]);
    expect(e).toMatchObject({ count: 0, missing: 5, numeric: null, distinct: 0 });
    expect(profile.alerts.map((alert) => `${alert.column} ${alert.kind}`)).toEqual(
      expect.arrayContaining(['e missing', 'x infinite']),
    );
  });

  test('sentences print a minus', () => {
    const values = [
      [1, -0.97],
      [-0.97, 1],
    ];
    expect(correlationAlerts({ columns: ['a', 'b'], values })).toMatchObject([
      { message: 'Correlates with b by −0.97' },
    ]);
  });

  test('an empty table has a profile', async () => {
    const profile = await profileTable(tables, { from: `(SELECT * FROM ${flights} WHERE false)`, columns });
    expect(profile).toMatchObject({ rows: 0, alerts: [] });
  });

  test('edges are ascending, cover the range, and are not too many', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -1e6, max: 1e6, noNaN: true }),
        fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
        fc.boolean(),
        (low, width, integer) => {
          const edges = niceEdges(low, low + width, 25, integer);
          expect(edges[0]).toBeLessThanOrEqual(low + 1e-6 * (Math.abs(low) + width));
          expect(edges.at(-1)).toBeGreaterThanOrEqual(low + width - 1e-6 * (Math.abs(low) + width));
          expect(edges.length).toBeLessThanOrEqual(32);
          for (let i = 1; i < edges.length; i++) expect(edges[i]).toBeGreaterThan(edges[i - 1]);
        },
      ),
    );
  });
});
