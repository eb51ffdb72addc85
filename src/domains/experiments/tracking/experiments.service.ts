import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import { experimentTags, findExperiment } from '../experiments.store.ts';
import type { ExperimentRow } from '../experiments.tables.ts';
import * as store from './experiments.store.ts';
import {
  checkKeyAt,
  DEFAULT_EXPERIMENT,
  experimentLocation,
  type Pair,
  type Stage,
  type TrackedExperiment,
} from './tracking.model.ts';

const LONGEST_TAG = 20_000;

/** The experiment that runs without one go to; made when it is first asked for. */
async function ensureDefault(scope: Scope): Promise<void> {
  if (await store.findExperimentById(scope.db, DEFAULT_EXPERIMENT.id)) return;
  await transact(scope, async (tx) => {
    const made = await store.insertExperiment(tx.db, {
      ...DEFAULT_EXPERIMENT,
      artifactLocation: null,
      now: tx.now(),
    });
    if (made) await recordCreated(tx, made);
  });
}

const recordCreated = (tx: Scope, { id, name }: ExperimentRow) =>
  record(tx, {
    type: 'experiments.experiment.created',
    subject: `experiment:${id}`,
    data: { experiment: id, name },
  });

/** Also finds deleted ones. @throws experiments.experiment.not_found */
export async function getExperiment(scope: Scope, id: number): Promise<TrackedExperiment> {
  return toExperiment(scope, await existing(scope, id));
}

async function existing(scope: Scope, id: number): Promise<ExperimentRow> {
  if (id === DEFAULT_EXPERIMENT.id) await ensureDefault(scope);
  const row = await store.findExperimentById(scope.db, id);
  if (!row)
    throw experimentsError('experiments.experiment.not_found', 'There is no experiment with this id.');
  return row;
}

/** The experiment, when it takes new runs. @throws experiments.experiment.not_found, experiments.experiment.deleted */
export async function activeExperiment(scope: Scope, id: number): Promise<ExperimentRow> {
  const row = await existing(scope, id);
  if (row.stage !== 'active') {
    throw experimentsError('experiments.experiment.deleted', 'The experiment is deleted.');
  }
  return row;
}

/** Also finds deleted ones. @throws experiments.experiment.not_found */
export async function getExperimentByName(scope: Scope, name: string): Promise<TrackedExperiment> {
  if (name === DEFAULT_EXPERIMENT.name) await ensureDefault(scope);
  const row = await findExperiment(scope.db, name);
  if (!row)
    throw experimentsError('experiments.experiment.not_found', 'There is no experiment of this name.');
  return toExperiment(scope, row);
}

/** @throws experiments.experiment.exists, experiments.input.invalid */
export async function createExperiment(
  scope: Scope,
  input: { name: string; artifactLocation?: string | undefined; tags?: readonly Pair[] },
): Promise<number> {
  authorise(scope, 'experiments.write');
  checkExperimentName(input.name);
  const tags = input.tags ?? [];
  tags.forEach((tag, i) => {
    checkTag(tag, `tags[${i}]`);
  });
  if (input.name === DEFAULT_EXPERIMENT.name) await ensureDefault(scope);
  return transact(scope, async (tx) => {
    const row = await store.insertExperiment(tx.db, {
      name: input.name,
      artifactLocation: checkLocation(input.artifactLocation),
      now: tx.now(),
    });
    if (!row) throw nameTaken();
    for (const { key, value } of tags) await store.setExperimentTag(tx.db, row.id, key, value);
    await recordCreated(tx, row);
    return row.id;
  });
}

const nameTaken = () =>
  experimentsError('experiments.experiment.exists', 'An experiment of this name is already there.');

/** @throws experiments.experiment.exists, experiments.experiment.deleted */
export async function renameExperiment(scope: Scope, id: number, name: string): Promise<void> {
  authorise(scope, 'experiments.write');
  checkExperimentName(name);
  await transact(scope, async (tx) => {
    const row = await activeExperiment(tx, id);
    if (row.name === name) return;
    if (await findExperiment(tx.db, name)) throw nameTaken();
    await store.updateExperiment(tx.db, id, { name, updated_at: tx.now() });
    await record(tx, {
      type: 'experiments.experiment.renamed',
      subject: `experiment:${id}`,
      data: { experiment: id, name, before: row.name },
    });
  });
}

/** Deletes softly, with all runs; the name stays taken. */
export function deleteExperiment(scope: Scope, id: number): Promise<void> {
  return moveTo(scope, id, 'deleted');
}

/** Brings an experiment back with all its runs, also those that were deleted before it. */
export function restoreExperiment(scope: Scope, id: number): Promise<void> {
  return moveTo(scope, id, 'active');
}

async function moveTo(scope: Scope, id: number, stage: Stage): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    const row = await existing(tx, id);
    if (row.stage === stage) {
      throw experimentsError('experiments.experiment.not_found', `The experiment is already ${stage}.`);
    }
    const now = tx.now();
    await store.updateExperiment(tx.db, id, { stage, updated_at: now });
    await store.setStageOfRuns(tx.db, id, stage, stage === 'deleted' ? now : null);
    await record(tx, {
      type: stage === 'deleted' ? 'experiments.experiment.deleted' : 'experiments.experiment.restored',
      subject: `experiment:${id}`,
      data: { experiment: id, name: row.name },
    });
  });
}

export async function setExperimentTag(scope: Scope, id: number, tag: Pair): Promise<void> {
  authorise(scope, 'experiments.write');
  checkTag(tag, '');
  await transact(scope, async (tx) => {
    await activeExperiment(tx, id);
    await store.setExperimentTag(tx.db, id, tag.key, tag.value);
    await store.updateExperiment(tx.db, id, { updated_at: tx.now() });
  });
}

/** @throws experiments.tag.not_found */
export async function deleteExperimentTag(scope: Scope, id: number, key: string): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    await activeExperiment(tx, id);
    if (!(await store.deleteExperimentTag(tx.db, id, key))) {
      throw experimentsError('experiments.tag.not_found', 'The experiment has no such tag.');
    }
    await store.updateExperiment(tx.db, id, { updated_at: tx.now() });
  });
}

function checkExperimentName(name: string): void {
  if (name.trim() === '' || name.length > 500) {
    throw experimentsError(
      'experiments.input.invalid',
      "Invalid value for parameter 'name' supplied: a name has 1 to 500 characters.",
    );
  }
}

function checkTag({ key, value }: Pair, path: string): void {
  const field = (name: string) => (path ? `${path}.${name}` : name);
  checkKeyAt(key, field('key'));
  if (value.length > LONGEST_TAG) {
    throw experimentsError(
      'experiments.value.too_long',
      `'${field('value')}' exceeds ${LONGEST_TAG} characters.`,
    );
  }
}

/** A location is a label for the client: the server never opens it. Still it must not carry tricks. */
function checkLocation(location: string | undefined): string | null {
  if (location === undefined || location === '') return null;
  const hasTrick = /[#?;\\]|%|(?:^|[/:])\.\.(?:\/|$)/.test(location) || /\p{Cc}/u.test(location);
  if (hasTrick || location.length > 2048) {
    throw experimentsError(
      'experiments.input.invalid',
      "Invalid value for parameter 'artifact_location' supplied: no queries, fragments, escapes or '..'.",
    );
  }
  return location.replace(/\/+$/, '') || null;
}

async function toExperiment(scope: Scope, row: ExperimentRow): Promise<TrackedExperiment> {
  const [experiment] = await toExperiments(scope, [row]);
  return experiment!;
}

export async function toExperiments(
  scope: Scope,
  rows: readonly ExperimentRow[],
): Promise<TrackedExperiment[]> {
  const tags = await experimentTags(
    scope.db,
    rows.map(({ id }) => id),
  );
  return rows.map((row) => ({
    id: row.id,
    name: row.name,
    stage: row.stage as Stage,
    artifactLocation: experimentLocation(row.id, row.artifact_location),
    tags: tags.get(row.id) ?? {},
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  }));
}

export { ensureDefault as ensureDefaultExperiment };
