import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { isAnyOf } from '../bulk.store.ts';
import { experimentsError } from '../experiments.contract.ts';
import { encodeOffset } from '../search/filter.model.ts';
import { type Page, readPage } from './review-pages.ts';
import * as model from './review-queues.model.ts';
import { getReviewQueue, lockQueue } from './review-queues.service.ts';

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
    await lockQueue(tx, queueId);
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
    await lockQueue(tx, queueId);
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
    await lockQueue(tx, queueId);
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
