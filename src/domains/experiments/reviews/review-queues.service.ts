import { randomUUID } from 'node:crypto';
import type { Db } from '../../../platform/db/database.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { experimentsError } from '../experiments.contract.ts';
import { lockExperiments } from '../purge/purge.store.ts';
import { encodeOffset } from '../search/filter.model.ts';
import { activeExperiment } from '../tracking/experiments.service.ts';
import { labelSchemasOf } from './label-schemas.service.ts';
import { type Page, readPage } from './review-pages.ts';
import * as model from './review-queues.model.ts';

const missing = () => experimentsError('experiments.review_queue.not_found', 'There is no queue like this.');
const taken = (name: string) =>
  experimentsError('experiments.review_queue.exists', `The experiment has a queue “${name}” already.`);

const rows = (db: Db) => db.selectFrom('experiments_review_queues').selectAll();

const note = (tx: Scope, what: string, { id, name, experiment_id }: model.ReviewQueueRow) =>
  record(tx, {
    type: `experiments.review_queue.${what}`,
    subject: `review-queue:${id}`,
    data: { queue: id, experiment: experiment_id, name },
  });

export type NewReviewQueue = {
  experimentId: number;
  name: string;
  type: model.QueueType;
  users: readonly string[];
  schemaIds: readonly string[];
  createdBy: string | null;
};

/** @throws experiments.input.invalid, experiments.review_queue.exists, experiments.experiment.not_found */
export async function createReviewQueue(scope: Scope, input: NewReviewQueue): Promise<model.ReviewQueue> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    const made = await insertQueue(tx, input);
    if (!made) throw taken(input.name);
    return made;
  });
}

/** The new queue, or null when its name is taken. */
async function insertQueue(tx: Scope, input: NewReviewQueue): Promise<model.ReviewQueue | null> {
  const { name, type, users, schemaIds } = model.readQueue(input);
  await activeExperiment(tx, input.experimentId);
  await lockExperiments(tx.db, [input.experimentId]);
  await checkSchemas(tx, input.experimentId, schemaIds);
  const now = tx.now();
  const row = await tx.db
    .insertInto('experiments_review_queues')
    .values({
      id: `rq-${randomUUID().replaceAll('-', '')}`,
      experiment_id: input.experimentId,
      name,
      name_key: name.toLowerCase(),
      type,
      users: JSON.stringify(users),
      schema_ids: JSON.stringify(schemaIds),
      created_by: input.createdBy,
      created_at: now,
      updated_at: now,
    })
    .onConflict((conflict) => conflict.columns(['experiment_id', 'name_key']).doNothing())
    .returningAll()
    .executeTakeFirst();
  if (!row) return null;
  await note(tx, 'created', row);
  return model.toQueue(row);
}

async function checkSchemas(tx: Scope, experimentId: number, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const known = new Set((await labelSchemasOf(tx, experimentId)).map(({ id }) => id));
  const unknown = ids.find((id) => !known.has(id));
  if (unknown !== undefined) {
    throw experimentsError('experiments.input.invalid', `The experiment has no question ${unknown}.`);
  }
}

/** The queue of a user, made when it is first asked for. @throws experiments.input.invalid, experiments.review_queue.exists */
export async function userQueue(
  scope: Scope,
  experimentId: number,
  user: string,
): Promise<model.ReviewQueue> {
  authorise(scope, 'experiments.write');
  const name = model.readUser(user);
  return transact(scope, async (tx) => {
    const input = { experimentId, name, users: [], schemaIds: [], createdBy: name };
    const made = await insertQueue(tx, { ...input, type: 'user' });
    if (made) return made;
    const found = await getReviewQueueByName(tx, experimentId, name);
    if (found.type !== 'user') throw taken(name);
    return found;
  });
}

/** @throws experiments.review_queue.not_found */
export async function getReviewQueue(scope: Scope, id: string): Promise<model.ReviewQueue> {
  const row = await rows(scope.db).where('id', '=', id).executeTakeFirst();
  if (!row) throw missing();
  return model.toQueue(row);
}

/** @throws experiments.review_queue.not_found, experiments.experiment.not_found */
export async function getReviewQueueByName(
  scope: Scope,
  experimentId: number,
  name: string,
): Promise<model.ReviewQueue> {
  await activeExperiment(scope, experimentId);
  const row = await rows(scope.db)
    .where('experiment_id', '=', experimentId)
    .where('name_key', '=', name.trim().toLowerCase())
    .executeTakeFirst();
  if (!row) throw missing();
  return model.toQueue(row);
}

/** Queues of an experiment, the newest first; only those of a user, or those that hold a trace. */
export async function listReviewQueues(
  scope: Scope,
  experimentId: number,
  which: Page & { user?: string | undefined; traceId?: string | undefined },
): Promise<{ queues: model.ReviewQueue[]; next: string | null }> {
  const { offset, limit } = readPage(which);
  await activeExperiment(scope, experimentId);
  let query = rows(scope.db).where('experiment_id', '=', experimentId);
  const { traceId } = which;
  if (traceId !== undefined) {
    query = query.where('id', 'in', (items) =>
      items.selectFrom('experiments_review_items').select('queue_id').where('trace_id', '=', traceId),
    );
  }
  const found = (await query.orderBy('created_at', 'desc').orderBy('id').execute()).map(model.toQueue);
  const user = which.user === undefined ? null : model.readUser(which.user);
  const queues = user === null ? found : found.filter(({ users }) => users.includes(user));
  const end = offset + limit;
  return { queues: queues.slice(offset, end), next: queues.length > end ? encodeOffset(end) : null };
}

export type ReviewQueueChange = {
  name?: string | undefined;
  owner?: string | undefined;
  users?: readonly string[] | undefined;
  schemaIds?: readonly string[] | undefined;
};

/** Changes a queue that is not a user's own. @throws experiments.review_queue.not_found, experiments.input.invalid, experiments.review_queue.exists */
export async function updateReviewQueue(
  scope: Scope,
  id: string,
  change: ReviewQueueChange,
): Promise<model.ReviewQueue> {
  authorise(scope, 'experiments.write');
  return transact(scope, async (tx) => {
    const before = await lockQueue(tx, id);
    if (before.type === 'user') {
      throw experimentsError('experiments.input.invalid', 'The queue of a user stays as it is.');
    }
    const next: Partial<model.ReviewQueueRow> = { updated_at: tx.now() };
    if (change.name !== undefined) {
      await lockExperiments(tx.db, [before.experiment_id]);
      next.name = model.readQueueName(change.name);
      next.name_key = next.name.toLowerCase();
      const other = await rows(tx.db)
        .where('experiment_id', '=', before.experiment_id)
        .where('name_key', '=', next.name_key)
        .where('id', '<>', id)
        .executeTakeFirst();
      if (other) throw taken(next.name);
    }
    if (change.owner !== undefined) {
      model.readUser(change.owner);
      next.created_by = change.owner.trim();
    }
    if (change.users !== undefined) next.users = JSON.stringify(model.readUsers(change.users));
    if (change.schemaIds !== undefined) next.schema_ids = await newSchemas(tx, before, change.schemaIds);
    const row = await tx.db
      .updateTable('experiments_review_queues')
      .set(next)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
    await note(tx, 'updated', row);
    return model.toQueue(row);
  });
}

/** Who answered must have answered the same questions: they stay while there is something to review. */
async function newSchemas(tx: Scope, queue: model.ReviewQueueRow, ids: readonly string[]): Promise<string> {
  const item = await tx.db
    .selectFrom('experiments_review_items')
    .select('trace_id')
    .where('queue_id', '=', queue.id)
    .limit(1)
    .executeTakeFirst();
  if (item) {
    throw experimentsError(
      'experiments.input.invalid',
      'The questions of a queue stay while it holds traces.',
    );
  }
  const read = model.readIds(ids, 36);
  await checkSchemas(tx, queue.experiment_id, read);
  return JSON.stringify(read);
}

/** The row of a queue, locked until the transaction ends. @throws experiments.review_queue.not_found */
export async function lockQueue(tx: Scope, id: string): Promise<model.ReviewQueueRow> {
  const row = await tx.db
    .updateTable('experiments_review_queues')
    .set((where) => ({ updated_at: where.ref('updated_at') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  if (!row) throw missing();
  return row;
}

/** Takes a queue away; what reviewers said stays. Nothing happens when it is not there. */
export async function deleteReviewQueue(scope: Scope, id: string): Promise<void> {
  authorise(scope, 'experiments.write');
  await transact(scope, async (tx) => {
    // The queue goes first: whoever adds to it meanwhile holds its row, and has ended when it is gone.
    const row = await tx.db
      .deleteFrom('experiments_review_queues')
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    if (!row) return;
    await tx.db.deleteFrom('experiments_review_items').where('queue_id', '=', id).execute();
    await note(tx, 'deleted', row);
  });
}
