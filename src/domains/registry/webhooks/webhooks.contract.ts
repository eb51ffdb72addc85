import Type from 'typebox';
import { defineErrors } from '../../../platform/errors.ts';
import { Nullable } from '../../../platform/schemas.ts';
import { type WebhookEvent, webhookEvents } from './events.model.ts';

const Event = Type.Unsafe<WebhookEvent>({ type: 'string', enum: webhookEvents });
const Status = Type.Union([Type.Literal('active'), Type.Literal('disabled')]);

export const WebhookReply = Type.Object({
  id: Type.String(),
  name: Type.String(),
  description: Type.String(),
  url: Type.String(),
  events: Type.Array(Event),
  status: Status,
  signed: Type.Boolean({ description: 'Messages carry a signature; the secret itself is never shown' }),
  createdAt: Type.String(),
  updatedAt: Type.String(),
});

const fields = {
  name: Type.String({ minLength: 1, maxLength: 256 }),
  url: Type.String({ maxLength: 2000, description: 'https, on a host that --webhook-hosts names' }),
  events: Type.Array(Event, { minItems: 1, maxItems: 64 }),
};
const more = {
  description: Type.Optional(Type.String({ maxLength: 5000 })),
  status: Type.Optional(Status),
  secret: Type.Optional(Type.String({ maxLength: 1000, description: 'Signs messages; empty: unsigned' })),
};
export const NewWebhookBody = Type.Object({ ...fields, ...more }, { additionalProperties: false });
export const WebhookChangeBody = Type.Object(
  { ...Type.Partial(Type.Object(fields)).properties, ...more },
  { additionalProperties: false },
);
export const TestBody = Type.Object({ event: Type.Optional(Event) }, { additionalProperties: false });
export const TestReply = Type.Object({
  delivered: Type.Boolean(),
  status: Nullable(Type.Integer()),
  error: Nullable(Type.String()),
});
export const DeliveryReply = Type.Object({
  id: Type.String({ description: 'What the receiver got as X-MLflow-Delivery-Id' }),
  event: Type.String(),
  eventId: Nullable(Type.String({ description: 'The ledger event it tells of' })),
  state: Type.Union([Type.Literal('queued'), Type.Literal('delivered'), Type.Literal('failed')]),
  attempts: Type.Integer(),
  status: Nullable(Type.Integer({ description: 'Last HTTP status' })),
  error: Nullable(Type.String()),
  nextAttemptAt: Nullable(Type.String()),
  createdAt: Type.String(),
  endedAt: Nullable(Type.String()),
});

export const webhooksError = defineErrors({
  'registry.webhook.not_found': { status: 404, next: 'List the webhooks at /api/registry/webhooks.' },
  'registry.webhook.invalid': { status: 400, next: 'Correct the named field and send the request again.' },
});
