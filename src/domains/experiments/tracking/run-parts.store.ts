import { type RawBuilder, sql } from 'kysely';
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
  if (ids.length === 0) return { params: [], tags: [], metrics: [], datasets: [], models: [] };
  const pairs = (table: string) =>
    select<PairPart>(db, sql`select wanted.at, part.key, part.value ${ofRuns(db, ids, table)}`);
  const [params, tags, metrics, links] = await Promise.all([
    pairs('experiments_params'),
    pairs('experiments_run_tags'),
    select<MetricPart>(
      db,
      sql`select wanted.at, part.key, part.value, part.special, part.step, part.time
        ${ofRuns(db, ids, 'experiments_series')}`,
    ),
    linksOfRuns(db, ids, select),
  ]);
  return { params, tags, metrics, ...links };
}

/** Rows `part` of a table for each of the runs `wanted`, which lead: each is looked up by its key, however many there are. */
function ofRuns(db: Db, ids: readonly string[], table: string) {
  const wanted = asTable(db, ids);
  if (dialectOf(db) === 'sqlite') {
    return sql`from ${wanted} cross join ${sql.table(table)} as part where part.run_id = wanted.value`;
  }
  // `offset 0` keeps PostgreSQL from reading the whole table to join it by hash.
  return sql`from ${wanted} cross join lateral (
    select * from ${sql.table(table)} as of_run where of_run.run_id = wanted.value offset 0) as part`;
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
 * Params, tags and latest metrics of several runs, in their order, as texts that the database writes: thousands of small
 * values cost more than all else on the way out.
 */
export function textsOfRuns(db: Db, ids: readonly string[], select: Select): Promise<RunTexts[]> {
  if (ids.length === 0) return Promise.resolve([]);
  return dialectOf(db) === 'sqlite' ? listsOfRuns(db, ids, select) : linesOfRuns(db, ids);
}

const special = `case part.special when 1 then 'NaN' when 2 then 'Infinity' else '-Infinity' end`;

/** SQLite writes the lists themselves. */
async function listsOfRuns(db: Db, ids: readonly string[], select: Select): Promise<RunTexts[]> {
  const list = (table: string, item = "'key', part.key, 'value', part.value") =>
    sql.raw(`(select json_group_array(json_object(${item})) from ${table} as part
      where part.run_id = wanted.value)`);
  const value = `case part.special when 0 then part.value else ${special} end`;
  const metric = `'key', part.key, 'value', ${value}, 'timestamp', part.time, 'step', part.step`;
  const texts = new Array<RunTexts>(ids.length);
  const rows = await select<[at: number, metrics: string, params: string, tags: string]>(
    db,
    sql`select wanted.at, ${list('experiments_series', metric)}, ${list('experiments_params')},
      ${list('experiments_run_tags')} from ${asTable(db, ids)}`,
  );
  for (const [at, metrics, params, tags] of rows) texts[at] = { metrics, params, tags };
  return texts;
}

/**
 * PostgreSQL writes the items of all runs as one text for each list, with a line for each run: a row for each item, or
 * even for each run, costs more to receive than to find.
 */
async function linesOfRuns(db: Db, ids: readonly string[]): Promise<RunTexts[]> {
  const read = async <L extends string>(lists: Readonly<Record<L, RawBuilder<unknown>>>) => {
    const names = Object.keys(lists) as L[];
    const items = names.map((name) => sql`${lists[name]} as ${sql.ref(name)}`);
    const lines = names.map(
      (name) => sql`string_agg(${sql.ref(name)}, E'\n' order by at) as ${sql.ref(name)}`,
    );
    const { rows } = await sql<Record<L, string>>`select ${sql.join(lines)}
      from (select at, ${sql.join(items)} from ${asTable(db, ids)}) as of_run`.execute(db);
    return rows[0]!;
  };
  // No character of a legal name needs an escape (see `checkKey`).
  const pair = `'{"key":"' || part.key || '","value":' || `;
  const value = `case part.special when 0 then part.value::text else '"' || ${special} || '"' end`;
  const list = (table: string, item: string) =>
    sql.raw(
      `coalesce((select string_agg(${item} || '}', ',') from ${table} as part where part.run_id = wanted.value), '')`,
    );
  const texts = `${pair} to_json(part.value)::text`;
  const point = `${pair} ${value} || ',"timestamp":' || part.time || ',"step":' || part.step`;
  const [{ params, tags }, { metrics }] = await Promise.all([
    read({ params: list('experiments_params', texts), tags: list('experiments_run_tags', texts) }),
    read({ metrics: list('experiments_series', point) }),
  ]);
  const [ofParams, ofTags] = [params.split('\n'), tags.split('\n')];
  return metrics.split('\n').map((of, at) => ({
    metrics: `[${of}]`,
    params: `[${ofParams[at]}]`,
    tags: `[${ofTags[at]}]`,
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
