import type { Db } from '../../platform/db/database.ts';
import type { Json } from '../../platform/json.ts';
import type { Column } from './columns.ts';
import type { Dataset, DatasetVersion, Outcome, Part, UploadMode } from './data.model.ts';
import type { DatasetRow, ValidationRow, VersionRow } from './data.tables.ts';
import type { Expectation, SuiteReport } from './expectations/expectation.model.ts';

/** The record of one evaluation; `report` only where it was asked for. */
export type Validation = {
  id: string;
  dataset: string;
  version: number | null;
  digest: string;
  suiteRevision: number;
  outcome: Outcome;
  success: boolean;
  rows: number;
  evaluated: number;
  failed: number;
  source: string;
  actor: string;
  createdAt: number;
};

const withSuite = (db: Db) =>
  db
    .selectFrom('data_datasets as d')
    .leftJoin('data_suites as s', (join) =>
      join.onRef('s.dataset', '=', 'd.name').onRef('s.revision', '=', 'd.suite_revision'),
    )
    .selectAll('d')
    .select(['s.expectations', 's.declared']);

function toDataset(row: DatasetRow & { expectations: string | null; declared: string | null }): Dataset {
  return {
    name: row.name,
    description: row.description,
    eventTime: row.event_time,
    owner: row.owner,
    latestVersion: row.latest_version,
    suiteRevision: row.suite_revision,
    expectations: JSON.parse(row.expectations ?? '[]') as Expectation[],
    declared: JSON.parse(row.declared ?? '[]') as Json[],
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export async function listDatasets(db: Db): Promise<Dataset[]> {
  return (await withSuite(db).orderBy('d.name').execute()).map(toDataset);
}

export async function findDataset(db: Db, name: string): Promise<Dataset | null> {
  const row = await withSuite(db).where('d.name', '=', name).executeTakeFirst();
  return row ? toDataset(row) : null;
}

export async function insertDataset(db: Db, dataset: Dataset): Promise<void> {
  await db
    .insertInto('data_datasets')
    .values({
      name: dataset.name,
      workspace: 'default',
      description: dataset.description,
      event_time: dataset.eventTime,
      owner: dataset.owner,
      latest_version: 0,
      suite_revision: 0,
      created_at: dataset.createdAt,
      updated_at: dataset.updatedAt,
    })
    .execute();
}

export async function updateDataset(
  db: Db,
  name: string,
  change: { description: string; eventTime: string | null; owner: string; updatedAt: number },
): Promise<void> {
  await db
    .updateTable('data_datasets')
    .set({
      description: change.description,
      event_time: change.eventTime,
      owner: change.owner,
      updated_at: change.updatedAt,
    })
    .where('name', '=', name)
    .execute();
}

export type NewSuite = {
  dataset: string;
  revision: number;
  digest: string;
  expectations: Expectation[];
  declared: Json[];
  createdAt: number;
};

/** Adds the next revision of a dataset's expectations and makes it the current one. */
export async function insertSuite(db: Db, suite: NewSuite): Promise<void> {
  const { dataset, revision, digest, createdAt } = suite;
  await db
    .insertInto('data_suites')
    .values({
      dataset,
      revision,
      digest,
      expectations: JSON.stringify(suite.expectations),
      declared: JSON.stringify(suite.declared),
      created_at: createdAt,
    })
    .execute();
  await db
    .updateTable('data_datasets')
    .set({ suite_revision: revision, updated_at: createdAt })
    .where('name', '=', dataset)
    .execute();
}

/** Keeps another writing of the same expectations. */
export async function rewriteSuite(
  db: Db,
  dataset: string,
  revision: number,
  declared: Json[],
): Promise<void> {
  await db
    .updateTable('data_suites')
    .set({ declared: JSON.stringify(declared) })
    .where('dataset', '=', dataset)
    .where('revision', '=', revision)
    .execute();
}

/** Takes the next version number; holds the dataset's row until the transaction ends. */
export async function takeVersionNumber(db: Db, dataset: string, now: number): Promise<number> {
  const row = await db
    .updateTable('data_datasets')
    .set((set) => ({ latest_version: set('latest_version', '+', 1), updated_at: now }))
    .where('name', '=', dataset)
    .returning('latest_version')
    .executeTakeFirstOrThrow();
  return row.latest_version;
}

type StoredVersion = DatasetVersion & { generation: number };

function toVersion(row: VersionRow): StoredVersion {
  return {
    dataset: row.dataset,
    version: row.version,
    digest: row.digest,
    generation: row.generation,
    rows: row.rows,
    bytes: row.bytes,
    parts: row.parts,
    columns: JSON.parse(row.columns) as Column[],
    timeFrom: row.time_from,
    timeTo: row.time_to,
    mode: row.mode as UploadMode,
    source: row.source,
    validation: row.validation,
    actor: row.actor,
    createdAt: row.created_at,
  };
}

export async function listVersions(
  db: Db,
  dataset: string,
  page: { before?: number; limit: number },
): Promise<DatasetVersion[]> {
  let query = db.selectFrom('data_versions').selectAll().where('dataset', '=', dataset);
  if (page.before !== undefined) query = query.where('version', '<', page.before);
  return (await query.orderBy('version', 'desc').limit(page.limit).execute()).map(toVersion);
}

/** A version by number, or the newest. */
export async function findVersion(
  db: Db,
  dataset: string,
  version: number | 'latest',
): Promise<StoredVersion | null> {
  let query = db.selectFrom('data_versions').selectAll().where('dataset', '=', dataset);
  if (version !== 'latest') query = query.where('version', '=', version);
  const row = await query.orderBy('version', 'desc').limit(1).executeTakeFirst();
  return row ? toVersion(row) : null;
}

/** The newest version of each dataset. */
export async function latestVersions(db: Db): Promise<DatasetVersion[]> {
  const rows = await db
    .selectFrom('data_versions as v')
    .innerJoin('data_datasets as d', (join) =>
      join.onRef('d.name', '=', 'v.dataset').onRef('d.latest_version', '=', 'v.version'),
    )
    .selectAll('v')
    .execute();
  return rows.map(toVersion);
}

export async function insertVersion(db: Db, version: StoredVersion): Promise<void> {
  await db
    .insertInto('data_versions')
    .values({
      dataset: version.dataset,
      version: version.version,
      digest: version.digest,
      generation: version.generation,
      parts: version.parts,
      rows: version.rows,
      bytes: version.bytes,
      columns: JSON.stringify(version.columns),
      time_from: version.timeFrom,
      time_to: version.timeTo,
      mode: version.mode,
      source: version.source,
      validation: version.validation,
      actor: version.actor,
      created_at: version.createdAt,
    })
    .execute();
}

export async function insertPart(
  db: Db,
  place: { dataset: string; generation: number; position: number },
  part: Part,
): Promise<void> {
  const { digest, sourceDigest, size, rows } = part;
  await db
    .insertInto('data_parts')
    .values({ ...place, digest, source_digest: sourceDigest, size, rows })
    .execute();
}

/** The first `count` parts of a generation, in order. */
export async function listParts(db: Db, dataset: string, generation: number, count: number): Promise<Part[]> {
  const rows = await db
    .selectFrom('data_parts')
    .selectAll()
    .where('dataset', '=', dataset)
    .where('generation', '=', generation)
    .where('position', '<=', count)
    .orderBy('position')
    .execute();
  return rows.map((row) => ({
    digest: row.digest,
    sourceDigest: row.source_digest,
    size: row.size,
    rows: row.rows,
  }));
}

export async function insertValidation(db: Db, validation: Validation, report: SuiteReport): Promise<void> {
  await db
    .insertInto('data_validations')
    .values({
      id: validation.id,
      dataset: validation.dataset,
      version: validation.version,
      digest: validation.digest,
      suite_revision: validation.suiteRevision,
      outcome: validation.outcome,
      success: validation.success ? 1 : 0,
      rows: validation.rows,
      evaluated: validation.evaluated,
      failed: validation.failed,
      source: validation.source,
      report: JSON.stringify(report),
      actor: validation.actor,
      created_at: validation.createdAt,
    })
    .execute();
}

function toValidation(row: Omit<ValidationRow, 'report'>): Validation {
  return {
    id: row.id,
    dataset: row.dataset,
    version: row.version,
    digest: row.digest,
    suiteRevision: row.suite_revision,
    outcome: row.outcome as Outcome,
    success: row.success === 1,
    rows: row.rows,
    evaluated: row.evaluated,
    failed: row.failed,
    source: row.source,
    actor: row.actor,
    createdAt: row.created_at,
  };
}

/** Validations of a dataset, newest first, without their reports. */
export async function listValidations(
  db: Db,
  dataset: string,
  page: { before?: string; limit: number },
): Promise<Validation[]> {
  let query = db
    .selectFrom('data_validations')
    .select([
      'id',
      'dataset',
      'version',
      'digest',
      'suite_revision',
      'outcome',
      'success',
      'rows',
      'evaluated',
    ])
    .select(['failed', 'source', 'actor', 'created_at'])
    .where('dataset', '=', dataset);
  if (page.before !== undefined) query = query.where('id', '<', page.before);
  return (await query.orderBy('id', 'desc').limit(page.limit).execute()).map(toValidation);
}

export async function findValidation(
  db: Db,
  id: string,
): Promise<{ validation: Validation; report: SuiteReport } | null> {
  const row = await db.selectFrom('data_validations').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? { validation: toValidation(row), report: JSON.parse(row.report) as SuiteReport } : null;
}

export async function findDerived(db: Db, key: string) {
  return db.selectFrom('data_derived').selectAll().where('key', '=', key).executeTakeFirst();
}

/** Keeps the outcome of a computation; a later outcome takes the place of an earlier one. */
export async function putDerived(
  db: Db,
  derived: { key: string; blob: string | null; error: string | null; createdAt: number },
): Promise<void> {
  const { key, blob, error } = derived;
  await db
    .insertInto('data_derived')
    .values({ key, blob, error, created_at: derived.createdAt })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({ blob, error, created_at: derived.createdAt }),
    )
    .execute();
}
