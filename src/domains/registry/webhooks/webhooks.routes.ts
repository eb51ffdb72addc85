import Type from 'typebox';
import { isoTime } from '../../../platform/clock.ts';
import type { HoustonApp } from '../../../platform/http/app.ts';
import type { Delivery } from '../../../platform/webhooks/outbox.ts';
import {
  DeliveryReply,
  NewWebhookBody,
  TestBody,
  TestReply,
  WebhookChangeBody,
  WebhookReply,
} from './webhooks.contract.ts';
import type { WebhooksDoor } from './webhooks.door.ts';
import type { Webhook } from './webhooks.service.ts';

const tags = ['registry'];
const path = '/api/registry/webhooks';
const Params = Type.Object({ id: Type.String({ maxLength: 64 }) });
const DeliveryParams = Type.Object({ ...Params.properties, delivery: Type.String({ maxLength: 64 }) });
const LimitQuery = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 100 })),
});

const wireWebhook = (webhook: Webhook) => ({
  ...webhook,
  createdAt: isoTime(webhook.createdAt),
  updatedAt: isoTime(webhook.updatedAt),
});

const wireDelivery = (delivery: Delivery) => ({
  ...delivery,
  nextAttemptAt: isoTime(delivery.nextAttemptAt),
  createdAt: isoTime(delivery.createdAt),
  endedAt: isoTime(delivery.endedAt),
});

/** Webhooks of the registry and the log of their deliveries. */
export function webhookRoutes(app: HoustonApp, door: WebhooksDoor): void {
  app.get(
    path,
    {
      schema: {
        summary: 'List webhooks',
        tags,
        response: { 200: Type.Object({ items: Type.Array(WebhookReply) }) },
      },
    },
    async ({ scope }) => ({ items: (await door.list(scope, { limit: 10_000 })).webhooks.map(wireWebhook) }),
  );
  app.post(
    path,
    { schema: { summary: 'Create a webhook', tags, body: NewWebhookBody, response: { 201: WebhookReply } } },
    async ({ scope, body }, reply) => reply.status(201).send(wireWebhook(await door.create(scope, body))),
  );
  app.get(
    `${path}/:id`,
    { schema: { summary: 'Read a webhook', tags, params: Params, response: { 200: WebhookReply } } },
    async ({ scope, params }) => wireWebhook(await door.get(scope, params.id)),
  );
  app.patch(
    `${path}/:id`,
    {
      schema: {
        summary: 'Change, disable or enable a webhook',
        tags,
        params: Params,
        body: WebhookChangeBody,
        response: { 200: WebhookReply },
      },
    },
    async ({ scope, params, body }) => wireWebhook(await door.update(scope, params.id, body)),
  );
  app.delete(
    `${path}/:id`,
    {
      schema: {
        summary: 'Delete a webhook and what waits for it',
        tags,
        params: Params,
        response: { 204: Type.Null() },
      },
    },
    async ({ scope, params }, reply) => {
      await door.delete(scope, params.id);
      return reply.status(204).send(null);
    },
  );
  deliveryRoutes(app, door);
}

function deliveryRoutes(app: HoustonApp, door: WebhooksDoor): void {
  app.post(
    `${path}/:id/test`,
    {
      schema: {
        summary: 'Send an example at once',
        tags,
        params: Params,
        body: TestBody,
        response: { 200: TestReply },
      },
    },
    async ({ scope, params, body }) => {
      const { status, error } = await door.test(scope, params.id, body.event);
      return { delivered: error === null, status, error };
    },
  );
  app.get(
    `${path}/:id/deliveries`,
    {
      schema: {
        summary: 'The newest deliveries of a webhook',
        tags,
        params: Params,
        querystring: LimitQuery,
        response: { 200: Type.Object({ items: Type.Array(DeliveryReply) }) },
      },
    },
    async ({ scope, params, query }) => ({
      items: (await door.deliveries(scope, params.id, query.limit ?? 100)).map(wireDelivery),
    }),
  );
  app.post(
    `${path}/:id/deliveries/:delivery/replay`,
    {
      schema: {
        summary: 'Deliver once more, with the same id',
        tags,
        params: DeliveryParams,
        response: { 200: DeliveryReply },
      },
    },
    async ({ scope, params }) => wireDelivery(await door.replay(scope, params.id, params.delivery)),
  );
}
