import { sql } from 'kysely';
import type { Db } from '../../../platform/db/database.ts';
import { dialectOf } from '../../../platform/db/open.ts';
import type { selectRows } from '../../../platform/db/rows.ts';
import { asTable } from '../bulk.store.ts';
import type { DatasetInput, ModelLink } from './tracking.model.ts';

type PairPart = [at: number, key: string, value: string];
type MetricPart = [at: number, key: string, value: number, special: number, step: number, time: number];

/** What belongs to runs of a page; `at` is the place of the run in the page. */
export type RunParts = {
  params: PairPart[];
  tags: PairPart[];
  /** The latest point of each key, with its value as `storeNumber` keeps it. */
  metrics: MetricPart[];
} & RunLinks;

export type RunLinks = {
  datasets: { at: number; input: DatasetInput }[];
  models: { at: number; link: ModelLink }[];
};

type Select = typeof selectRows;

/** Params, tags, latest metrics, datasets and models of several runs, in one query each. */
export async function partsOfRuns(db: Db, ids: readonly string[], select: Select): Promise<RunParts> {
  const [pairs, links] = await Promise.all([pairsOfRuns(db, ids, select), linksOfRuns(db, ids, select)]);
  return { ...pairs, ...links };
}

type Pairs = Pick<RunParts, 'params' | 'tags' | 'metrics'>;

async function pairsOfRuns(db: Db, ids: readonly string[], select: Select): Promise<Pairs> {
  if (ids.length === 0) return { params: [], tags: [], metrics: [] };
  const wanted = asTable(db, ids);
  // The page leads and each run is looked up by its key, so the order of the joins is fixed.
  const [params, tags, metrics] = await Promise.all([
    select<PairPart>(
      db,
      sql`select wanted.at, part.key, part.value from ${wanted}
        cross join experiments_params as part where part.run_id = wanted.value`,
    ),
    select<PairPart>(
      db,
      sql`select wanted.at, part.key, part.value from ${wanted}
        cross join experiments_run_tags as part where part.run_id = wanted.value`,
    ),
    select<MetricPart>(
      db,
      sql`select wanted.at, part.key, part.value, part.special, part.step, part.time from ${wanted}
        cross join experiments_series as part where part.run_id = wanted.value`,
    ),
  ]);
  return { params, tags, metrics };
}

/** Datasets and models of several runs. */
export async function linksOfRuns(db: Db, ids: readonly string[], select: Select): Promise<RunLinks> {
  if (ids.length === 0) return { datasets: [], models: [] };
  const [datasets, models] = await Promise.all([datasetParts(db, ids, select), modelParts(db, ids, select)]);
  return { datasets, models };
}

/**
 * What was logged to a run as JSON: lists of `{"key":…,"value":…}`, metrics with `timestamp` and `step` too, and NaN
 * and the infinities as texts.
 */
export type RunTexts = { metrics: string; params: string; tags: string };

/**
 * Params, tags and latest metrics of several runs, in their order. SQLite writes the lists itself, for thousands of
 * small rows cost more than all else on the way out; PostgreSQL would take longer for them.
 */
export async function textsOfRuns(db: Db, ids: readonly string[], select: Select): Promise<RunTexts[]> {
  if (dialectOf(db) === 'postgres') return textsOf(await pairsOfRuns(db, ids, select), ids.length);
  const pairs = (table: string, item = "'key', part.key, 'value', part.value") =>
    sql.raw(`(select json_group_array(json_object(${item})) from ${table} as part
      where part.run_id = wanted.value)`);
  const value = `case part.special when 0 then part.value when 1 then 'NaN' when 2 then 'Infinity' else '-Infinity' end`;
  const metric = `'key', part.key, 'value', ${value}, 'timestamp', part.time, 'step', part.step`;
  const texts = new Array<RunTexts>(ids.length);
  const rows = await select<[at: number, metrics: string, params: string, tags: string]>(
    db,
    sql`select wanted.at, ${pairs('experiments_series', metric)}, ${pairs('experiments_params')},
      ${pairs('experiments_run_tags')} from ${asTable(db, ids)}`,
  );
  for (const [at, metrics, params, tags] of rows) texts[at] = { metrics, params, tags };
  return texts;
}

const specials: Readonly<Record<number, string>> = { 1: '"NaN"', 2: '"Infinity"', 3: '"-Infinity"' };

function textsOf({ params, tags, metrics }: Pairs, count: number): RunTexts[] {
  const lists = () => Array.from({ length: count }, (): string[] => []);
  const all = { params: lists(), tags: lists(), metrics: lists() };
  const pair = (key: string, value: string) => `{"key":${JSON.stringify(key)},"value":${value}`;
  for (const [at, key, value] of params) all.params[at]!.push(`${pair(key, JSON.stringify(value))}}`);
  for (const [at, key, value] of tags) all.tags[at]!.push(`${pair(key, JSON.stringify(value))}}`);
  for (const [at, key, value, special, step, time] of metrics) {
    const number = special === 0 ? String(value) : specials[special]!;
    all.metrics[at]!.push(`${pair(key, number)},"timestamp":${time},"step":${step}}`);
  }
  const text = (list: readonly string[]) => `[${list.join(',')}]`;
  return all.params.map((list, at) => ({
    params: text(list),
    tags: text(all.tags[at]!),
    metrics: text(all.metrics[at]!),
  }));
}

async function datasetParts(db: Db, ids: readonly string[], select: Select): Promise<RunParts['datasets']> {
  const rows = await select<
    [number, string | null, string, string, string, string, string, string | null, string | null]
  >(
    db,
    sql`select wanted.at, input.context, input.tags, input.name, input.digest, dataset.source_type,
        dataset.source, dataset.schema, dataset.profile
      from ${asTable(db, ids)} cross join experiments_dataset_inputs as input
      join experiments_datasets as dataset on dataset.experiment_id = input.experiment_id
        and dataset.name = input.name and dataset.digest = input.digest
      where input.run_id = wanted.value`,
  );
  return rows.map(([at, context, tags, name, digest, sourceType, source, schema, profile]) => ({
    at,
    input: {
      dataset: { name, digest, sourceType, source, schema, profile },
      context,
      tags: JSON.parse(tags) as Record<string, string>,
    },
  }));
}

async function modelParts(db: Db, ids: readonly string[], select: Select): Promise<RunParts['models']> {
  const rows = await select<[number, string, ModelLink['direction'], number]>(
    db,
    sql`select wanted.at, link.model_id, link.direction, link.step from ${asTable(db, ids)}
      cross join experiments_model_links as link where link.run_id = wanted.value`,
  );
  return rows.map(([at, modelId, direction, step]) => ({ at, link: { modelId, direction, step } }));
}
