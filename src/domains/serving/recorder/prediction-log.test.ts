import { fork } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../../../../test/eventually.ts';
import { createTables, type Tables, withFreshFiles } from '../../../platform/tables/index.ts';
import { leastPacked, packScores, packVectors } from './packed-vectors.ts';
import { openPredictionLog, type PredictionLog, type PredictionRecord } from './prediction-log.ts';
import { joinedSql, type LogFiles, logSql, replaceSql } from './prediction-sql.ts';
import { createTurnCommit } from './turn-commit.ts';

let tables: Tables;
const folder = mkdtempSync(join(tmpdir(), 'houston-log-'));
beforeAll(async () => {
  tables = await createTables({ threads: 1 });
});
afterAll(() => {
  tables.close();
  rmSync(folder, { recursive: true, force: true });
});

const open = (name: string) =>
  openPredictionLog(join(folder, name), 'd', { tables, turn: createTurnCommit(() => {}) });
const filesOf = (log: PredictionLog): LogFiles => ({
  predictions: log.files('predictions'),
  pairs: log.files('pairs'),
  feedback: log.files('feedback'),
});
const entry = (id: string, more: Partial<PredictionRecord> = {}): PredictionRecord => ({
  id,
  isCallersId: true,
  time: 1_000_000,
  revision: 'rev_1',
  arm: 'champion',
  rollout: null,
  rows: 2,
  latencyMs: 1,
  computeMs: 0.5,
  eventTimes: [100, 200],
  inputs: '{"origin":["A","B"]}',
  features: Float32Array.of(1, Number.NaN, 3, 4),
  width: 2,
  scores: [0.25, Number.NaN],
  error: null,
  ...more,
});
const noFiles = { open: [], sealed: [] };
const rows = (log: PredictionLog, range = {}) =>
  tables.query(`SELECT * FROM (${joinedSql(filesOf(log), range)}) ORDER BY request_id, row_index`);

test('open and sealed segments read the same; the newest feedback is the label; a retry counts once', async () => {
  const log = open('views');
  await log.record(entry('a'));
  await log.record(entry('a', { time: 2_000_000 }));
  await log.record(entry('b:7', { rows: 1, eventTimes: [300], features: null, scores: [1], inputs: null }));
  log.pair({
    id: 'a',
    time: 3,
    revision: 'rev_2',
    rollout: null,
    computeMs: 1,
    scores: [0.5, 0.75],
    error: null,
  });
  await log.feedback({ request: 'a', row: 1, value: 0, reward: null, time: 5 }, 10);
  await log.feedback({ request: 'a', row: 1, value: 1, reward: null, time: 6 }, 10);
  const before = await rows(log);
  expect(
    before.map((row) => [row.prediction_id, row.event_time, row.score, row.label, row.pair_score]),
  ).toEqual([
    ['a:0', 100, 0.25, null, 0.5],
    ['a:1', 200, null, 1, 0.75],
    ['b:7', 300, 1, null, null],
  ]);
  expect(before[0].features).toEqual([1, null]);
  await log.seal(Date.now(), { bytes: 1, ageMs: 0, graceMs: 0 });
  expect(log.files('predictions').sealed).toHaveLength(1);
  expect(await rows(log)).toEqual(before);
  await log.record(entry('c'));
  expect((await rows(log)).map((row) => row.prediction_id)).toEqual(['a:0', 'a:1', 'b:7', 'c:0', 'c:1']);
  expect(await rows(log, { from: 200, to: 300 })).toHaveLength(2);
  expect([log.rowsOf('a'), log.rowsOf('b:7'), log.rowsOf('c'), log.rowsOf('x')]).toEqual([
    2,
    1,
    2,
    undefined,
  ]);
  expect(log.fileOf('a')?.form).toBe('parquet');
  await log.close();
  const again = open('views');
  expect([again.rowsOf('a'), again.rowsOf('c'), again.rowsOf('x')]).toEqual([2, 2, undefined]);
  expect(await rows(again)).toHaveLength(5);
  await again.close();
});

test('requests of one row read the same from lines and sealed, also when others follow and after a restart', async () => {
  let log = open('singles');
  const one = { rows: 1, width: 2, eventTimes: [1_000_000], features: Float32Array.of(1, 2), scores: [0.25] };
  const wide = Float32Array.from({ length: 20 }, (_, i) => i / 3);
  await log.record(entry('a', one));
  await log.record(
    entry('b', { ...one, eventTimes: [7], rollout: 'ro_1', arm: 'challenger', path: '["x"]' }),
  );
  await log.record(entry('c', { ...one, features: wide, width: 20, cached: true, inputs: null }));
  await log.record(entry('d', { ...one, scores: null, error: 'It "failed".', weight: 3 }));
  await log.record(entry('e', { ...one, features: null, scores: null, inputs: null, weight: 0 }));
  const sealed = async () => {
    const before = await rows(log);
    await log.seal(Date.now(), { bytes: 1, ageMs: 0, graceMs: 0 });
    expect(log.files('predictions').open.filter((path) => readFileSync(path).length > 0)).toEqual([]);
    expect(await rows(log)).toEqual(before);
    return before;
  };
  const first = await sealed();
  expect(first.map(({ event_time, score, path, error }) => [event_time, score, path, error])).toEqual([
    [1_000_000, 0.25, null, null],
    [7, 0.25, 'x', null],
    [1_000_000, 0.25, null, null],
    [1_000_000, null, null, 'It "failed".'],
    [1_000_000, null, null, null],
  ]);
  await log.record(entry('f', one));
  await log.record(entry('g'));
  await log.close();
  log = open('singles');
  await log.record(entry('h', one));
  expect(await sealed()).toHaveLength(9);
  await log.close();
});

test('what came from the cache is marked; files of a time before the mark read without it', async () => {
  const log = open('marks');
  await log.record(entry('a', { cached: true }));
  await log.record(entry('b'));
  const marks = async () => (await rows(log)).map((row) => [row.request_id, row.cached]);
  expect(await marks()).toEqual([
    ['a', true],
    ['a', true],
    ['b', false],
    ['b', false],
  ]);
  await log.seal(Date.now(), { bytes: 1, ageMs: 0, graceMs: 0 });
  const [sealed] = log.files('predictions').sealed;
  const only = { predictions: { open: [], sealed: [sealed] }, pairs: noFiles, feedback: noFiles };
  const read = () =>
    tables.query(`SELECT request_id, cached FROM (${joinedSql(only, {})}) WHERE row_index = 0`);
  expect(await read()).toContainEqual({ request_id: 'a', cached: true });
  await tables.run(
    `COPY (SELECT * EXCLUDE (cached) FROM read_parquet('${sealed}')) TO '${sealed}.old' (FORMAT parquet)`,
  );
  renameSync(`${sealed}.old`, sealed);
  expect(await read()).toEqual(expect.arrayContaining([{ request_id: 'a', cached: null }]));
  await log.close();
});

test('a torn tail is cut, and the ids before it stay', async () => {
  const log = open('torn');
  await log.record(entry('a'));
  await log.close();
  appendFileSync(join(folder, 'torn/predictions/000001.ndjson'), '{"id":"half","t":17');
  const again = open('torn');
  expect([again.rowsOf('a'), again.rowsOf('half')]).toEqual([2, undefined]);
  await again.record(entry('b'));
  expect((await rows(again)).map((row) => row.prediction_id)).toEqual(['a:0', 'a:1', 'b:0', 'b:1']);
  await again.close();
});

test.runIf(existsSync('/dev/full'))('a full disk is said, and does not stop the answers', async () => {
  let dropped = 0;
  const log = openPredictionLog(join(folder, 'full'), 'd', {
    tables,
    turn: createTurnCommit(() => dropped++),
  });
  expect(await log.record(entry('a'))).toBe(true);
  // The next segment lies on a device that has no space left.
  symlinkSync('/dev/full', join(folder, 'full/predictions/000002.ndjson'));
  await log.seal(Date.now(), { bytes: 1, ageMs: 0, graceMs: 1e6 });
  expect(await Promise.all([log.record(entry('b')), log.record(entry('c'))])).toEqual([false, false]);
  expect(dropped).toBe(1);
  rmSync(join(folder, 'full/predictions/000002.ndjson'));
  await log.close();
});

test('numbers read back as the float32 that they were, in the fewest digits', async () => {
  const values = [
    0.1,
    1 / 3,
    -0.25,
    999.999,
    123.456,
    0.001,
    0.0123456789,
    1e-7,
    3.4e38,
    1e15,
    16_777_217,
    -0,
    5,
  ];
  for (let i = 0; i < 5000; i++)
    values.push((Math.random() - 0.5) * 10 ** Math.floor(Math.random() * 12 - 6));
  const features = Float32Array.from(values);
  const log = open('digits');
  const width = leastPacked - 1;
  for (let at = 0; at < features.length; at += width) {
    const some = features.subarray(at, at + width);
    await log.record(
      entry(`a${at}`, { rows: 1, eventTimes: [-5], features: some, width: some.length, scores: [1 / 3] }),
    );
  }
  const lines = readFileSync(join(folder, 'digits/predictions/000001.ndjson'), 'utf8').trim().split('\n');
  const read = lines.map((line) => JSON.parse(line) as { f: number[][]; s: number[]; e: number[] });
  const numbers = read.flatMap(({ f }) => f[0]);
  expect(numbers.map(Math.fround)).toEqual([...features].map((value) => value + 0));
  expect([read[0].s[0], read[0].e[0]]).toEqual([1 / 3, -5]);
  expect(lines[0]).toContain('"f":[[0.1,0.33333334,-0.25,999.999,123.456,0.001,');
  await log.close();
});

test('vectors of many values are packed, and read as numbers beside those that are texts', async () => {
  const log = open('packed');
  const width = 10;
  const values = Float64Array.from({ length: 2 * width }, (_, i) => (i % 2 ? -1 : 1) * 1.1 ** i * 1e-3);
  values[3] = Number.NaN;
  values[14] = Number.NEGATIVE_INFINITY;
  await log.record(entry('many', { features: values, width, eventTimes: [100, 100] }));
  // Two times or two ways are kept row by row.
  await log.record(entry('times', { features: values, width, scores: [Infinity, 1 / 3] }));
  await log.record(entry('paths', { features: values, width, eventTimes: [100, 100], path: '["a","b"]' }));
  await log.record(
    entry('few', { rows: 1, eventTimes: [100], features: values.subarray(0, width), width, scores: [1] }),
  );
  const line = readFileSync(join(folder, 'packed/predictions/000001.ndjson'), 'utf8').split('\n')[0];
  expect(line).toContain('"e":[100],');
  expect(line).toMatch(/"fb":"[A-Za-z0-9+/]{107}=","sb":"[A-Za-z0-9+/]{22}=="}/);
  const names = [3, 4, 5, 11].map((place) => ({ name: `f${place}`, places: new Map([['rev_1', place]]) }));
  const read = async () => {
    const rows = await tables.query<Record<string, unknown>>(
      `SELECT request_id, epoch_ms(event_time)::DOUBLE AS et, score, path, features, f3, f4, f5, f11 FROM (${joinedSql(filesOf(log), {}, names)}) ORDER BY request_id, row_index`,
    );
    return rows.map((row) => Object.values(row));
  };
  const whole = [...values].map((value) => (Number.isFinite(value) ? Math.fround(value) + 0 : null));
  const [first, second] = [whole.slice(0, width), whole.slice(width)];
  const wanted = [
    ['few', 100, 1, null, first, first[2], null, first[4], null],
    ['many', 100, 0.25, null, first, first[2], null, first[4], null],
    ['many', 100, null, null, second, second[2], second[3], null, null],
    ['paths', 100, 0.25, 'a', first, first[2], null, first[4], null],
    ['paths', 100, null, 'b', second, second[2], second[3], null, null],
    ['times', 100, null, null, first, first[2], null, first[4], null],
    ['times', 200, 1 / 3, null, second, second[2], second[3], null, null],
  ];
  expect(await read()).toEqual(wanted);
  await log.seal(1, { bytes: 1, ageMs: 0, graceMs: 60_000 });
  expect(filesOf(log).predictions).toMatchObject({
    open: [expect.any(String)],
    sealed: [expect.any(String)],
  });
  expect(await read()).toEqual(wanted);
  const stored = await tables.query<{ request_id: string; n: number }>(
    `SELECT request_id, count(*) AS n FROM '${filesOf(log).predictions.sealed[0]}' GROUP BY 1 ORDER BY 1`,
  );
  expect(stored.map(({ request_id, n }) => [request_id, n])).toEqual([
    ['few', 1],
    ['many', 1],
    ['paths', 2],
    ['times', 2],
  ]);
  // A file that was sealed before there were packed vectors.
  const [sealed] = filesOf(log).predictions.sealed;
  await tables.run(
    `COPY (SELECT * EXCLUDE (vector, scores) FROM read_parquet('${sealed}') WHERE request_id = 'few') TO '${sealed}.old' (FORMAT parquet)`,
  );
  renameSync(`${sealed}.old`, sealed);
  expect(await read()).toEqual(wanted.slice(0, 1));
  await log.close();
});

test('what is packed is base64 of the numbers with the most significant byte first', () => {
  for (const count of [1, 2, 3, 16, 1920, 5000, 200_000]) {
    const values = Float64Array.from({ length: count }, (_, i) => Math.sin(i) * 10 ** ((i % 60) - 30));
    values[count >> 1] = Number.NEGATIVE_INFINITY;
    const bytes = Buffer.alloc(count * 12);
    values.forEach((value, i) => {
      bytes.writeFloatBE(Number.isFinite(value) ? value : Number.NaN, i * 4);
      bytes.writeDoubleBE(Number.isFinite(value) ? value : Number.NaN, count * 4 + i * 8);
    });
    const text = (packed: Uint8Array) => Buffer.from(packed).toString('latin1');
    expect(text(packVectors(values)) === bytes.toString('base64', 0, count * 4)).toBe(true);
    expect(text(packScores(values)) === bytes.toString('base64', count * 4)).toBe(true);
  }
});

test('killed at any moment, every acknowledged id is there exactly once', { timeout: 600_000 }, async () => {
  const acknowledged = new Set<string>();
  const hasSealed = () =>
    readdirSync(join(folder, 'crash/predictions')).some((name) => name.endsWith('.parquet'));
  // On a busy machine none of the first rounds gets as far as sealing.
  for (let round = 0; round < 8 || (round < 30 && !hasSealed()); round++) {
    const child = fork(new URL('../../../../test/serving/record-until-killed.ts', import.meta.url), [
      join(folder, 'crash'),
      String(round),
    ]);
    let mine = 0;
    await new Promise<void>((resolve) => {
      child.on('message', (ids: string[]) => {
        for (const id of ids) acknowledged.add(id);
        mine += ids.length;
        if (mine === ids.length) setTimeout(() => child.kill('SIGKILL'), 20 + 60 * round);
      });
      child.on('exit', () => resolve());
    });
    expect(mine).toBeGreaterThan(0);
  }
  const log = open('crash');
  const found = await tables.query<{ request_id: string; n: number }>(
    `SELECT request_id, count(*) AS n FROM (${joinedSql(filesOf(log), {})}) GROUP BY 1`,
  );
  const counts = new Map(found.map((row) => [row.request_id, row.n]));
  expect([...acknowledged].filter((id) => counts.get(id) !== 1)).toEqual([]);
  expect([...acknowledged].filter((id) => log.rowsOf(id) !== 1)).toEqual([]);
  expect(hasSealed()).toBe(true);
  await log.close();
});

test('readers beside a log that is sealed and rewritten again and again miss nothing and never fail', async () => {
  const log = open('rewritten');
  for (let i = 0; i < 400; i++) await log.record(entry(`${i}`, { features: Float32Array.of(i, i, i, i) }));
  let isOver = false;
  const reads = [0, 0, 0];
  const read = async (reader: number) => {
    for (; !isOver || reads[reader] === 0; reads[reader]++) {
      const [found] = await withFreshFiles(() =>
        tables.query(
          `SELECT count(*) AS n, sum(features[1])::DOUBLE AS total, count(label) AS labels FROM (${joinedSql(filesOf(log), {})})`,
        ),
      );
      expect(found).toEqual({ n: 800, total: 159_600, labels: 0 });
    }
  };
  const readers = Promise.all(reads.map((_, reader) => read(reader)));
  readers.catch(() => undefined);
  for (let i = 0; i < 25; i++) {
    await log.rewrite(2_000_000, async (kind, path, target) => {
      await tables.run(replaceSql(`SELECT * FROM (${logSql(kind, { open: [], sealed: [path] })})`, target));
      return 'replaced';
    });
    // Nobody rewrites so often that a slow reader never comes through.
    const before = [...reads];
    await Promise.race([
      readers,
      eventually(() => expect(reads.every((count, reader) => count > before[reader])).toBe(true)),
    ]);
  }
  isOver = true;
  await readers;
  expect(readdirSync(join(folder, 'rewritten/predictions'))).toContain('000001.26.parquet');
  await log.close();
  const again = open('rewritten');
  expect(again.rowsOf('399')).toBe(2);
  expect(again.files('predictions').sealed).toHaveLength(1);
  await again.close();
});

test('of a rewritten file that a crash left beside its successor only the successor counts', async () => {
  const log = open('crashed');
  await log.record(entry('a'));
  await log.seal(2_000_000, { bytes: 1, ageMs: 0, graceMs: 0 });
  const [sealed] = log.files('predictions').sealed;
  const successor = sealed.replace('.parquet', '.2.parquet');
  await tables.run(
    replaceSql(
      `SELECT * FROM (${logSql('predictions', { open: [], sealed: [sealed] })}) WHERE false`,
      successor,
    ),
  );
  expect(log.files('predictions').sealed).toEqual([successor]);
  await log.close();
  const again = open('crashed');
  expect(existsSync(sealed)).toBe(false);
  expect(await rows(again)).toEqual([]);
  await again.close();
});
