import { sql } from 'kysely';
import type { Db } from '../../../platform/db/database.ts';
import { dialectOf } from '../../../platform/db/open.ts';
import { selectRows } from '../../../platform/db/rows.ts';
import { type BulkTarget, insertMany, isAnyOf } from '../bulk.store.ts';
import type { MetricPoint } from '../experiments.model.ts';
import {
  type Columns,
  cutColumns,
  inOrder,
  makeColumns,
  numbersOf,
  packColumns,
  unpackInto,
} from './columns.model.ts';

/*
 * Points come in as rows of a log, one for each run and commit, whatever number of metrics it is about: what a client
 * logs costs one insert at the end of a table. Once a run has many of them, they become blocks, a row for each metric.
 * Readers put both together; a point that is in both, or twice in either, is one.
 */

/** Points of a run by metric. */
export type PointsByKey = ReadonlyMap<string, readonly MetricPoint[]>;
/** One metric of one run. */
export type Series = { id: number; run_id: string };

const logTarget: BulkTarget = {
  table: 'experiments_point_log',
  columns: [
    ['run_id', 'text'],
    ['keys', 'text'],
    ['points', 'bigint'],
    ['data', 'bytea'],
  ],
  suffix: '',
};
const blockTarget: BulkTarget = {
  table: 'experiments_point_blocks',
  columns: [
    ['series', 'bigint'],
    ['low', 'bigint'],
    ['points', 'bigint'],
    ['data', 'bytea'],
  ],
  suffix: '',
};

/** How much of a run may wait in the log. */
const mostWaiting = { rows: 256, points: 20_000 } as const;
const mostRunsKnown = 10_000;
/** What this process has put into the log of each run since it was last folded; a hint, lost without harm. */
const waitingOf = new Map<string, { rows: number; points: number }>();

/** Adds points of runs to the log, and folds the log of a run that has grown long. */
export async function appendPoints(db: Db, added: ReadonlyMap<string, PointsByKey>): Promise<void> {
  const rows: unknown[][] = [];
  const long: string[] = [];
  for (const [runId, points] of added) {
    const [keys, count, data] = packLog(points);
    rows.push([runId, keys, count, data]);
    if (waitingOf.size > mostRunsKnown) waitingOf.clear();
    const waiting = waitingOf.get(runId) ?? { rows: 0, points: 0 };
    waiting.rows++;
    waiting.points += count;
    waitingOf.set(runId, waiting);
    if (waiting.rows >= mostWaiting.rows || waiting.points >= mostWaiting.points) long.push(runId);
  }
  await insertMany(db, logTarget, rows);
  for (const runId of long) await foldLog(db, runId);
}

type LogRow = [keys: string, data: Uint8Array];

/** Metrics with the number of their points as JSON, and steps, times and values of one metric after the other. */
function packLog(points: PointsByKey): [keys: string, count: number, data: Uint8Array] {
  const keys = [...points].map(([key, list]) => [key, list.length] as const);
  const count = keys.reduce((sum, [, length]) => sum + length, 0);
  const numbers = new Float64Array(3 * count);
  let at = 0;
  for (const list of points.values()) {
    const { length } = list;
    for (let i = 0; i < length; i++, at++) {
      const { step, time, value } = list[i]!;
      numbers[at] = step;
      numbers[at + length] = time;
      numbers[at + 2 * length] = value;
    }
    at += 2 * length;
  }
  return [JSON.stringify(keys), count, new Uint8Array(numbers.buffer)];
}

function* unpackLog([keys, data]: LogRow): Generator<[key: string, points: Columns]> {
  const numbers = numbersOf(data);
  let at = 0;
  for (const [key, count] of JSON.parse(keys) as [string, number][]) {
    const column = (i: number) => numbers.subarray(at + i * count, at + (i + 1) * count);
    yield [key, { steps: column(0), times: column(1), values: column(2) }];
    at += 3 * count;
  }
}

/** Takes the log of a run out of the table, so that of two who fold it at a time only one gets each row. */
async function takeLog(db: Db, runId: string): Promise<LogRow[]> {
  if (dialectOf(db) === 'postgres') {
    const { rows } = await sql<{ keys: string; data: Uint8Array }>`delete from experiments_point_log
      where run_id = ${runId} returning keys, data`.execute(db);
    return rows.map(({ keys, data }) => [keys, data]);
  }
  // A transaction of SQLite is alone; what it deletes and returns at once, it would keep in a journal of its own.
  const rows = await selectRows<LogRow>(
    db,
    sql`select keys, data from experiments_point_log where run_id = ${runId}`,
  );
  await sql`delete from experiments_point_log where run_id = ${runId}`.execute(db);
  return rows;
}

/** Turns the log of a run into blocks. */
export async function foldLog(db: Db, runId: string): Promise<void> {
  waitingOf.delete(runId);
  const pieces = new Map<string, Columns[]>();
  for (const row of await takeLog(db, runId)) {
    for (const [key, points] of unpackLog(row)) {
      const known = pieces.get(key);
      if (known) known.push(points);
      else pieces.set(key, [points]);
    }
  }
  const series = await selectRows<[id: number, key: string]>(
    db,
    sql`select id, key from experiments_series where run_id = ${runId}`,
  );
  const ids = new Map(series.map(([id, key]) => [key, id]));
  await addBlocks(
    db,
    [...pieces].map(([key, columns]) => [ids.get(key)!, inOrder(concatenate(columns), 'step')] as const),
  );
}

const worthFolding = 16;

/** Folds the log of a run that has ended, unless it is short anyway. */
export async function foldLongLog(db: Db, runId: string): Promise<void> {
  const [[count] = [0]] = await selectRows<[number]>(
    db,
    sql`select count(*) from (select 1 from experiments_point_log where run_id = ${runId}
      limit ${worthFolding}) as waiting`,
  );
  if (count >= worthFolding) await foldLog(db, runId);
}

const mostInBlock = 4096;

/** Adds points of series, in order of steps, as blocks. */
export async function addBlocks(db: Db, added: readonly (readonly [number, Columns])[]): Promise<void> {
  const rows: unknown[][] = [];
  for (const [id, points] of added) {
    for (let from = 0; from < points.steps.length; from += mostInBlock) {
      const part = cutColumns(points, from, from + mostInBlock);
      rows.push([id, part.steps[0], part.steps.length, packColumns(part)]);
    }
  }
  await insertMany(db, blockTarget, rows);
}

export function concatenate(pieces: readonly Columns[]): Columns {
  const all = makeColumns(pieces.reduce((sum, { steps }) => sum + steps.length, 0));
  let at = 0;
  for (const { steps, times, values } of pieces) {
    all.steps.set(steps, at);
    all.times.set(times, at);
    all.values.set(values, at);
    at += steps.length;
  }
  return all;
}

/** The series of a metric of runs, by run. */
export function seriesOf(db: Db, runIds: readonly string[], key: string): Promise<Series[]> {
  return db
    .selectFrom('experiments_series')
    .select(['id', 'run_id'])
    .where(isAnyOf(db, 'run_id', runIds))
    .where('key', '=', key)
    .orderBy('run_id')
    .execute();
}

/** All points of one metric of a run, each once, by step, time and value. */
export async function pointsOf(db: Db, { id, run_id }: Series, key: string): Promise<Columns> {
  // The log first: what is folded meanwhile is then read twice, which does no harm.
  const waiting = await waitingPoints(db, run_id, key);
  const blocks = await selectRows<[points: number, data: Uint8Array]>(
    db,
    sql`select points, data from experiments_point_blocks where series = ${id} order by low, id`,
  );
  const stored = makeColumns(blocks.reduce((sum, [count]) => sum + count, 0));
  let at = 0;
  for (const [count, data] of blocks) {
    unpackInto(stored, at, data, count);
    at += count;
  }
  return inOrder(waiting.steps.length === 0 ? stored : concatenate([stored, waiting]), 'step');
}

/** Points of one metric of a run that are in the log, as they came. */
export async function waitingPoints(db: Db, runId: string, key: string): Promise<Columns> {
  const rows = await selectRows<LogRow>(
    db,
    sql`select keys, data from experiments_point_log where run_id = ${runId} order by id`,
  );
  const pieces: Columns[] = [];
  for (const row of rows) for (const [name, points] of unpackLog(row)) if (name === key) pieces.push(points);
  return concatenate(pieces);
}

/** How many points runs have. */
export async function countPoints(db: Db, runs: readonly string[]): Promise<number> {
  const { rows } = await sql<{ count: number | null }>`select
    (select coalesce(sum(points), 0) from experiments_point_log where ${isAnyOf(db, 'run_id', runs)})
    + (select coalesce(sum(block.points), 0) from experiments_point_blocks as block
      join experiments_series as series on series.id = block.series
      where ${isAnyOf(db, 'series.run_id', runs)}) as count`.execute(db);
  return Number(rows[0]!.count);
}

const blocksAtOnce = 100;

/** Removes the points of runs, in pieces: `rest` is called between them. Returns how many there were. */
export async function removePoints(
  db: Db,
  runs: readonly string[],
  rest: () => Promise<void>,
): Promise<number> {
  const sum = (rows: readonly { points: number }[]) => rows.reduce((total, { points }) => total + points, 0);
  const logged = await sql<{ points: number }>`delete from experiments_point_log
    where ${isAnyOf(db, 'run_id', runs)} returning points`.execute(db);
  let removed = sum(logged.rows);
  for (;;) {
    const { rows } = await sql<{ points: number }>`delete from experiments_point_blocks where id in (
      select block.id from experiments_series as series
      join experiments_point_blocks as block on block.series = series.id
      where ${isAnyOf(db, 'series.run_id', runs)} limit ${blocksAtOnce}) returning points`.execute(db);
    removed += sum(rows);
    if (rows.length < blocksAtOnce) return removed;
    await rest();
  }
}
