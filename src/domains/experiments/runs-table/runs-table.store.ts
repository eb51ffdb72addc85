import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../../platform/db/database.ts';
import { isAnyOf } from '../bulk.store.ts';
import { loadNumber } from '../experiments.model.ts';
import type { RunRow } from '../experiments.tables.ts';
import type { Order } from '../search/filter.model.ts';
import { conditions, findRuns, orderTerms, type RunsQuery } from '../search/runs-search.store.ts';
import type { Field, GroupField } from './fields.model.ts';

export type Asked = Pick<RunsQuery, 'experimentIds' | 'stages' | 'clauses'>;

export async function countRuns(db: Db, asked: Asked): Promise<number> {
  const { rows } = await sql<{ total: number }>`select count(*) as total from experiments_runs as run
    where ${conditions(db, asked)}`.execute(db);
  return Number(rows[0]!.total);
}

/** Ids of all the runs in order; those without the value that orders come last. */
export async function orderedIds(db: Db, asked: Asked, order: Order): Promise<string[]> {
  const { joins, terms } = orderTerms([order]);
  const { rows } = await sql<{ id: string }>`select run.id from experiments_runs as run ${joins}
    where ${conditions(db, asked)} order by ${terms}`.execute(db);
  return rows.map(({ id }) => id);
}

/** Ids of the first runs in the same order, without sorting all where an index has them sorted. */
export async function firstIds(db: Db, asked: Asked, order: Order, limit: number): Promise<string[]> {
  const rows = await findRuns(db, { ...asked, orders: [order], limit, offset: 0 });
  return rows.map(({ id }) => id);
}

/** The parent of each run of an experiment that has one. */
export async function parentsOf(db: Db, experimentId: number): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('experiments_runs')
    .select(['id', 'parent_id'])
    .where('experiment_id', '=', experimentId)
    .where('parent_id', 'is not', null)
    .execute();
  return new Map(rows.map(({ id, parent_id }) => [id, parent_id!]));
}

export type RunHead = Pick<
  RunRow,
  'id' | 'name' | 'status' | 'started_at' | 'ended_at' | 'parent_id' | 'user_name' | 'actor'
>;

export async function runHeads(db: Db, ids: readonly string[]): Promise<Map<string, RunHead>> {
  const rows = await db
    .selectFrom('experiments_runs')
    .select(['id', 'name', 'status', 'started_at', 'ended_at', 'parent_id', 'user_name', 'actor'])
    .where(isAnyOf(db, 'id', ids))
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

const fieldTables = { param: 'experiments_params', tag: 'experiments_run_tags' } as const;

/** Values of the wanted fields of some runs; the inner array is in the order of the fields. */
export async function cellsOf(
  db: Db,
  ids: readonly string[],
  fields: readonly Field[],
): Promise<Map<string, (number | string | null)[]>> {
  const cells = new Map(ids.map((id) => [id, new Array<number | string | null>(fields.length).fill(null)]));
  const places = (kind: Field['kind']) =>
    new Map(fields.flatMap((field, at) => (field.kind === kind ? [[field.key, at] as const] : [])));
  const metrics = places('metric');
  if (metrics.size > 0) {
    const rows = await db
      .selectFrom('experiments_series')
      .select(['run_id', 'key', 'value', 'special'])
      .where(isAnyOf(db, 'run_id', ids))
      .where(isAnyOf(db, 'key', [...metrics.keys()]))
      .execute();
    for (const row of rows) cells.get(row.run_id)![metrics.get(row.key)!] = loadNumber(row);
  }
  for (const kind of ['param', 'tag'] as const) {
    const wanted = places(kind);
    if (wanted.size === 0) continue;
    const rows = await db
      .selectFrom(fieldTables[kind])
      .selectAll()
      .where(isAnyOf(db, 'run_id', ids))
      .where(isAnyOf(db, 'key', [...wanted.keys()]))
      .execute();
    for (const { run_id, key, value } of rows) cells.get(run_id)![wanted.get(key)!] = value;
  }
  return cells;
}

type Counted = { key: string; runs: number };
const catalogueTables = {
  metrics: 'experiments_series',
  params: 'experiments_params',
  tags: 'experiments_run_tags',
} as const;

/** In how many of these runs each key occurs. */
export async function keyCounts(
  db: Db,
  ids: readonly string[],
): Promise<Record<keyof typeof catalogueTables, Counted[]>> {
  const counts = (table: (typeof catalogueTables)[keyof typeof catalogueTables]) =>
    db
      .selectFrom(table)
      .select(['key', ({ fn }) => fn.countAll<number>().as('runs')])
      .where(isAnyOf(db, 'run_id', ids))
      .groupBy('key')
      .execute();
  const [metrics, params, tags] = await Promise.all([
    counts(catalogueTables.metrics),
    counts(catalogueTables.params),
    counts(catalogueTables.tags),
  ]);
  return { metrics, params, tags };
}

/** The most frequent values of a param or tag among some runs. */
export function frequentValues(
  db: Db,
  ids: readonly string[],
  { kind, key }: { kind: 'param' | 'tag'; key: string },
  most: number,
): Promise<{ value: string; runs: number }[]> {
  return db
    .selectFrom(fieldTables[kind])
    .select(['value', ({ fn }) => fn.countAll<number>().as('runs')])
    .where(isAnyOf(db, 'run_id', ids))
    .where('key', '=', key)
    .groupBy('value')
    .orderBy('runs', 'desc')
    .orderBy('value')
    .limit(most)
    .execute();
}

type Spread = { runs: number; mean: number | null; min: number | null; max: number | null };
export type Group = { value: string | null; runs: number; metrics: Spread[] };

const attributes = {
  status: sql<string>`run.status`,
  user: sql<string>`coalesce(run.user_name, replace(run.actor, 'user:', ''))`,
  parent: sql<string | null>`run.parent_id`,
} as const;

/** Groups of runs, the largest first, with count, mean, least and greatest finite value of each metric. */
export async function groupRuns(
  db: Db,
  asked: Asked,
  by: GroupField,
  metrics: readonly string[],
  limit: number,
): Promise<{ groups: number; items: Group[] }> {
  const table = by.kind === 'param' || by.kind === 'tag' ? fieldTables[by.kind] : undefined;
  const value: RawBuilder<unknown> = table
    ? sql.ref('grouped.value')
    : attributes[by.kind as keyof typeof attributes];
  const joins = metrics.map((key, i) => {
    const alias = `metric_${i}`;
    return sql`left join experiments_series as ${sql.raw(alias)} on ${sql.ref(`${alias}.run_id`)} = run.id
      and ${sql.ref(`${alias}.key`)} = ${key} and ${sql.ref(`${alias}.special`)} = 0`;
  });
  if (table) {
    joins.push(sql`left join ${sql.table(table)} as grouped
      on grouped.run_id = run.id and grouped.key = ${by.key}`);
  }
  const columns = metrics.map((_, i) => {
    const of = sql.ref(`metric_${i}.value`);
    return sql`, count(${of}) as ${sql.raw(`runs_${i}`)}, avg(${of}) as ${sql.raw(`mean_${i}`)},
      min(${of}) as ${sql.raw(`min_${i}`)}, max(${of}) as ${sql.raw(`max_${i}`)}`;
  });
  const { rows } = await sql<Record<string, number | string | null>>`select ${value} as value,
    count(*) as runs, count(*) over () as all_groups${sql.join(columns, sql``)}
    from experiments_runs as run ${sql.join(joins, sql` `)} where ${conditions(db, asked)}
    group by 1 order by 2 desc, 1 limit ${limit}`.execute(db);
  return {
    groups: Number(rows[0]?.all_groups ?? 0),
    items: rows.map((row) => ({
      value: row.value as string | null,
      runs: Number(row.runs),
      metrics: metrics.map((_, i) => ({
        runs: Number(row[`runs_${i}`]),
        mean: row[`mean_${i}`] as number | null,
        min: row[`min_${i}`] as number | null,
        max: row[`max_${i}`] as number | null,
      })),
    })),
  };
}

export async function runNames(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('experiments_runs')
    .select(['id', 'name'])
    .where(isAnyOf(db, 'id', ids))
    .execute();
  return new Map(rows.map(({ id, name }) => [id, name]));
}
