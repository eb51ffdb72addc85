import { type RawBuilder, sql } from 'kysely';
import type { Scope } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import type { ExperimentRow } from '../experiments.tables.ts';
import { ensureDefaultExperiment, toExperiments } from '../tracking/experiments.service.ts';
import { linksOfRuns, type RunLinks, type RunTexts, textsOfRuns } from '../tracking/run-parts.store.ts';
import { toBareRun } from '../tracking/runs.store.ts';
import type { BareRun, Stage, TrackedExperiment } from '../tracking/tracking.model.ts';
import { compare, keyed } from './conditions.ts';
import { decodeOffset, encodeOffset, type Grammar, parseFilter, parseOrders } from './filter.model.ts';
import { findRuns, readerOf } from './runs-search.store.ts';

export type SearchInput = {
  stages: readonly Stage[];
  filter?: string | undefined;
  orderBy?: readonly string[] | undefined;
  maxResults: number;
  pageToken?: string | undefined;
};

/** What may be searched and ordered of runs. */
export const runGrammar: Grammar = {
  kinds: ['attribute', 'metric', 'param', 'tag', 'dataset'],
  attributes: {
    run_id: 'text',
    run_name: 'text',
    status: 'text',
    artifact_uri: 'text',
    user_id: 'text',
    start_time: 'number',
    end_time: 'number',
  },
  aliases: {
    created: 'start_time',
    Created: 'start_time',
    'run name': 'run_name',
    'Run name': 'run_name',
    'Run Name': 'run_name',
    run_uuid: 'run_id',
  },
  lists: ['run_id'],
};

/** A page of runs, with what was logged to each of them apart. */
export type RunsPage = { runs: BareRun[]; texts: RunTexts[]; links: RunLinks; next?: string };

/** One page of runs of the experiments. A full page always comes with a token. @throws experiments.search.invalid */
export async function searchTrackedRuns(
  scope: Scope,
  input: SearchInput & { experimentIds: readonly number[] },
): Promise<RunsPage> {
  checkPage(input.maxResults, 50_000);
  const clauses = parseFilter(input.filter, runGrammar);
  const orders = parseOrders(input.orderBy ?? [], runGrammar);
  const offset = decodeOffset(input.pageToken);
  const { experimentIds, stages, maxResults: limit } = input;
  const query = { experimentIds, stages, clauses, orders, limit, offset };
  const select = await readerOf(scope.db, query);
  const rows = await findRuns(scope.db, query, select);
  const ids = rows.map(({ id }) => id);
  const next = rows.length === limit ? encodeOffset(offset + limit) : undefined;
  const [texts, links] = await Promise.all([
    textsOfRuns(scope.db, ids, select),
    linksOfRuns(scope.db, ids, select),
  ]);
  return {
    runs: rows.map(toBareRun),
    texts,
    links,
    ...(next && { next }),
  };
}

function checkPage(maxResults: number, most: number): void {
  if (Number.isInteger(maxResults) && maxResults >= 1 && maxResults <= most) return;
  throw experimentsError(
    'experiments.search.invalid',
    `Invalid value for parameter 'max_results' supplied: it is a whole number from 1 to ${most}.`,
  );
}

const experimentGrammar: Grammar = {
  kinds: ['attribute', 'tag'],
  attributes: { name: 'text', experiment_id: 'text', creation_time: 'number', last_update_time: 'number' },
  lists: ['experiment_id'],
};
const experimentColumns: Readonly<Record<string, RawBuilder<unknown>>> = {
  name: sql.ref('experiment.name'),
  experiment_id: sql`cast(experiment.id as text)`,
  creation_time: sql.ref('experiment.created_at'),
  last_update_time: sql.ref('experiment.updated_at'),
};

/** One page of experiments, the newest first unless ordered otherwise. @throws experiments.search.invalid */
export async function searchExperiments(
  scope: Scope,
  input: SearchInput,
): Promise<{ experiments: TrackedExperiment[]; next?: string }> {
  checkPage(input.maxResults, 50_000);
  await ensureDefaultExperiment(scope);
  const { db } = scope;
  const where = parseFilter(input.filter, experimentGrammar).map((clause) =>
    clause.kind === 'attribute'
      ? compare(db, experimentColumns[clause.key]!, clause)
      : keyed(
          db,
          { table: 'experiments_experiment_tags', owner: 'experiment_id', of: 'experiment.id' },
          clause,
        ),
  );
  const stages = input.stages.map((stage) => sql`${stage}`);
  where.push(sql<boolean>`experiment.stage in (${sql.join(stages)})`);
  const offset = decodeOffset(input.pageToken);
  const limit = input.maxResults;
  const { rows } = await sql<ExperimentRow>`select * from experiments_experiments as experiment
    where ${sql.join(where, sql` and `)} order by ${experimentOrder(input.orderBy ?? [])}
    limit ${limit + 1} offset ${offset}`.execute(db);
  return {
    experiments: await toExperiments(scope, rows.slice(0, limit)),
    ...(rows.length > limit && { next: encodeOffset(offset + limit) }),
  };
}

function experimentOrder(orderBy: readonly string[]): RawBuilder<unknown> {
  const terms = parseOrders(orderBy, experimentGrammar).map(({ kind, key, ascending }) => {
    if (kind !== 'attribute') throw experimentsError('experiments.search.invalid', 'Order by an attribute.');
    const column = key === 'experiment_id' ? sql.ref('experiment.id') : experimentColumns[key]!;
    return sql`${column} ${sql.raw(ascending ? 'asc' : 'desc')}`;
  });
  return sql.join([...terms, sql`experiment.id desc`]);
}
