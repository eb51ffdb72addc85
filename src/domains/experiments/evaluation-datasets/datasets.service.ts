import { randomUUID } from 'node:crypto';
import { newId } from '../../../platform/ids.ts';
import { type Json, type JsonObject, jsonProblem } from '../../../platform/json.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import { activeExperiment } from '../tracking/experiments.service.ts';
import * as model from './datasets.model.ts';
import * as store from './datasets.store.ts';

export { type DatasetSearch, searchDatasets } from './datasets.search.ts';

const missing = () =>
  experimentsError('experiments.dataset.not_found', 'There is no evaluation dataset with this id.');

function checkTags(tags: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(tags)) {
    if (key === '' || key.length > 255 || value.length > 20_000 || key === '__proto__') {
      throw experimentsError('experiments.input.invalid', 'A tag has no key, or is too long.');
    }
  }
}

/** @throws experiments.input.invalid, experiments.experiment.not_found */
export async function createDataset(
  scope: Scope,
  input: { name: string; tags: Record<string, string>; experimentIds: readonly number[] },
): Promise<model.EvaluationDataset> {
  authorise(scope, 'experiments.write');
  const { name, tags } = input;
  if (name.trim() === '' || name.length > 255) {
    throw experimentsError('experiments.input.invalid', 'The name has 1 to 255 characters.');
  }
  checkTags(tags);
  const now = scope.now();
  const user = model.userOf(tags);
  const row = {
    id: `d-${randomUUID().replaceAll('-', '')}`,
    name,
    tags: JSON.stringify(tags),
    fields: null,
    records: 0,
    created_at: now,
    updated_at: now,
    created_by: user,
    updated_by: user,
  };
  return transact(scope, async (tx) => {
    await store.insertDatasetRow(tx.db, row);
    await link(tx, row.id, input.experimentIds);
    await note(tx, 'created', row);
    return getDataset(tx, row.id);
  });
}

const note = (tx: Scope, what: string, { id, name }: store.EvaluationDatasetRow) =>
  record(tx, {
    type: `experiments.evaluation_dataset.${what}`,
    subject: `evaluation-dataset:${id}`,
    data: { dataset: id, name },
  });

async function link(tx: Scope, id: string, experiments: readonly number[]): Promise<void> {
  for (const experiment of experiments) await activeExperiment(tx, experiment);
  await store.insertLinks(tx.db, id, experiments);
}

/** @throws experiments.dataset.not_found */
export async function getDataset(scope: Scope, id: string): Promise<model.EvaluationDataset> {
  const row = await store.findDatasetRow(scope.db, id);
  if (!row) throw missing();
  return store.toDataset(row, (await store.linksOf(scope.db, id)).get(id) ?? []);
}

/** Takes a dataset away with its records; nothing happens when it is not there. */
export async function deleteDataset(scope: Scope, id: string): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    const row = await store.findDatasetRow(tx.db, id);
    if (!row) return;
    await store.deleteDatasetRows(tx.db, id);
    await note(tx, 'deleted', row);
  });
}

/** Sets tags; those of null are removed. @throws experiments.dataset.not_found */
export async function setDatasetTags(
  scope: Scope,
  id: string,
  tags: Readonly<Record<string, string | null>>,
): Promise<model.EvaluationDataset> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    const row = await store.updateDatasetRow(tx.db, id, { updated_at: tx.now() });
    if (!row) throw missing();
    const merged = new Map(Object.entries(JSON.parse(row.tags) as Record<string, string>));
    for (const [key, value] of Object.entries(tags)) {
      if (value === null) merged.delete(key);
      else merged.set(key, value);
    }
    const next = Object.fromEntries(merged);
    checkTags(next);
    const user = model.userOf(tags as JsonObject);
    await store.updateDatasetRow(tx.db, id, {
      tags: JSON.stringify(next),
      ...(user !== null && { updated_by: user }),
    });
    return getDataset(tx, id);
  });
}

/** Takes a tag away; nothing happens when there is no such tag, or no such dataset. */
export async function deleteDatasetTag(scope: Scope, id: string, key: string): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    if (await store.findDatasetRow(tx.db, id)) await setDatasetTags(tx, id, { [key]: null });
  });
}

/** Adds an experiment's use of a dataset, or takes it away. @throws experiments.dataset.not_found */
export async function changeExperiments(
  scope: Scope,
  id: string,
  { add = [], remove = [] }: { add?: readonly number[]; remove?: readonly number[] },
): Promise<model.EvaluationDataset> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    if (!(await store.updateDatasetRow(tx.db, id, { updated_at: tx.now() }))) throw missing();
    await link(tx, id, add);
    await store.deleteLinks(tx.db, id, remove);
    return getDataset(tx, id);
  });
}

/**
 * Adds records; one with the inputs of a record that is there changes that one.
 * @throws experiments.dataset.not_found, experiments.input.invalid
 */
export async function putRecords(
  scope: Scope,
  id: string,
  given: Json,
): Promise<{ inserted: number; updated: number }> {
  authorise(scope, 'experiments.write');
  const problem = jsonProblem(given);
  if (problem) throw experimentsError('experiments.input.invalid', `The list of records ${problem}.`);
  const records = model.readRecords(given).map((item) => ({ item, digest: model.inputDigest(item.inputs) }));
  return transact(scope, async (tx) => {
    const now = tx.now();
    const dataset = await store.updateDatasetRow(tx.db, id, { updated_at: now });
    if (!dataset) throw missing();
    const digests = [...new Set(records.map(({ digest }) => digest))];
    const known = await store.recordsByInput(tx.db, id, digests);
    const rows = new Map(known.map((row) => [row.input_digest, row]));
    let inserted = 0;
    for (const { item, digest } of records) {
      const before = rows.get(digest);
      if (!before) inserted++;
      const user = model.userOf(item.tags);
      const content = before
        ? model.mergeRecord(JSON.parse(before.content) as model.NewRecord, item)
        : { outputs: {}, ...item };
      rows.set(digest, {
        id: newId('dr'),
        dataset_id: id,
        input_digest: digest,
        created_at: now,
        created_by: user,
        ...before,
        content: JSON.stringify(content),
        updated_at: now,
        updated_by: user ?? before?.updated_by ?? null,
      });
    }
    await store.putRecordRows(tx.db, [...rows.values()]);
    const fields = dataset.fields === null ? null : (JSON.parse(dataset.fields) as JsonObject);
    const items = records.map(({ item }) => item);
    const user = items.map(({ tags }) => model.userOf(tags)).findLast((one) => one !== null);
    await store.updateDatasetRow(tx.db, id, {
      records: dataset.records + inserted,
      fields: JSON.stringify(model.addFields(fields, items)),
      ...(user && { updated_by: user }),
    });
    return { inserted, updated: records.length - inserted };
  });
}

/** A page of records; `next` is where the page after it starts. @throws experiments.dataset.not_found */
export async function listRecords(
  scope: Scope,
  id: string,
  { limit, token }: { limit: number; token?: string | undefined },
): Promise<{ records: model.EvaluationRecord[]; next: string | null }> {
  if (!(await store.findDatasetRow(scope.db, id))) throw missing();
  const rows = await store.recordPage(scope.db, id, token ? readToken(token) : null, limit + 1);
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = rows.length > limit && last ? `${last.created_at}:${last.id}` : null;
  return { records: page.map(toRecord), next: next && Buffer.from(next).toString('base64') };
}

function toRecord(row: store.EvaluationRecordRow): model.EvaluationRecord {
  return {
    ...(JSON.parse(row.content) as model.NewRecord),
    id: row.id,
    datasetId: row.dataset_id,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    createdBy: row.created_by,
    updatedBy: row.updated_by,
  };
}

function readToken(token: string): { createdAt: number; id: string } {
  const [, time, id] = /^(\d{1,15}):([\w-]{1,64})$/.exec(Buffer.from(token, 'base64').toString('utf8')) ?? [];
  if (time === undefined || id === undefined) {
    throw experimentsError('experiments.search.invalid', 'This is not a page token of the server.');
  }
  return { createdAt: Number(time), id };
}

/** Takes records away; gives how many there were. @throws experiments.dataset.not_found */
export async function deleteRecords(scope: Scope, id: string, records: readonly string[]): Promise<number> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    const row = await store.updateDatasetRow(tx.db, id, { updated_at: tx.now() });
    if (!row) throw missing();
    const deleted = await store.deleteRecordRows(tx.db, id, [...new Set(records)]);
    await store.updateDatasetRow(tx.db, id, { records: row.records - deleted });
    return deleted;
  });
}
