import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../../../platform/scope.ts';
import { isAnyOf } from '../bulk.store.ts';
import { experimentsError } from '../experiments.contract.ts';
import type { LoggedModelRow } from '../experiments.tables.ts';
import { type Condition, compare, keyed } from '../search/conditions.ts';
import {
  type Clause,
  decodeOffset,
  encodeOffset,
  type Grammar,
  parseFilter,
  parseIdentifier,
} from '../search/filter.model.ts';
import type { LoggedModel } from './logged-models.model.ts';
import { assembleModels } from './logged-models.service.ts';

export type DatasetScope = { name: string; digest?: string | undefined };
export type ModelOrder = { field: string; ascending: boolean; dataset?: DatasetScope | undefined };
export type ModelSearch = {
  experimentIds: readonly number[];
  filter?: string | undefined;
  /** Only metrics on one of these count in the filter; without a metric in it, any metric on one of them will do. */
  datasets?: readonly DatasetScope[];
  orderBy?: readonly ModelOrder[];
  maxResults?: number | undefined;
  pageToken?: string | undefined;
};

const MOST = 50;
const grammar: Grammar = {
  kinds: ['attribute', 'metric', 'param', 'tag'],
  attributes: {
    name: 'text',
    model_id: 'text',
    model_type: 'text',
    status: 'text',
    source_run_id: 'text',
    creation_timestamp: 'number',
    last_updated_timestamp: 'number',
  },
  aliases: {
    creation_time: 'creation_timestamp',
    creation_timestamp_ms: 'creation_timestamp',
    last_updated_timestamp_ms: 'last_updated_timestamp',
    last_updated_time: 'last_updated_timestamp',
  },
  lists: ['name', 'model_id', 'model_type', 'status', 'source_run_id'],
};
const columns: Readonly<Record<string, RawBuilder<unknown>>> = {
  name: sql.ref('model.name'),
  model_id: sql.ref('model.id'),
  model_type: sql.ref('model.model_type'),
  status: sql.ref('model.status'),
  source_run_id: sql.ref('model.source_run_id'),
  creation_timestamp: sql.ref('model.created_at'),
  last_updated_timestamp: sql.ref('model.updated_at'),
};

/** One page of active logged models, the newest first unless ordered otherwise. @throws experiments.search.invalid */
export async function searchLoggedModels(
  scope: Scope,
  search: ModelSearch,
): Promise<{ models: LoggedModel[]; next?: string }> {
  const limit = search.maxResults ?? MOST;
  if (!Number.isInteger(limit) || limit < 1 || limit > MOST) {
    throw experimentsError('experiments.search.invalid', `max_results is a whole number from 1 to ${MOST}.`);
  }
  const offset = decodeOffset(search.pageToken);
  const { datasets = [] } = search;
  const clauses = parseFilter(search.filter, grammar);
  const where = [
    isAnyOf(scope.db, 'model.experiment_id', search.experimentIds),
    sql<boolean>`model.stage = 'active'`,
    ...clauses.map((clause) => condition(scope, clause, datasets)),
    ...(datasets.length > 0 && !clauses.some(({ kind }) => kind === 'metric') ? [measuredOn(datasets)] : []),
  ];
  const { rows } = await sql<LoggedModelRow>`select model.* from experiments_logged_models as model
    where ${sql.join(where, sql` and `)} order by ${orderTerms(search.orderBy ?? [])}
    limit ${limit + 1} offset ${offset}`.execute(scope.db);
  return {
    models: await assembleModels(scope, rows.slice(0, limit)),
    ...(rows.length > limit && { next: encodeOffset(offset + limit) }),
  };
}

function condition(scope: Scope, clause: Clause, datasets: readonly DatasetScope[]): Condition {
  if (clause.kind === 'attribute') return compare(scope.db, columns[clause.key]!, clause);
  if (clause.kind !== 'metric') {
    const table =
      clause.kind === 'param' ? 'experiments_logged_model_params' : 'experiments_logged_model_tags';
    return keyed(scope.db, { table, owner: 'model_id', of: 'model.id' }, clause);
  }
  return sql<boolean>`exists (select 1 from experiments_logged_model_metrics as pair
    where pair.model_id = model.id and pair.key = ${clause.key} and pair.special != 1
    and ${compare(scope.db, sql`pair.value`, clause)} and (${onAnyOf(datasets)}))`;
}

/** Models with any metric, NaN too, on one of the datasets. */
const measuredOn = (datasets: readonly DatasetScope[]) =>
  sql<boolean>`exists (select 1 from experiments_logged_model_metrics as pair
    where pair.model_id = model.id and (${onAnyOf(datasets)}))`;

const onAnyOf = (datasets: readonly DatasetScope[]) =>
  datasets.length === 0 ? sql`1 = 1` : sql.join(datasets.map(onDataset), sql` or `);

const onDataset = ({ name, digest }: DatasetScope) =>
  digest
    ? sql`(pair.dataset_name = ${name} and pair.dataset_digest = ${digest})`
    : sql`pair.dataset_name = ${name}`;

function orderTerms(orders: readonly ModelOrder[]): RawBuilder<unknown> {
  if (orders.length > 20)
    throw experimentsError('experiments.search.invalid', 'There are more than 20 orders.');
  const terms = orders.flatMap(({ field, ascending, dataset }) => {
    const { kind, key } = parseIdentifier(field, grammar);
    const direction = sql.raw(ascending ? 'asc' : 'desc');
    if (kind === 'attribute') return [sql`${columns[key]!} ${direction}`];
    if (kind !== 'metric')
      throw experimentsError('experiments.search.invalid', 'Order by attributes or metrics.');
    const within = dataset ? onDataset(dataset) : sql`1 = 1`;
    const latest = sql`(select pair.value from experiments_logged_model_metrics as pair
      where pair.model_id = model.id and pair.key = ${key} and pair.special != 1 and ${within}
      order by pair.time desc, pair.step desc limit 1)`;
    return [sql`case when ${latest} is null then 1 else 0 end`, sql`${latest} ${direction}`];
  });
  return sql.join([...terms, sql`model.created_at desc`, sql`model.id asc`]);
}
