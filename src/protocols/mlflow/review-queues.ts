import type { ReviewItem, ReviewQueue, TrackingDoor } from '../../domains/experiments/index.ts';
import { missing } from './errors.ts';
import { experimentId } from './experiments.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';

const wireQueue = (queue: ReviewQueue) => ({
  queue_id: queue.id,
  experiment_id: String(queue.experimentId),
  name: queue.name,
  queue_type: queue.type.toUpperCase(),
  ...(queue.createdBy !== null && { created_by: queue.createdBy }),
  creation_time_ms: queue.createdAt,
  last_update_time_ms: queue.updatedAt,
  users: queue.users,
  schema_ids: queue.schemaIds,
});

const wireItem = (item: ReviewItem) => ({
  queue_id: item.queueId,
  item_type: 'TRACE',
  item_id: item.traceId,
  status: item.status.toUpperCase(),
  ...(item.completedBy !== null && { completed_by: item.completedBy }),
  ...(item.completedAt !== null && { completed_time_ms: item.completedAt }),
  creation_time_ms: item.createdAt,
  last_update_time_ms: item.updatedAt,
});

const statuses = ['PENDING', 'COMPLETE', 'DECLINED'] as const;

function statusOf(fields: Fields): ReviewItem['status'] | undefined {
  const status = fields.choice('status', statuses, { 1: 'PENDING', 2: 'COMPLETE', 3: 'DECLINED' });
  return status?.toLowerCase() as ReviewItem['status'] | undefined;
}

function typeOf(fields: Fields): ReviewQueue['type'] {
  const type = fields.choice('queue_type', ['USER', 'CUSTOM'] as const, { 1: 'USER', 2: 'CUSTOM' });
  if (type === undefined) throw missing(fields.at('queue_type'));
  return type === 'USER' ? 'user' : 'custom';
}

const pageOf = (fields: Fields) => ({
  limit: fields.optionalInteger('max_results') ?? 1000,
  token: fields.optionalText('page_token') || undefined,
});

const since = 3;

/** Queues of traces that people shall review. */
export function reviewQueueRoutes({ reviewQueues: queues }: TrackingDoor): MlflowRoute[] {
  return [
    {
      method: 'POST',
      since,
      path: 'review-queues/create',
      handle: async (scope, fields) => {
        const made = await queues.createReviewQueue(scope, {
          experimentId: experimentId(fields),
          name: fields.text('name'),
          type: typeOf(fields),
          users: fields.texts('users'),
          schemaIds: fields.texts('schema_ids'),
          createdBy: fields.optionalText('created_by') || null,
        });
        return { review_queue: wireQueue(made) };
      },
    },
    {
      method: 'POST',
      since,
      path: 'review-queues/get-or-create-user',
      handle: async (scope, fields) => ({
        review_queue: wireQueue(await queues.userQueue(scope, experimentId(fields), fields.text('user'))),
      }),
    },
    {
      method: 'GET',
      since,
      path: 'review-queues/get',
      handle: async (scope, fields) => ({
        review_queue: wireQueue(await queues.getReviewQueue(scope, fields.text('queue_id'))),
      }),
    },
    {
      method: 'GET',
      since,
      path: 'review-queues/get-by-name',
      handle: async (scope, fields) => {
        const found = await queues.getReviewQueueByName(scope, experimentId(fields), fields.text('name'));
        return { review_queue: wireQueue(found) };
      },
    },
    {
      method: 'GET',
      since,
      path: 'review-queues/list',
      handle: async (scope, fields) => {
        const found = await queues.listReviewQueues(scope, experimentId(fields), {
          ...pageOf(fields),
          user: fields.optionalText('user') || undefined,
          traceId: fields.optionalText('item_id') || undefined,
        });
        return {
          review_queues: found.queues.map(wireQueue),
          ...(found.next && { next_page_token: found.next }),
        };
      },
    },
    {
      method: 'POST',
      since,
      path: 'review-queues/update',
      handle: async (scope, fields) => {
        const changed = await queues.updateReviewQueue(scope, fields.text('queue_id'), {
          name: fields.optionalText('name'),
          owner: fields.optionalText('new_owner'),
          users: fields.flag('update_users') ? fields.texts('users') : undefined,
          schemaIds: fields.flag('update_schema_ids') ? fields.texts('schema_ids') : undefined,
        });
        return { review_queue: wireQueue(changed) };
      },
    },
    {
      method: 'POST',
      since,
      path: 'review-queues/delete',
      handle: async (scope, fields) => {
        await queues.deleteReviewQueue(scope, fields.text('queue_id'));
        return {};
      },
    },
    ...itemRoutes(queues),
  ];
}

function itemRoutes(queues: TrackingDoor['reviewQueues']): MlflowRoute[] {
  const path = 'review-queues/items';
  return [
    {
      method: 'POST',
      since,
      path: `${path}/add`,
      handle: async (scope, fields) => {
        fields.choice('item_type', ['TRACE'] as const, { 1: 'TRACE' });
        const items = await queues.addReviewItems(scope, fields.text('queue_id'), fields.texts('item_ids'));
        return { items: items.map(wireItem) };
      },
    },
    {
      method: 'POST',
      since,
      path: `${path}/remove`,
      handle: async (scope, fields) => {
        await queues.removeReviewItems(scope, fields.text('queue_id'), fields.texts('item_ids'));
        return {};
      },
    },
    {
      method: 'GET',
      since,
      path: `${path}/list`,
      handle: async (scope, fields) => {
        const { items, next } = await queues.listReviewItems(scope, fields.text('queue_id'), {
          ...pageOf(fields),
          status: statusOf(fields),
        });
        return { items: items.map(wireItem), ...(next && { next_page_token: next }) };
      },
    },
    {
      method: 'POST',
      since,
      path: `${path}/set-status`,
      handle: async (scope, fields) => {
        const status = statusOf(fields);
        if (status === undefined) throw missing(fields.at('status'));
        const by = fields.optionalText('completed_by') || undefined;
        const item = await queues.setReviewStatus(scope, fields.text('queue_id'), fields.text('item_id'), {
          status,
          by,
        });
        return { item: wireItem(item) };
      },
    },
  ];
}
