import { randomUUID } from 'node:crypto';
import type { Db } from '../../../platform/db/database.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { isAnyOf } from '../bulk.store.ts';
import { experimentsError } from '../experiments.contract.ts';
import { lockExperiments } from '../purge/purge.store.ts';
import { decodeOffset, encodeOffset } from '../search/filter.model.ts';
import { activeExperiment } from '../tracking/experiments.service.ts';
import { labelSchemasOf } from './label-schemas.service.ts';
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

type Page = { limit: number; token?: string | undefined };

function readPage({ limit, token }: Page): { offset: number; limit: number } {
  if (!Number.isInteger(limit) || limit < 1 || limit > 50_000) {
    throw experimentsError('experiments.search.invalid', 'max_results is a whole number from 1 to 50000.');
  }
  return { offset: decodeOffset(token), limit };
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
    const before = await locked(tx, id);
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
async function locked(tx: Scope, id: string): Promise<model.ReviewQueueRow> {
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

const LONGEST_ID = 50;
const MOST_ITEMS = 10_000;

function readItems(ids: readonly string[]): string[] {
  const read = model.readIds(ids, LONGEST_ID);
  if (read.length === 0 || read.length > MOST_ITEMS) {
    throw experimentsError('experiments.input.invalid', `Name 1 to ${MOST_ITEMS} traces.`);
  }
  return read;
}

/** Adds traces to a queue; those that are in it stay as they are. @throws experiments.review_queue.not_found, experiments.input.invalid */
export async function addReviewItems(
  scope: Scope,
  queueId: string,
  traceIds: readonly string[],
): Promise<model.ReviewItem[]> {
  authorise(scope, 'experiments.write');
  const ids = readItems(traceIds);
  return transact(scope, async (tx) => {
    await locked(tx, queueId);
    const now = tx.now();
    for (let at = 0; at < ids.length; at += 500) {
      await tx.db
        .insertInto('experiments_review_items')
        .values(
          ids.slice(at, at + 500).map((trace_id) => ({
            queue_id: queueId,
            trace_id,
            status: 'pending',
            completed_by: null,
            completed_at: null,
            created_at: now,
            updated_at: now,
          })),
        )
        .onConflict((conflict) => conflict.columns(['queue_id', 'trace_id']).doNothing())
        .execute();
    }
    const found = await tx.db
      .selectFrom('experiments_review_items')
      .selectAll()
      .where('queue_id', '=', queueId)
      .where(isAnyOf(tx.db, 'trace_id', ids))
      .execute();
    const byTrace = new Map(found.map((row) => [row.trace_id, model.toItem(row)]));
    return ids.flatMap((id) => byTrace.get(id) ?? []);
  });
}

/** @throws experiments.review_queue.not_found, experiments.input.invalid */
export async function removeReviewItems(
  scope: Scope,
  queueId: string,
  traceIds: readonly string[],
): Promise<void> {
  authorise(scope, 'experiments.write');
  const ids = readItems(traceIds);
  await transact(scope, async (tx) => {
    await locked(tx, queueId);
    await tx.db
      .deleteFrom('experiments_review_items')
      .where('queue_id', '=', queueId)
      .where(isAnyOf(tx.db, 'trace_id', ids))
      .execute();
  });
}

/** A page of what is in a queue, the newest first. @throws experiments.review_queue.not_found, experiments.search.invalid */
export async function listReviewItems(
  scope: Scope,
  queueId: string,
  which: Page & { status?: model.ReviewStatus | undefined },
): Promise<{ items: model.ReviewItem[]; next: string | null }> {
  const { offset, limit } = readPage(which);
  await getReviewQueue(scope, queueId);
  let query = scope.db.selectFrom('experiments_review_items').selectAll().where('queue_id', '=', queueId);
  if (which.status !== undefined) query = query.where('status', '=', which.status);
  const found = await query
    .orderBy('created_at', 'desc')
    .orderBy('trace_id')
    .offset(offset)
    .limit(limit + 1)
    .execute();
  const next = found.length > limit ? encodeOffset(offset + limit) : null;
  return { items: found.slice(0, limit).map(model.toItem), next };
}

/** Ends a review, or opens it again; the first who ended it stays named. @throws experiments.review_item.not_found, experiments.input.invalid */
export async function setReviewStatus(
  scope: Scope,
  queueId: string,
  traceId: string,
  end: { status: model.ReviewStatus; by?: string | undefined },
): Promise<model.ReviewItem> {
  authorise(scope, 'experiments.write');
  const by = model.readEnd(end.status, end.by);
  return transact(scope, async (tx) => {
    await locked(tx, queueId);
    const now = tx.now();
    await tx.db
      .updateTable('experiments_review_items')
      .set({
        status: end.status,
        updated_at: now,
        completed_by: by,
        completed_at: by === null ? null : now,
      })
      .where('queue_id', '=', queueId)
      .where('trace_id', '=', traceId.trim())
      .where('status', '<>', end.status)
      .execute();
    const row = await tx.db
      .selectFrom('experiments_review_items')
      .selectAll()
      .where('queue_id', '=', queueId)
      .where('trace_id', '=', traceId.trim())
      .executeTakeFirst();
    if (!row) throw experimentsError('experiments.review_item.not_found', 'The trace is not in this queue.');
    return model.toItem(row);
  });
}

/** How many reviews of each queue of an experiment are in each state. */
export async function reviewCounts(
  scope: Scope,
  experimentId: number,
): Promise<Map<string, Record<model.ReviewStatus, number>>> {
  const found = await scope.db
    .selectFrom('experiments_review_items as item')
    .innerJoin('experiments_review_queues as queue', 'queue.id', 'item.queue_id')
    .select((select) => ['queue.id', 'item.status', select.fn.countAll<number>().as('count')])
    .where('queue.experiment_id', '=', experimentId)
    .groupBy(['queue.id', 'item.status'])
    .execute();
  const counts = new Map<string, Record<model.ReviewStatus, number>>();
  for (const { id, status, count } of found) {
    const one = counts.get(id) ?? { pending: 0, complete: 0, declined: 0 };
    one[status as model.ReviewStatus] = Number(count);
    counts.set(id, one);
  }
  return counts;
}
