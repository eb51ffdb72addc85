import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../../platform/db/database.ts';
import { isAnyOf } from '../bulk.store.ts';
import type { RunRow } from '../experiments.tables.ts';
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

/**
 * One page of runs. When the first order is a metric, runs are read along the index of its values until the page is
 * full, so that the rest is never sorted; runs without it, or with NaN, come last.
 */
export async function findRuns(db: Db, query: RunsQuery): Promise<RunRow[]> {
  if (query.experimentIds.length === 0 || query.limit === 0) return [];
  const [first] = query.orders;
  if (first?.kind !== 'metric') return page(db, query, query.orders, query.offset, query.limit);
  const found = await alongMetric(db, query, first);
  if (found.length === query.limit) return found;
  const { total } = await countWithMetric(db, query, first.key);
  const without = sql<boolean>`not exists (select 1 from experiments_series as pair where pair.run_id = run.id
    and pair.key = ${first.key} and pair.special != 1)`;
  const offset = Math.max(0, query.offset - total);
  const more = await page(db, query, query.orders, offset, query.limit - found.length, without);
  return [...found, ...more];
}

async function alongMetric(db: Db, query: RunsQuery, { key, ascending }: Order): Promise<RunRow[]> {
  const direction = sql.raw(ascending ? 'asc' : 'desc');
  const { joins, terms } = orderTerms(query.orders.slice(1));
  const { rows } = await sql<RunRow>`select run.* from experiments_series as lead
    cross join experiments_runs as run ${joins}
    where lead.key = ${key} and lead.special != 1 and run.id = lead.run_id and ${conditions(db, query, key)}
    order by lead.value ${direction}, ${terms}
    limit ${query.limit} offset ${query.offset}`.execute(db);
  return rows;
}

async function countWithMetric(db: Db, query: RunsQuery, key: string): Promise<{ total: number }> {
  const { rows } = await sql<{ total: number }>`select count(*) as total from experiments_series as lead
    cross join experiments_runs as run
    where lead.key = ${key} and lead.special != 1 and run.id = lead.run_id and ${conditions(db, query)}`.execute(
    db,
  );
  return rows[0]!;
}

async function page(
  db: Db,
  query: RunsQuery,
  orders: readonly Order[],
  offset: number,
  limit: number,
  further: Condition = sql<boolean>`1 = 1`,
): Promise<RunRow[]> {
  const { joins, terms } = orderTerms(orders);
  const { rows } = await sql<RunRow>`select run.* from experiments_runs as run ${joins}
    where ${conditions(db, query)} and ${further}
    order by ${terms} limit ${limit} offset ${offset}`.execute(db);
  return rows;
}

/** `lead` names the metric whose series is joined already. */
function conditions(db: Db, { experimentIds, stages, clauses }: RunsQuery, lead?: string): Condition {
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
  return keyed(db, { table: tables[kind], owner: 'run_id', of: 'run.id' }, clause);
}

/** Joins and terms for ORDER BY: missing values last, ties by the newest start, then by id. */
function orderTerms(orders: readonly Order[]): { joins: RawBuilder<unknown>; terms: RawBuilder<unknown> } {
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
