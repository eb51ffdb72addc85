import {
  isWebhookEvent,
  type Webhook,
  type WebhookEvent,
  type WebhooksDoor,
} from '../../domains/registry/index.ts';
import { invalid, missing } from './errors.ts';
import type { Fields } from './fields.ts';
import type { MlflowRoute } from './routes.ts';

const entities = [
  'REGISTERED_MODEL',
  'MODEL_VERSION',
  'MODEL_VERSION_TAG',
  'MODEL_VERSION_ALIAS',
  'PROMPT',
  'PROMPT_VERSION',
  'PROMPT_TAG',
  'PROMPT_VERSION_TAG',
  'PROMPT_ALIAS',
  'BUDGET_POLICY',
] as const;
const actions = ['CREATED', 'UPDATED', 'DELETED', 'SET', 'EXCEEDED'] as const;
const statuses = ['ACTIVE', 'DISABLED'] as const;

/** Enumerations count from 1. */
const numbered = <T extends string>(names: readonly T[]): Record<number, T> =>
  Object.fromEntries(names.map((name, i) => [i + 1, name]));

function readEvent(fields: Fields): WebhookEvent {
  const entity = fields.choice('entity', entities, numbered(entities));
  const action = fields.choice('action', actions, numbered(actions));
  const event = `${entity}.${action}`.toLowerCase();
  if (!isWebhookEvent(event)) throw invalid(fields.at('action'), 'this server has no such event.');
  return event;
}

function readChange(fields: Fields) {
  const events = fields.messages('events').map(readEvent);
  const status = fields.choice('status', statuses, numbered(statuses));
  return {
    name: fields.optionalText('name') || undefined,
    description: fields.optionalText('description'),
    url: fields.optionalText('url') || undefined,
    events: events.length > 0 ? events : undefined,
    status:
      status === undefined ? undefined : status === 'ACTIVE' ? ('active' as const) : ('disabled' as const),
    secret: fields.optionalText('secret'),
  };
}

function wireWebhook(webhook: Webhook) {
  return {
    webhook_id: webhook.id,
    name: webhook.name,
    url: webhook.url,
    events: webhook.events.map((event) => {
      const [entity, action] = event.toUpperCase().split('.');
      return { entity, action };
    }),
    ...(webhook.description !== '' && { description: webhook.description }),
    status: webhook.status.toUpperCase(),
    creation_timestamp: webhook.createdAt,
    last_updated_timestamp: webhook.updatedAt,
  };
}

const since = 2;

/** Webhooks of the registry. */
export function webhookRoutes(webhooks: WebhooksDoor): MlflowRoute[] {
  return [
    {
      method: 'POST',
      since,
      path: 'webhooks',
      handle: async (scope, fields) => {
        const { events, ...rest } = readChange(fields);
        if (!events) throw missing('events');
        const input = { ...rest, events, name: fields.text('name'), url: fields.text('url') };
        return { webhook: wireWebhook(await webhooks.create(scope, input)) };
      },
    },
    {
      method: 'GET',
      since,
      path: 'webhooks',
      handle: async (scope, fields) => {
        const limit = fields.optionalInteger('max_results') ?? 100;
        if (limit < 1 || limit > 1000) throw invalid('max_results', 'it is from 1 to 1000.');
        const after = fields.optionalText('page_token');
        const { webhooks: page, next } = await webhooks.list(scope, { after, limit });
        return { webhooks: page.map(wireWebhook), ...(next && { next_page_token: next }) };
      },
    },
    {
      method: 'GET',
      since,
      path: 'webhooks/:webhook',
      handle: async (scope, _fields, { webhook }) => ({
        webhook: wireWebhook(await webhooks.get(scope, webhook!)),
      }),
    },
    {
      method: 'PATCH',
      since,
      path: 'webhooks/:webhook',
      handle: async (scope, fields, { webhook }) => ({
        webhook: wireWebhook(await webhooks.update(scope, webhook!, readChange(fields))),
      }),
    },
    {
      method: 'DELETE',
      since,
      path: 'webhooks/:webhook',
      handle: async (scope, _fields, { webhook }) => {
        await webhooks.delete(scope, webhook!);
        return {};
      },
    },
    {
      method: 'POST',
      since,
      path: 'webhooks/:webhook/test',
      handle: async (scope, fields, { webhook }) => {
        const event = fields.optionalMessage('event');
        const { status, error } = await webhooks.test(scope, webhook!, event && readEvent(event));
        return {
          result: {
            success: error === null,
            ...(status !== null && { response_status: status }),
            ...(error !== null && { error_message: error }),
          },
        };
      },
    },
  ];
}
