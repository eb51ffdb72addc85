import { sql } from 'kysely';
import type { Db } from '../../../platform/db/database.ts';
import { dialectOf } from '../../../platform/db/open.ts';
import { selectRows } from '../../../platform/db/rows.ts';
import { isAnyOf } from '../bulk.store.ts';
import {
  type Columns,
  cutColumns,
  fillEvenly,
  inOrder,
  isAscending,
  layoutOf,
  makeColumns,
  numbersOf,
} from './columns.model.ts';
import { concatenate, pointsOf, type Series, waitingPoints } from './points.store.ts';

/** Places of points, `from` the first to before `to`; ranges ascend and do not overlap. */
export type Places = readonly (readonly [from: number, to: number])[];

/** The steps of a metric of a run, and its points at some of them, without the rest of them being read. */
export type Outline = {
  /** Ascending, one for each point. */
  steps: Float64Array;
  /** Points at these places of `steps`. */
  read(places: Places): Promise<Columns>;
};

type Block = ReturnType<typeof layoutOf> & { id: number; from: number; count: number; head: Float64Array };

/**
 * What a thinned history of many points needs: the steps of all of them, and then a few points. Where steps do not
 * ascend from block to block, because a client went back, all is read at once.
 */
export async function outlineOf(db: Db, series: Series, key: string): Promise<Outline> {
  // The log first, as in `pointsOf`; what is folded meanwhile shows up twice, so its steps do not ascend.
  const waiting = inOrder(await waitingPoints(db, series.run_id, key), 'step');
  const blocks = await blocksOf(db, series.id);
  const stored = blocks.reduce((sum, { count }) => sum + count, 0);
  const steps = new Float64Array(stored + waiting.steps.length);
  for (const { from, count, stepsAreEven, head } of blocks) {
    if (stepsAreEven) fillEvenly(steps.subarray(from, from + count), [head[1]!, head[2]!], 0);
    else steps.set(head.subarray(1, 1 + count), from);
  }
  steps.set(waiting.steps, stored);
  if (blocks.length === 0) return outlineOfColumns(waiting);
  if (!isAscending(steps)) return outlineOfColumns(await pointsOf(db, series, key));
  return {
    steps,
    async read(places) {
      const inBlocks = await readPlaces(db, blocks, steps, places);
      const inLog = places.flatMap(([from, to]) =>
        to > stored ? [cutColumns(waiting, Math.max(from - stored, 0), to - stored)] : [],
      );
      return concatenate([...inBlocks, ...inLog]);
    },
  };
}

function outlineOfColumns(points: Columns): Outline {
  return {
    steps: points.steps,
    read: async (places) => concatenate(places.map(([from, to]) => cutColumns(points, from, to))),
  };
}

/** Blocks of a series in the order of their steps, each with its bytes up to where times or values are one by one. */
async function blocksOf(db: Db, series: number): Promise<Block[]> {
  const isEven =
    dialectOf(db) === 'postgres'
      ? (at: number) => sql`get_byte(substr(data, 1, 2), ${sql.lit(at)}) = 1`
      : (at: number) => sql`substr(data, ${sql.lit(at + 1)}, 1) = x'01'`;
  const size = sql`8 + case when ${isEven(0)} then 16 else 8 * points end
    + case when ${isEven(1)} then 16 else 0 end`;
  const rows = await selectRows<[id: number, count: number, head: Uint8Array]>(
    db,
    sql`select id, points, substr(data, 1, ${size}) from experiments_point_blocks
      where series = ${series} order by low, id`,
  );
  let from = 0;
  return rows.map(([id, count, head]) => {
    const block = { ...layoutOf(head, count), id, from, count, head: numbersOf(head) };
    from += count;
    return block;
  });
}

/** A part of a block's bytes. */
type Piece = readonly [start: number, size: number];

/** Points at places, those that are in blocks; what was deleted meanwhile is left out. */
async function readPlaces(
  db: Db,
  blocks: readonly Block[],
  steps: Float64Array,
  places: Places,
): Promise<Columns[]> {
  const wanted = placesInBlocks(blocks, places);
  const bytes = await readPieces(
    db,
    wanted.map(({ block, ranges }) => [block.id, piecesOf(block, ranges)]),
  );
  return wanted.flatMap(({ block, ranges }) => {
    const data = bytes.get(block.id);
    return data ? [pointsIn(block, ranges, numbersOf(data), steps)] : [];
  });
}

type Wanted = { block: Block; ranges: [from: number, to: number][] };

/** Places by block, counted from the first of it. */
function placesInBlocks(blocks: readonly Block[], places: Places): Wanted[] {
  const wanted: Wanted[] = [];
  let next = 0;
  for (const block of blocks) {
    const end = block.from + block.count;
    const ranges: Wanted['ranges'] = [];
    while (next < places.length && places[next]![0] < end) {
      const [from, to] = places[next]!;
      ranges.push([Math.max(from, block.from) - block.from, Math.min(to, end) - block.from]);
      if (to > end) break;
      next++;
    }
    if (ranges.length > 0) wanted.push({ block, ranges });
  }
  return wanted;
}

const piecesOf = ({ timesAreEven, timesAt, valuesAt }: Block, ranges: Wanted['ranges']): Piece[] =>
  ranges.flatMap(([from, to]) => {
    const pieceAt = (start: number): Piece => [start + 8 * from, 8 * (to - from)];
    return timesAreEven ? [pieceAt(valuesAt)] : [pieceAt(timesAt), pieceAt(valuesAt)];
  });

/** Points of one block out of the numbers of its pieces. */
function pointsIn(
  block: Block,
  ranges: Wanted['ranges'],
  numbers: Float64Array,
  steps: Float64Array,
): Columns {
  const points = makeColumns(ranges.reduce((sum, [from, to]) => sum + to - from, 0));
  const timeHead = block.timesAt / 8;
  let at = 0;
  let next = 0;
  for (const [from, to] of ranges) {
    const length = to - from;
    points.steps.set(steps.subarray(block.from + from, block.from + to), at);
    if (block.timesAreEven) {
      const even = [block.head[timeHead]!, block.head[timeHead + 1]!] as const;
      fillEvenly(points.times.subarray(at, at + length), even, from);
    } else {
      points.times.set(numbers.subarray(next, next + length), at);
      next += length;
    }
    points.values.set(numbers.subarray(next, next + length), at);
    next += length;
    at += length;
  }
  return points;
}

/** Pieces of blocks, those of one block one after the other. PostgreSQL cuts them out, for sending all takes longest. */
async function readPieces(
  db: Db,
  wanted: readonly (readonly [id: number, pieces: Piece[]])[],
): Promise<Map<number, Uint8Array>> {
  const ids = wanted.map(([id]) => id);
  if (dialectOf(db) === 'postgres') {
    const column = (at: 0 | 1) =>
      wanted.map(([, pieces]) => `{${pieces.map((piece) => piece[at] + 1 - at)}}`);
    // `offset 0` keeps the block in memory as a whole, which each cut would fetch again.
    return new Map(
      await selectRows<[number, Uint8Array]>(
        db,
        sql`select id, (
            select string_agg(substr(data, starts[i], sizes[i]), ''::bytea order by i)
            from generate_subscripts(starts, 1) as i
          ) from (
            select block.id, starts::integer[], sizes::integer[], data || ''::bytea as data
            from unnest(${ids}::bigint[], ${column(0)}::text[], ${column(1)}::text[]) as wanted (id, starts, sizes)
            join experiments_point_blocks as block on block.id = wanted.id
            offset 0
          ) as block`,
      ),
    );
  }
  const rows = await selectRows<[number, Uint8Array]>(
    db,
    sql`select id, data from experiments_point_blocks where ${isAnyOf(db, 'id', ids)}`,
  );
  const pieces = new Map(wanted);
  return new Map(rows.map(([id, data]) => [id, cut(data, pieces.get(id)!)]));
}

function cut(data: Uint8Array, pieces: readonly Piece[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((sum, [, size]) => sum + size, 0));
  let at = 0;
  for (const [start, size] of pieces) {
    all.set(data.subarray(start, start + size), at);
    at += size;
  }
  return all;
}
