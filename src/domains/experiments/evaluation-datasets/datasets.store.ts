import type { Db } from '../../../platform/db/database.ts';
import type { JsonObject } from '../../../platform/json.ts';
import { digestOf, type EvaluationDataset } from './datasets.model.ts';

export type EvaluationDatasetRow = {
  id: string;
  name: string;
  /** JSON of a map of texts. */
  tags: string;
  /** JSON of the names and types of fields. */
  fields: string | null;
  /** How many records there are. */
  records: number;
  created_at: number;
  updated_at: number;
  created_by: string | null;
  updated_by: string | null;
};

export type EvaluationRecordRow = {
  id: string;
  dataset_id: string;
  input_digest: string;
  /** JSON of `NewRecord`. */
  content: string;
  created_at: number;
  updated_at: number;
  created_by: string | null;
  updated_by: string | null;
};

export function toDataset(row: EvaluationDatasetRow, experimentIds: number[]): EvaluationDataset {
  return {
    id: row.id,
    name: row.name,
    digest: digestOf(row.name, row.updated_at),
    tags: JSON.parse(row.tags) as Record<string, string>,
    fields: row.fields === null ? null : (JSON.parse(row.fields) as JsonObject),
    records: row.records,
    experimentIds,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    createdBy: row.created_by,
    updatedBy: row.updated_by,
  };
}

/** Most variables of one statement stay far below the limits of both databases. */
const chunk = 500;

function* chunks<T>(items: readonly T[]): Generator<T[]> {
  for (let at = 0; at < items.length; at += chunk) yield items.slice(at, at + chunk);
}

export const datasetRows = (db: Db): Promise<EvaluationDatasetRow[]> =>
  db.selectFrom('experiments_evaluation_datasets').selectAll().execute();

export const findDatasetRow = (db: Db, id: string): Promise<EvaluationDatasetRow | undefined> =>
  db.selectFrom('experiments_evaluation_datasets').selectAll().where('id', '=', id).executeTakeFirst();

export async function insertDatasetRow(db: Db, row: EvaluationDatasetRow): Promise<void> {
  await db.insertInto('experiments_evaluation_datasets').values(row).execute();
}

/** Writes columns and gives the row, locked until the transaction ends; undefined when there is none. */
export function updateDatasetRow(
  db: Db,
  id: string,
  change: Partial<EvaluationDatasetRow>,
): Promise<EvaluationDatasetRow | undefined> {
  return db
    .updateTable('experiments_evaluation_datasets')
    .set(change)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
}

export async function deleteDatasetRows(db: Db, id: string): Promise<void> {
  await db.deleteFrom('experiments_evaluation_records').where('dataset_id', '=', id).execute();
  await db.deleteFrom('experiments_evaluation_links').where('dataset_id', '=', id).execute();
  await db.deleteFrom('experiments_evaluation_datasets').where('id', '=', id).execute();
}

/** Experiments by dataset: of one, or of all. */
export async function linksOf(db: Db, id?: string): Promise<Map<string, number[]>> {
  let query = db.selectFrom('experiments_evaluation_links').selectAll().orderBy('experiment_id');
  if (id !== undefined) query = query.where('dataset_id', '=', id);
  const links = new Map<string, number[]>();
  for (const { dataset_id, experiment_id } of await query.execute()) {
    links.set(dataset_id, [...(links.get(dataset_id) ?? []), experiment_id]);
  }
  return links;
}

export async function insertLinks(db: Db, id: string, experiments: readonly number[]): Promise<void> {
  for (const part of chunks(experiments)) {
    await db
      .insertInto('experiments_evaluation_links')
      .values(part.map((experiment_id) => ({ dataset_id: id, experiment_id })))
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

export async function deleteLinks(db: Db, id: string, experiments: readonly number[]): Promise<void> {
  for (const part of chunks(experiments)) {
    await db
      .deleteFrom('experiments_evaluation_links')
      .where('dataset_id', '=', id)
      .where('experiment_id', 'in', part)
      .execute();
  }
}

/** The records of a dataset whose inputs have one of these digests. */
export async function recordsByInput(
  db: Db,
  id: string,
  digests: readonly string[],
): Promise<EvaluationRecordRow[]> {
  const found: EvaluationRecordRow[] = [];
  for (const part of chunks(digests)) {
    const rows = await db
      .selectFrom('experiments_evaluation_records')
      .selectAll()
      .where('dataset_id', '=', id)
      .where('input_digest', 'in', part)
      .execute();
    found.push(...rows);
  }
  return found;
}

/** Inserts records, or replaces those that are there. */
export async function putRecordRows(db: Db, rows: readonly EvaluationRecordRow[]): Promise<void> {
  for (const part of chunks(rows)) {
    await db
      .insertInto('experiments_evaluation_records')
      .values(part)
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet(({ ref }) => ({
          content: ref('excluded.content'),
          updated_at: ref('excluded.updated_at'),
          updated_by: ref('excluded.updated_by'),
        })),
      )
      .execute();
  }
}

/** A page of records after a place, in the order of their making. */
export function recordPage(
  db: Db,
  id: string,
  after: { createdAt: number; id: string } | null,
  limit: number,
): Promise<EvaluationRecordRow[]> {
  let query = db
    .selectFrom('experiments_evaluation_records')
    .selectAll()
    .where('dataset_id', '=', id)
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit);
  if (after) {
    query = query.where(({ eb, or, and }) =>
      or([
        eb('created_at', '>', after.createdAt),
        and([eb('created_at', '=', after.createdAt), eb('id', '>', after.id)]),
      ]),
    );
  }
  return query.execute();
}

/** How many records were there and are gone. */
export async function deleteRecordRows(db: Db, id: string, records: readonly string[]): Promise<number> {
  let deleted = 0;
  for (const part of chunks(records)) {
    const result = await db
      .deleteFrom('experiments_evaluation_records')
      .where('dataset_id', '=', id)
      .where('id', 'in', part)
      .executeTakeFirst();
    deleted += Number(result.numDeletedRows);
  }
  return deleted;
}
