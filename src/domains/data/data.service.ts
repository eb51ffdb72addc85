import { digestJson } from '../../platform/digest.ts';
import type { Json } from '../../platform/json.ts';
import { record } from '../../platform/ledger/index.ts';
import { checkName } from '../../platform/names.ts';
import { authorise, type Scope, transact } from '../../platform/scope.ts';
import type { Column } from './columns.ts';
import { dataError } from './data.errors.ts';
import { type Dataset, type DatasetVersion, datasetSubject, manifestOf } from './data.model.ts';
import * as store from './data.store.ts';
import type { Expectation, SuiteReport } from './expectations/expectation.model.ts';
import { readSuite, SuiteProblem } from './expectations/suite.model.ts';

const maxExpectations = 1000;

export type VersionRef = number | 'latest';

/** What can be said about a dataset; what is left out stays as it is. */
export type DatasetChange = {
  description?: string;
  eventTime?: string | null;
  owner?: string;
  /** Expectations in the words of Great Expectations, 0.x or 1.x. */
  expectations?: Json;
};

/** A version as local files, ready for DuckDB. */
export type VersionParts = {
  dataset: string;
  version: number;
  digest: string;
  rows: number;
  columns: Column[];
  eventTime: string | null;
  /** Digests of the parts, in order. */
  digests: string[];
  /** Paths of the parts on this machine, in order. */
  paths: string[];
};

export const listDatasets = (scope: Scope): Promise<Dataset[]> => store.listDatasets(scope.db);

/** The dataset of this name; raises data.dataset.not_found. */
export async function getDataset(scope: Scope, name: string): Promise<Dataset> {
  const dataset = await store.findDataset(scope.db, name);
  if (!dataset) throw dataError('data.dataset.not_found', `There is no dataset "${name}".`);
  return dataset;
}

/** Creates a dataset or changes what is said about it; records nothing when nothing changes. */
export async function putDataset(
  scope: Scope,
  name: string,
  change: DatasetChange,
): Promise<{ dataset: Dataset; created: boolean }> {
  authorise(scope, 'data.write');
  checkName('dataset', name);
  const expectations = change.expectations === undefined ? undefined : readExpectations(change.expectations);
  return transact(scope, async (tx) => {
    const present = await store.findDataset(tx.db, name);
    const created = present === null;
    const base = present ?? (await createDataset(tx, name, change));
    if (present) await describeDataset(tx, present, change);
    if (expectations) await changeExpectations(tx, base, expectations, change.expectations as Json);
    return { dataset: await getDataset(tx, name), created };
  });
}

async function createDataset(tx: Scope, name: string, change: DatasetChange): Promise<Dataset> {
  const now = tx.now();
  const dataset: Dataset = {
    name,
    description: change.description ?? '',
    eventTime: change.eventTime ?? null,
    owner: change.owner ?? tx.actor,
    latestVersion: 0,
    suiteRevision: 0,
    expectations: [],
    declared: [],
    createdAt: now,
    updatedAt: now,
  };
  await store.insertDataset(tx.db, dataset);
  const { description, eventTime, owner } = dataset;
  const data = { dataset: name, description, eventTime, owner };
  await record(tx, { type: 'data.dataset.created', subject: datasetSubject(name), data });
  return dataset;
}

async function describeDataset(tx: Scope, present: Dataset, change: DatasetChange): Promise<void> {
  const next = {
    description: change.description ?? present.description,
    eventTime: change.eventTime === undefined ? present.eventTime : change.eventTime,
    owner: change.owner ?? present.owner,
  };
  const { description, eventTime, owner } = present;
  if (digestJson(next) === digestJson({ description, eventTime, owner })) return;
  if (next.eventTime !== eventTime) await checkEventTime(tx, present, next.eventTime);
  await store.updateDataset(tx.db, present.name, { ...next, updatedAt: tx.now() });
  const data = { dataset: present.name, ...next };
  await record(tx, { type: 'data.dataset.changed', subject: datasetSubject(present.name), data });
}

async function checkEventTime(tx: Scope, dataset: Dataset, eventTime: string | null): Promise<void> {
  if (eventTime === null || dataset.latestVersion === 0) return;
  const { columns } = await getVersion(tx, dataset.name, 'latest');
  const column = columns.find(({ name }) => name === eventTime);
  if (!column || !/^(TIMESTAMP|DATE)/.test(column.type)) {
    throw dataError('data.column.invalid', `The dataset has no column "${eventTime}" that holds a time.`);
  }
}

async function changeExpectations(
  tx: Scope,
  dataset: Dataset,
  expectations: Expectation[],
  written: Json,
): Promise<void> {
  const { name, suiteRevision } = dataset;
  const plain = expectations as unknown as Json[];
  const declared = Array.isArray(written) ? written : plain;
  const digest = digestJson(plain);
  if (digest === digestJson(dataset.expectations as unknown as Json)) {
    if (suiteRevision > 0) await store.rewriteSuite(tx.db, name, suiteRevision, declared);
    return;
  }
  const revision = suiteRevision + 1;
  await store.insertSuite(tx.db, {
    dataset: name,
    revision,
    digest,
    expectations,
    declared,
    createdAt: tx.now(),
  });
  await record(tx, {
    type: 'data.expectations.changed',
    subject: `suite:${name}`,
    data: { dataset: name, revision, digest, expectations: expectations.length },
    uses: [datasetSubject(name)],
  });
}

/** False for a text with half of a surrogate pair, which canonical JSON does not know. */
function isWellFormed(value: Json): boolean {
  if (typeof value === 'string') return value.isWellFormed();
  if (typeof value !== 'object' || value === null) return true;
  if (Array.isArray(value)) return value.every(isWellFormed);
  return Object.entries(value).every(([key, item]) => key.isWellFormed() && isWellFormed(item));
}

/** Expectations from a suite or a list; raises data.expectations.invalid with the place. */
function readExpectations(value: Json): Expectation[] {
  try {
    const { expectations } = readSuite(value);
    if (!isWellFormed(value))
      throw new SuiteProblem('expectations', 'A text in the suite is not well-formed.');
    if (expectations.length <= maxExpectations) return expectations;
    throw new SuiteProblem('expectations', `A suite holds at most ${maxExpectations} expectations.`);
  } catch (error) {
    if (!(error instanceof SuiteProblem)) throw error;
    throw dataError('data.expectations.invalid', error.message, { at: error.at });
  }
}

/** Versions of a dataset, newest first. */
export async function listVersions(
  scope: Scope,
  name: string,
  page: { before?: number; limit?: number } = {},
): Promise<DatasetVersion[]> {
  await getDataset(scope, name);
  return store.listVersions(scope.db, name, { ...page, limit: page.limit ?? 100 });
}

/** A version by number, or the newest; raises data.dataset.not_found or data.version.not_found. */
export async function getVersion(scope: Scope, name: string, version: VersionRef): Promise<DatasetVersion> {
  return (await getStored(scope, name, version)).found;
}

async function getStored(scope: Scope, name: string, version: VersionRef) {
  const dataset = await getDataset(scope, name);
  const found = await store.findVersion(scope.db, name, version);
  if (found) return { dataset, found };
  const which = version === 'latest' ? 'has no version yet' : `has no version ${version}`;
  throw dataError('data.version.not_found', `The dataset "${name}" ${which}.`);
}

/** The newest version, or null when there is none yet. */
export async function latestVersion(scope: Scope, name: string): Promise<DatasetVersion | null> {
  await getDataset(scope, name);
  return store.findVersion(scope.db, name, 'latest');
}

/** The manifest whose digest is the version's digest. */
export async function getManifest(scope: Scope, name: string, version: VersionRef) {
  const { found } = await getStored(scope, name, version);
  const parts = await store.listParts(scope.db, name, found.generation, found.parts);
  return manifestOf(found.columns, parts);
}

/** A version as local Parquet files. */
export async function versionParts(scope: Scope, name: string, version: VersionRef): Promise<VersionParts> {
  const { dataset, found } = await getStored(scope, name, version);
  const parts = await store.listParts(scope.db, name, found.generation, found.parts);
  const digests = parts.map((part) => part.digest);
  return {
    dataset: name,
    version: found.version,
    digest: found.digest,
    rows: found.rows,
    columns: found.columns,
    eventTime: dataset.eventTime,
    digests,
    paths: digests.map((digest) => scope.platform.blobs.path(digest)),
  };
}

/** Validations of a dataset, newest first. */
export async function listValidations(
  scope: Scope,
  name: string,
  page: { before?: string; limit?: number } = {},
) {
  await getDataset(scope, name);
  return store.listValidations(scope.db, name, { ...page, limit: page.limit ?? 50 });
}

/** One validation with its report; raises data.validation.not_found. */
export async function getValidation(
  scope: Scope,
  id: string,
): Promise<{ validation: store.Validation; report: SuiteReport }> {
  const found = await store.findValidation(scope.db, id);
  if (!found) throw dataError('data.validation.not_found', 'There is no validation of this id.');
  return found;
}
