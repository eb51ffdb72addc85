import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTables, parquetSource, type Tables } from '../../../platform/tables/index.ts';
import { compileService } from '../definition.model.ts';
import { flights } from '../flights.fixture.ts';
import { trainingSql } from '../offline/training.sql.ts';
import { OnlineService } from './online-store.ts';
import { KeyTiles } from './tiles.ts';

const parquet = fileURLToPath(
  new URL('../../../../node_modules/vega-datasets/data/flights-3m.parquet', import.meta.url),
);
const service = compileService('flights-delay', flights);
const folders: string[] = [];
const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'houston-online-'));
  folders.push(path);
  return path;
};
afterAll(() => {
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

type Flight = { date: number; delay: number; distance: number; origin: string; destination: string };
type Known = Flight & { known: number };

describe('online and offline on real flights', () => {
  let tables: Tables;
  let rows: Flight[];
  let offline: Float32Array;
  const relation = `(SELECT * FROM ${parquetSource([parquet])} WHERE date < TIMESTAMP '2001-01-05')`;

  beforeAll(async () => {
    tables = await createTables();
    rows = await tables.query<Flight>(`SELECT * FROM ${relation}`);
    offline = await offlineVectors(relation);
  });
  afterAll(() => tables.close());

  async function offlineVectors(source: string): Promise<Float32Array> {
    return tables.session(async (session) => {
      const { statements, select } = trainingSql(service, source);
      for (const statement of statements) await session.run(statement);
      const names = service.features.map(({ name }) => `"${name}"`).join(', ');
      const { columns, rows: count } = await session.columns(`SELECT ${names} FROM (${select})`);
      const out = new Float32Array(count * columns.length);
      for (const [c, column] of columns.entries()) {
        for (let r = 0; r < count; r++) out[r * columns.length + c] = column[r] as number;
      }
      return out;
    });
  }

  /** Asks for every flight at its time, pushing outcomes as they become known, in the order of a real day. */
  function replay(online: OnlineService, shuffle: boolean): Float32Array {
    const { evaluate } = service.derived.find(({ name }) => name === 'landed_at')!.expression;
    const pending: Known[] = rows.map((row) => ({
      ...row,
      known: Math.max(evaluate(row) as number, row.date),
    }));
    pending.sort((a, b) => a.known - b.known);
    const width = service.features.length;
    const out = new Float32Array(rows.length * width);
    const vectorizer = online.vectorizer(service);
    let next = 0;
    for (let i = 0; i < rows.length; ) {
      const now = rows[i].date;
      const batch: Known[] = [];
      while (next < pending.length && pending[next].known < now) batch.push(pending[next++]);
      if (shuffle) batch.reverse();
      if (batch.length > 0) online.push(columnsOf(batch), `until-${now}`);
      let end = i;
      while (end < rows.length && rows[end].date === now) end++;
      const times = rows.slice(i, end).map(({ date }) => date);
      vectorizer.fill(columnsOf(rows.slice(i, end)), times, out.subarray(i * width, end * width));
      i = end;
    }
    return out;
  }

  it('give the same bits for every flight, events in order or not', () => {
    expect(rows.length).toBeGreaterThan(50_000);
    for (const shuffle of [false, true]) {
      const online = new OnlineService(folder(), service);
      const live = replay(online, shuffle);
      let different = 0;
      for (let i = 0; i < live.length; i++) if (!Object.is(live[i], offline[i])) different++;
      expect(different).toBe(0);
      online.close();
    }
  });

  it('agree with a brute-force reading of the window rule', () => {
    const { evaluate } = service.derived.find(({ name }) => name === 'landed_at')!.expression;
    const known = rows.map((row) => Math.max(evaluate(row) as number, row.date));
    const f = service.features.findIndex(({ name }) => name === 'inbound_delay_1h');
    for (let i = 1000; i < rows.length; i += 2003) {
      const end = Math.floor(rows[i].date / 60_000) * 60_000;
      const seen = rows.filter(
        (row, j) => row.destination === rows[i].origin && known[j] >= end - 3_600_000 && known[j] < end,
      );
      const mean = seen.reduce((sum, row) => sum + Math.min(Math.max(row.delay, -30), 180), 0) / seen.length;
      expect(offline[i * service.features.length + f]).toBe(Math.fround(mean));
    }
  });

  it('never see their own future: changed outcomes change nothing before they are known', async () => {
    const cut = Date.UTC(2001, 0, 3, 12);
    const changed = `(SELECT date, CASE WHEN ${landedSql} >= TIMESTAMP '2001-01-03 12:00:00' THEN delay + 500 + (distance % 300) ELSE delay END AS delay, distance, origin, destination FROM ${relation})`;
    const other = await offlineVectors(changed);
    const width = service.features.length;
    let before = 0;
    let after = 0;
    for (let i = 0; i < rows.length; i++) {
      for (let f = 0; f < width; f++) {
        if (Object.is(other[i * width + f], offline[i * width + f])) continue;
        if (rows[i].date <= cut) before++;
        else after++;
      }
    }
    expect(before).toBe(0);
    expect(after).toBeGreaterThan(10_000);
  });
});

const landedSql = 'greatest(date + INTERVAL 1 MINUTE, date + to_minutes(30 + distance // 8 + delay))';

function columnsOf(rows: readonly Flight[]): Record<string, unknown[]> {
  const names = ['date', 'delay', 'distance', 'origin', 'destination'] as const;
  return Object.fromEntries(names.map((name) => [name, rows.map((row) => row[name])]));
}

describe('the durable log', () => {
  const hour = 3_600_000;
  const start = Date.UTC(2001, 0, 1);
  const batch = (from: number, count: number) =>
    columnsOf(
      Array.from({ length: count }, (_, i) => ({
        date: start + (from + i) * 60_000,
        delay: (from + i) % 40,
        distance: 400,
        origin: `A${(from + i) % 5}`,
        destination: `A${(from + i) % 7}`,
      })),
    );
  const ask = (online: OnlineService, at: number) => {
    const out = new Float32Array(service.features.length);
    online.vectorizer(service).fill({ origin: ['A1'], destination: ['A2'], distance: [400] }, [at], out);
    return [...out];
  };

  it('forgets the events of one entity for good: the features are as if they had never been', async () => {
    const path = folder();
    const whole = new OnlineService(path, service);
    const without = new OnlineService(folder(), service);
    for (let i = 0; i < 10; i++) {
      const rows = batch(i * 30, 30) as Record<string, unknown[]>;
      const keep = rows.origin.map((origin) => origin !== 'A1');
      whole.push(rows, `b${i}`);
      without.push(
        Object.fromEntries(
          Object.entries(rows).map(([name, values]) => [name, values.filter((_, row) => keep[row])]),
        ),
        `b${i}`,
      );
    }
    const vectorizer = whole.vectorizer(service);
    const at = start + 7 * hour;
    expect(ask(whole, at)).not.toEqual(ask(without, at));
    expect(await whole.entityEvents({ nobody: 'A1' }, true)).toBe(0);
    expect(await whole.entityEvents({ origin: 'A1' }, false)).toBe(60);
    expect(ask(whole, at)).not.toEqual(ask(without, at));
    const removing = whole.entityEvents({ origin: 'A1' }, true);
    // What comes meanwhile is not lost.
    whole.push(batch(302, 3), 'meanwhile');
    without.push(batch(302, 3), 'meanwhile');
    expect(await removing).toBe(60);
    expect(ask(whole, at)).toEqual(ask(without, at));
    // A version that nobody has used since the start is filled from all segments, the empty one with them.
    const other = compileService('flights-delay', { ...flights, slices: ['origin'] });
    expect([...whole.view(other).groups].length).toBeGreaterThan(0);
    // Who holds a vectorizer from before sees it, too.
    const out = new Float32Array(service.features.length);
    vectorizer.fill({ origin: ['A1'], destination: ['A2'], distance: [400] }, [at], out);
    expect([...out]).toEqual(ask(without, at));
    expect(whole.push(batch(0, 30), 'b0').duplicate).toBe(true);
    whole.push(batch(400, 5), 'later');
    without.push(batch(400, 5), 'later');
    whole.close();
    const again = new OnlineService(path, service);
    expect(ask(again, at)).toEqual(ask(without, at));
    expect(await again.entityEvents({ origin: 'A1' }, false)).toBe(1);
    again.close();
    without.close();
  });

  it('gives everything acknowledged back after a restart, and counts no batch twice', () => {
    const path = folder();
    const first = new OnlineService(path, service);
    for (let i = 0; i < 10; i++) expect(first.push(batch(i * 30, 30), `b${i}`).accepted).toBe(30);
    const expected = ask(first, start + 7 * hour);
    expect(expected.some((value) => value > 0)).toBe(true);
    // No close: the process died.
    const second = new OnlineService(path, service);
    expect(ask(second, start + 7 * hour)).toEqual(expected);
    expect(second.push(batch(0, 30), 'b0')).toEqual({ accepted: 30, duplicate: true, ignored: 0 });
    expect(ask(second, start + 7 * hour)).toEqual(expected);
  });

  it('cuts off a torn tail at any byte and goes on', () => {
    const path = folder();
    const first = new OnlineService(path, service);
    first.push(batch(0, 200), 'whole');
    const expected = ask(first, start + 5 * hour);
    first.close();
    const [name] = readdirSync(path);
    const whole = readFileSync(join(path, name));
    first.push(batch(200, 5), 'torn');
    first.close();
    const both = readFileSync(join(path, name));
    for (const cut of [1, 4, 8, 20, both.length - whole.length - 1]) {
      writeFileSync(join(path, name), both.subarray(0, whole.length + cut));
      const again = new OnlineService(path, service);
      expect(ask(again, start + 5 * hour)).toEqual(expected);
      again.push(batch(200, 5), 'torn');
      again.close();
      expect(new OnlineService(path, service).state(service).rows).toBe(205);
    }
    appendFileSync(join(path, name), Buffer.alloc(64));
    expect(new OnlineService(path, service).state(service).rows).toBe(205);
  });

  it('stays bounded: forgets what lies beyond the longest window, and old segments', () => {
    const online = new OnlineService(folder(), service);
    for (let day = 0; day < 200; day++) online.push(batch(day * 1440, 1440), null);
    const { keys, tiles, oldest } = online.state(service);
    expect(keys).toBeLessThan(100);
    expect(tiles).toBeLessThan(5 * 1440 * 4 + 35 * 32 * 24);
    expect(oldest).toBeGreaterThan(start + 150 * 24 * hour);
  });

  it.each([
    [{ date: [1] }, 'lack the column'],
    [{ ...batch(0, 2), delay: [1] }, 'different lengths'],
    [{ ...batch(0, 1), delay: ['late'] }, '"delay" holds a value that is no number'],
    [{ ...batch(0, 1), date: ['yesterday'] }, '"date" holds a value that is no timestamp'],
    [{ ...batch(0, 1), origin: [7] }, '"origin" holds a value that is no string'],
  ])('refuses bad events %#', (columns, reason) => {
    const online = new OnlineService(folder(), service);
    expect(() => online.push(columns, null)).toThrow(reason);
    expect(online.state(service).rows).toBe(0);
  });
});

describe('tiles of a key', () => {
  it('sum any window exactly, whatever the order of arrival and the pruning', () => {
    const events = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: -1e6, max: 1e6 })), {
      maxLength: 80,
    });
    const range = fc.integer({ min: 0, max: 70 });
    fc.assert(
      fc.property(events, range, range, fc.integer({ min: 0, max: 40 }), (added, from, length, cut) => {
        const tiles = new KeyTiles(2);
        for (const [tile, value] of added) tiles.add(tile, Float64Array.of(1, value));
        tiles.prune(cut);
        const low = Math.max(from, cut);
        const high = low + length;
        const inside = added.filter(([tile]) => tile >= low && tile < high);
        const [lower, upper] = [tiles.lastBefore(low), tiles.lastBefore(high)];
        expect(tiles.between(lower, upper, 0)).toBe(inside.length);
        expect(tiles.between(lower, upper, 1)).toBe(inside.reduce((sum, [, value]) => sum + value, 0));
      }),
    );
  });
});
