import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTables, parquetSource, sqlLiteral, type Tables } from '../../../platform/tables/index.ts';
import { compileService } from '../definition.model.ts';
import type { FeatureServiceDefinition } from '../features.contract.ts';
import { OnlineService } from '../online/online-store.ts';
import { unitsPerOne } from '../windows.model.ts';
import { writeTrainingSet } from './training-set.ts';

const definition: FeatureServiceDefinition = {
  source: 'shops',
  event_time: 'at',
  request: { at: 'timestamp', shop: 'string', town: 'string' },
  columns: { known: 'timestamp', back: 'string' },
  features: {
    hour: { expression: 'hour(at)' },
    mean_5m: { key: ['shop'], mean: 'amount', over: '5m', known_at: 'known', grain: '1m' },
    sum_5m: { key: ['shop'], sum: 'amount', over: '5m', known_at: 'known', grain: '1m' },
    count_2m: { key: ['shop'], count: true, over: '2m', known_at: 'known', grain: '1m' },
    back_4m: {
      key: ['back', 'town'],
      lookup: ['shop', 'town'],
      mean: 'amount',
      over: '4m',
      known_at: 'known',
      grain: '2m',
    },
    all_3m: { key: [], sum: 'amount / 3', over: '3m', known_at: 'known', grain: '1m' },
  },
};
const service = compileService('shops', definition);
const folder = mkdtempSync(join(tmpdir(), 'houston-training-'));
const part = join(folder, 'part.parquet');

type Sale = {
  at: number | null;
  known: number | null;
  shop: string | null;
  back: string | null;
  town: string | null;
  amount: number | null;
};
const start = Date.UTC(2001, 5, 1);
const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 8 });
const time = fc.integer({ min: 0, max: 900_000 }).map((ms) => start + ms);
const amount = fc.oneof(
  fc.integer({ min: -50, max: 50 }),
  fc.double({ min: -1000, max: 1000, noNaN: true }),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0.5),
);
const name = fc.constantFrom('a', 'b', '', 'ä\u{1F600}');
const sales = fc.array(
  fc.record({
    at: nullable(time),
    known: nullable(time),
    shop: nullable(name),
    back: nullable(name),
    town: nullable(name),
    amount: nullable(amount),
  }),
  { minLength: 1, maxLength: 60 },
);

/** The window rule, word by word. */
function bruteForce(rows: readonly Sale[], row: Sale, feature: (typeof service.features)[number]): number {
  if (feature.kind === 'expression') return new Date(row.at as number).getUTCHours();
  const { key, grain } = service.groups[feature.group];
  const wanted = service.lookups[feature.lookup].columns.map((column) => row[column as keyof Sale]);
  const end = Math.floor((row.at as number) / grain) * grain;
  const seen = rows.filter((past) => {
    if (past.at === null || past.known === null) return false;
    const known = Math.max(past.known, past.at);
    const same = key.every(
      (column, i) => past[column as keyof Sale] !== null && past[column as keyof Sale] === wanted[i],
    );
    return same && known >= end - feature.tiles * grain && known < end;
  });
  if (feature.aggregate === 'count') return seen.length;
  const scale = feature.name === 'all_3m' ? 3 : 1;
  const values = seen.flatMap(({ amount }) =>
    amount !== null && Number.isFinite(amount) ? [amount / scale] : [],
  );
  const sum = values.reduce((total, value) => total + Math.floor(value * unitsPerOne + 0.5), 0);
  return Math.fround(feature.aggregate === 'sum' ? sum / unitsPerOne : sum / values.length / unitsPerOne);
}

describe('a training set', () => {
  let tables: Tables;
  beforeAll(async () => {
    tables = await createTables({ threads: 1 });
  });
  afterAll(() => {
    tables.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function write(rows: readonly Sale[]): Promise<void> {
    const at = (value: number | null) =>
      value === null ? 'NULL::TIMESTAMP' : `make_timestamp(${value * 1000}::BIGINT)`;
    const number = (value: number | null) => (value === null ? 'NULL::DOUBLE' : `'${value}'::DOUBLE`);
    const text = (value: string | null) => (value === null ? 'NULL::VARCHAR' : sqlLiteral(value));
    const values = rows.map(
      (row) =>
        `(${at(row.at)}, ${at(row.known)}, ${text(row.shop)}, ${text(row.back)}, ${text(row.town)}, ${number(row.amount)})`,
    );
    await tables.run(
      `COPY (SELECT * FROM (VALUES ${values.join(', ')}) v("at", known, shop, back, town, amount)) TO '${part}'`,
    );
  }
  const read = (file: string) =>
    tables.query<Record<string, number>>(`SELECT * FROM ${parquetSource([file])} ORDER BY __row`);

  it('equals the window rule read word by word, and the online store, on random rows with nulls', async () => {
    const file = join(folder, 'table.parquet');
    let run = 0;
    await fc.assert(
      fc.asyncProperty(sales, async (rows) => {
        await write(rows);
        await writeTrainingSet(service, [part], file, {}, { threads: 1 });
        const table = await read(file);
        const timed = rows.flatMap((row, i) => (row.at === null ? [] : [{ row, i }]));
        expect(table.map(({ __row }) => __row)).toEqual(timed.map(({ i }) => i));
        const online = new OnlineService(join(folder, `online-${run++}`), service);
        const columns = Object.fromEntries(
          Object.keys(service.columns).map((column) => [
            column,
            rows.map((row) => row[column as keyof Sale]),
          ]),
        );
        online.push(columns, null);
        for (const [position, { row }] of timed.entries()) {
          const vector = new Float32Array(service.features.length);
          online.vectorizer(service).fill({ shop: [row.shop], town: [row.town] }, [row.at as number], vector);
          for (const [f, feature] of service.features.entries()) {
            const expected = bruteForce(rows, row, feature) + 0;
            expect(table[position][feature.name] + 0).toBe(expected);
            expect(vector[f] + 0).toBe(expected);
          }
        }
        online.close();
      }),
      { numRuns: 60 },
    );
  });

  it('is the same table when only a range is asked for, and the same file twice', async () => {
    const [rows] = fc.sample(
      fc.array(fc.record({ at: time, known: time, shop: name, back: name, town: name, amount }), {
        minLength: 400,
        maxLength: 400,
      }),
      { seed: 7, numRuns: 1 },
    ) as Sale[][];
    await write(rows);
    const [all, some, again, last] = ['all', 'some', 'again', 'last'].map((one) =>
      join(folder, `${one}.parquet`),
    );
    await writeTrainingSet(service, [part], all);
    const range = { from: start + 300_000, until: start + 600_000 };
    const { rows: count } = await writeTrainingSet(service, [part], some, range);
    await writeTrainingSet(service, [part], again, range);
    await writeTrainingSet(service, [part], last, { until: range.until, last: 300_000 });
    const inside = (await read(all)).filter(({ __time }) => __time >= range.from && __time < range.until);
    expect(count).toBe(inside.length);
    expect(await read(some)).toEqual(inside);
    expect(readFileSync(again).equals(readFileSync(some))).toBe(true);
    expect(readFileSync(last).equals(readFileSync(some))).toBe(true);
  });

  it('says which column the dataset lacks', async () => {
    await tables.run(`COPY (SELECT TIMESTAMP '2001-01-01' AS "at", 'a' AS shop) TO '${part}'`);
    await expect(writeTrainingSet(service, [part], join(folder, 'x.parquet'))).rejects.toThrow(
      'no column "known"',
    );
  });
});
