import { sql } from 'kysely';
import type { Db } from '../../../platform/db/database.ts';
import { selectRows } from '../../../platform/db/rows.ts';
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
  datasets: { at: number; input: DatasetInput }[];
  models: { at: number; link: ModelLink }[];
};

/** Params, tags, latest metrics, datasets and models of several runs, in one query each. */
export async function partsOfRuns(
  db: Db,
  ids: readonly string[],
  select: typeof selectRows = selectRows,
): Promise<RunParts> {
  if (ids.length === 0) return { params: [], tags: [], metrics: [], datasets: [], models: [] };
  const wanted = asTable(db, ids);
  // The page leads and each run is looked up by its key, so the order of the joins is fixed.
  const [params, tags, metrics, datasets, models] = await Promise.all([
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
    datasetParts(db, ids, select),
    modelParts(db, ids, select),
  ]);
  return { params, tags, metrics, datasets, models };
}

async function datasetParts(
  db: Db,
  ids: readonly string[],
  select: typeof selectRows,
): Promise<RunParts['datasets']> {
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

async function modelParts(
  db: Db,
  ids: readonly string[],
  select: typeof selectRows,
): Promise<RunParts['models']> {
  const rows = await select<[number, string, ModelLink['direction'], number]>(
    db,
    sql`select wanted.at, link.model_id, link.direction, link.step from ${asTable(db, ids)}
      cross join experiments_model_links as link where link.run_id = wanted.value`,
  );
  return rows.map(([at, modelId, direction, step]) => ({ at, link: { modelId, direction, step } }));
}
