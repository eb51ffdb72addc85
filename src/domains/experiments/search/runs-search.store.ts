import { type RawBuilder, sql } from 'kysely';
import { hasAside, selectRowsAside } from '../../../platform/db/aside.ts';
import type { Db } from '../../../platform/db/database.ts';
import { selectRows } from '../../../platform/db/rows.ts';
import { isAnyOf } from '../bulk.store.ts';
import type { RunHead } from '../tracking/runs.store.ts';
import { type Condition, compare, keyed } from './conditions.ts';
import type { Clause, Order } from './filter.model.ts';

export type RunsQuery = {
  experimentIds: readonly number[];
  stages: readonly ('active' | 'deleted')[];
  clauses: readonly Clause[];
  orders: readonly Order[];
  limit: number;
  offset: number;
};

const head = sql.raw(
  'run.id, run.experiment_id, run.name, run.parent_id, run.status, run.stage, run.started_at, run.ended_at, ' +
    'run.actor, run.user_name, run.artifact_uri',
);
type HeadColumns = [
  id: string,
  experiment_id: number,
  name: string,
  parent_id: string | null,
  status: string,
  stage: string,
  started_at: number,
  ended_at: number | null,
  actor: string,
  user_name: string | null,
  artifact_uri: string | null,
];
const artifactUri = sql`coalesce(run.artifact_uri, 'mlflow-artifacts:/' || run.experiment_id || '/' || run.id || '/artifacts')`;
const attributes: Readonly<Record<string, RawBuilder<unknown>>> = {
  run_id: sql.ref('run.id'),
  run_name: sql.ref('run.name'),
  status: sql`upper(run.status)`,
  start_time: sql.ref('run.started_at'),
  end_time: sql.ref('run.ended_at'),
  user_id: sql`coalesce(run.user_name, replace(run.actor, 'user:', ''))`,
  artifact_uri: artifactUri,
};

/** How a search reads: in place, or aside where it may take long. */
export type Select = typeof selectRows;

/**
 * One page of runs. When the first order is a metric, runs are read along the index of its values until the page is
 * full, so that the rest is never sorted; runs without it, or with NaN, come last.
 */
export async function findRuns(db: Db, query: RunsQuery, reader?: Select): Promise<RunHead[]> {
  if (query.experimentIds.length === 0 || query.limit === 0) return [];
  const select = reader ?? (await readerOf(db, query));
  const [first] = query.orders;
  if (first?.kind !== 'metric') return page(db, select, query, query.orders, query.offset, query.limit);
  const found = await alongMetric(db, select, query, first);
  if (found.length === query.limit) return found;
  const total = await countWithMetric(db, select, query, first.key);
  const without = sql<boolean>`not exists (select 1 from experiments_series as pair where pair.run_id = run.id
    and pair.key = ${first.key} and pair.special != 1)`;
  const offset = Math.max(0, query.offset - total);
  const more = await page(db, select, query, query.orders, offset, query.limit - found.length, without);
  return [...found, ...more];
}

const manyRuns = 5000;

/** The way to read for a search: aside when it may have to read very many runs before its page is full. */
export async function readerOf(db: Db, query: RunsQuery): Promise<Select> {
  return (await mayTakeLong(db, query)) ? selectRowsAside : selectRows;
}

async function mayTakeLong(db: Db, { experimentIds, clauses, orders, offset }: RunsQuery): Promise<boolean> {
  if (!hasAside(db) || (clauses.length === 0 && orders.length === 0 && offset < manyRuns)) return false;
  const [[count] = [0]] = await selectRows<[number]>(
    db,
    sql`select count(*) from (select 1 from experiments_runs as run
      where ${isAnyOf(db, 'run.experiment_id', experimentIds)} limit ${manyRuns})`,
  );
  return count === manyRuns;
}

async function heads(db: Db, select: Select, query: RawBuilder<unknown>): Promise<RunHead[]> {
  const rows = await select<HeadColumns>(db, query);
  return rows.map(
    ([id, experiment_id, name, parent_id, status, stage, started_at, ended_at, ...others]): RunHead => {
      const [actor, user_name, artifact_uri] = others;
      const times = { started_at, ended_at };
      return { id, experiment_id, name, parent_id, status, stage, ...times, actor, user_name, artifact_uri };
    },
  );
}

function alongMetric(
  db: Db,
  select: Select,
  query: RunsQuery,
  { key, ascending }: Order,
): Promise<RunHead[]> {
  const direction = sql.raw(ascending ? 'asc' : 'desc');
  const { joins, terms } = orderTerms(query.orders.slice(1));
  return heads(
    db,
    select,
    sql`select ${head} from experiments_series as lead
      cross join experiments_runs as run ${joins}
      where lead.key = ${key} and lead.special != 1 and run.id = lead.run_id and ${conditions(db, query, key)}
      order by lead.value ${direction}, ${terms}
      limit ${query.limit} offset ${query.offset}`,
  );
}

async function countWithMetric(db: Db, select: Select, query: RunsQuery, key: string): Promise<number> {
  const [[total] = [0]] = await select<[number]>(
    db,
    sql`select count(*) from experiments_series as lead cross join experiments_runs as run
      where lead.key = ${key} and lead.special != 1 and run.id = lead.run_id and ${conditions(db, query)}`,
  );
  return total;
}

function page(
  db: Db,
  select: Select,
  query: RunsQuery,
  orders: readonly Order[],
  offset: number,
  limit: number,
  further: Condition = sql<boolean>`1 = 1`,
): Promise<RunHead[]> {
  const { joins, terms } = orderTerms(orders);
  return heads(
    db,
    select,
    sql`select ${head} from experiments_runs as run ${joins}
      where ${conditions(db, query)} and ${further}
      order by ${terms} limit ${limit} offset ${offset}`,
  );
}

/** `lead` names the metric whose series is joined already. */
export function conditions(
  db: Db,
  { experimentIds, stages, clauses }: Pick<RunsQuery, 'experimentIds' | 'stages' | 'clauses'>,
  lead?: string,
): Condition {
  const one = experimentIds.length === 1;
  const all = [
    one
      ? sql<boolean>`run.experiment_id = ${experimentIds[0]}`
      : isAnyOf(db, 'run.experiment_id', experimentIds),
    stages.length === 1 ? sql<boolean>`run.stage = ${stages[0]}` : isAnyOf(db, 'run.stage', stages),
    ...clauses.map((clause) =>
      clause.kind === 'metric' && clause.key === lead
        ? compare(db, sql.ref('lead.value'), clause)
        : condition(db, clause),
    ),
  ];
  return sql<boolean>`${sql.join(all, sql` and `)}`;
}

const tables = {
  metric: 'experiments_series',
  param: 'experiments_params',
  tag: 'experiments_run_tags',
} as const;

function condition(db: Db, clause: Clause): Condition {
  const { kind, key } = clause;
  if (kind === 'attribute') return compare(db, attributes[key]!, clause);
  if (kind === 'dataset') {
    return sql<boolean>`exists (select 1 from experiments_dataset_inputs as input
      where input.run_id = run.id and ${compare(db, sql.ref(`input.${key}`), clause)})`;
  }
  return keyed(db, { table: tables[kind as keyof typeof tables], owner: 'run_id', of: 'run.id' }, clause);
}

/** Joins and terms for ORDER BY: missing values last, ties by the newest start, then by id. */
export function orderTerms(orders: readonly Order[]): {
  joins: RawBuilder<unknown>;
  terms: RawBuilder<unknown>;
} {
  const joins: RawBuilder<unknown>[] = [];
  const terms: RawBuilder<unknown>[] = [];
  let isTimed = false;
  orders.forEach(({ kind, key, ascending }, i) => {
    const direction = sql.raw(ascending ? 'asc' : 'desc');
    if (kind === 'attribute') {
      const column = attributes[key]!;
      if (key === 'end_time') terms.push(sql`case when ${column} is null then 1 else 0 end`);
      if (key === 'start_time') isTimed = true;
      terms.push(sql`${column} ${direction}`);
      return;
    }
    const alias = `sort_${i}`;
    const value = sql.ref(`${alias}.value`);
    joins.push(
      sql`left join ${sql.table(tables[kind as keyof typeof tables])} as ${sql.raw(alias)}
        on ${sql.ref(`${alias}.run_id`)} = run.id and ${sql.ref(`${alias}.key`)} = ${key}`,
    );
    const missing =
      kind === 'metric'
        ? sql`case when ${value} is null then 2 when ${sql.ref(`${alias}.special`)} = 1 then 1 else 0 end`
        : sql`case when ${value} is null then 1 else 0 end`;
    terms.push(missing, sql`${value} ${direction}`);
  });
  if (!isTimed) terms.push(sql`run.started_at desc`);
  terms.push(sql`run.id asc`);
  return { joins: sql.join(joins, sql` `), terms: sql.join(terms) };
}
