import { newId } from '../../../platform/ids.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { checkUrl } from '../../../platform/webhooks/hosts.model.ts';
import type { Delivery, Destination, Outbox } from '../../../platform/webhooks/outbox.ts';
import { seal, unseal } from '../../../platform/webhooks/secrets.ts';
import type { Outcome } from '../../../platform/webhooks/send.ts';
import { exampleBody, type WebhookEvent } from './events.model.ts';
import { webhooksError } from './webhooks.contract.ts';
import * as store from './webhooks.store.ts';

export type Webhook = {
  id: string;
  name: string;
  description: string;
  url: string;
  events: WebhookEvent[];
  status: 'active' | 'disabled';
  /** Whether messages are signed; the secret itself is never shown. */
  signed: boolean;
  createdAt: number;
  updatedAt: number;
};

export type WebhookChange = {
  name?: string | undefined;
  description?: string | undefined;
  url?: string | undefined;
  events?: readonly WebhookEvent[] | undefined;
  status?: 'active' | 'disabled' | undefined;
  /** Empty takes the secret away. */
  secret?: string | undefined;
};

function toWebhook(row: store.WebhookRow): Webhook {
  const { id, name, description, url, status } = row;
  const events = JSON.parse(row.events) as WebhookEvent[];
  const signed = row.secret !== null;
  return {
    id,
    name,
    description,
    url,
    events,
    status,
    signed,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

/** Checks what a caller gave and puts it into columns. @throws registry.webhook.invalid, webhooks.host.refused */
function columnsOf(scope: Scope, id: string, change: WebhookChange): Partial<store.WebhookRow> {
  const { name, description, url, events, status, secret } = change;
  if (name !== undefined && (name.trim() === '' || name.length > 256 || /\p{Cc}/u.test(name))) {
    throw webhooksError(
      'registry.webhook.invalid',
      'The name is empty, too long or holds control characters.',
    );
  }
  if (description !== undefined && description.length > 5000) {
    throw webhooksError('registry.webhook.invalid', 'The description has more than 5000 characters.');
  }
  if (events?.length === 0) throw webhooksError('registry.webhook.invalid', 'It names no event.');
  if (secret !== undefined && secret.length > 1000) {
    throw webhooksError('registry.webhook.invalid', 'The secret has more than 1000 characters.');
  }
  const { config } = scope.platform;
  return {
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
    ...(url !== undefined && { url: checkUrl(url, config.webhookHosts).url.href }),
    ...(events !== undefined && { events: JSON.stringify([...new Set(events)]) }),
    ...(status !== undefined && { status }),
    ...(secret !== undefined && { secret: secret === '' ? null : seal(config, secret, id) }),
  };
}

/** @throws registry.webhook.invalid, webhooks.url.invalid, webhooks.host.refused */
export async function createWebhook(
  scope: Scope,
  input: WebhookChange & { name: string; url: string; events: readonly WebhookEvent[] },
): Promise<Webhook> {
  authorise(scope, 'registry.write');
  const now = scope.now();
  const id = newId('hook', now);
  const row = {
    id,
    name: input.name,
    description: '',
    url: input.url,
    events: '[]',
    status: 'active' as const,
    secret: null,
    created_at: now,
    updated_at: now,
    actor: scope.actor,
    ...columnsOf(scope, id, input),
  };
  return transact(scope, async (tx) => {
    await store.insertWebhookRow(tx.db, row);
    await note(tx, 'created', row);
    return toWebhook(row);
  });
}

/** The ledger keeps the host, not the address, which may hold a token. */
async function note(
  tx: Scope,
  what: 'created' | 'changed' | 'deleted',
  row: store.WebhookRow,
): Promise<void> {
  await record(tx, {
    type: `registry.webhook.${what}`,
    subject: `webhook:${row.id}`,
    data: { webhook: row.id, name: row.name, host: new URL(row.url).host, status: row.status },
  });
}

async function existing(scope: Scope, id: string): Promise<store.WebhookRow> {
  const row = await store.findWebhookRow(scope.db, id);
  if (!row) throw webhooksError('registry.webhook.not_found', 'There is no such webhook.');
  return row;
}

export async function getWebhook(scope: Scope, id: string): Promise<Webhook> {
  authorise(scope, 'registry.write');
  return toWebhook(await existing(scope, id));
}

/** One page, in the order of their making; `next` is where the page after it starts. */
export async function listWebhooks(
  scope: Scope,
  { after = '', limit = 1000 }: { after?: string | undefined; limit?: number } = {},
): Promise<{ webhooks: Webhook[]; next: string | null }> {
  authorise(scope, 'registry.write');
  const rows = await store.listWebhookRows(scope.db, after, limit + 1);
  const webhooks = rows.slice(0, limit).map(toWebhook);
  return { webhooks, next: rows.length > limit ? webhooks.at(-1)!.id : null };
}

/** @throws registry.webhook.not_found, registry.webhook.invalid, webhooks.host.refused */
export async function updateWebhook(scope: Scope, id: string, change: WebhookChange): Promise<Webhook> {
  authorise(scope, 'registry.write');
  return transact(scope, async (tx) => {
    const row = await existing(tx, id);
    const columns = { ...columnsOf(tx, id, change), updated_at: tx.now() };
    await store.updateWebhookRow(tx.db, id, columns);
    await note(tx, 'changed', { ...row, ...columns });
    return toWebhook({ ...row, ...columns });
  });
}

/** Takes the webhook away with everything that waits for it. */
export async function deleteWebhook(scope: Scope, outbox: Outbox, id: string): Promise<void> {
  authorise(scope, 'registry.write');
  await transact(scope, async (tx) => {
    const row = await existing(tx, id);
    await outbox.forget(tx, id);
    await store.deleteWebhookRow(tx.db, id);
    await note(tx, 'deleted', row);
  });
}

/** Sends an example of an event (default: the first that the webhook wants) at once. */
export async function testWebhook(
  scope: Scope,
  outbox: Outbox,
  id: string,
  event?: WebhookEvent,
): Promise<Outcome> {
  authorise(scope, 'registry.write');
  const { events } = toWebhook(await existing(scope, id));
  const wanted = event ?? events[0]!;
  return outbox.sendNow(scope, id, `${wanted} (test)`, exampleBody(wanted, scope.now()));
}

export async function listDeliveries(
  scope: Scope,
  outbox: Outbox,
  id: string,
  limit: number,
): Promise<Delivery[]> {
  authorise(scope, 'registry.write');
  await existing(scope, id);
  return outbox.list(scope, id, limit);
}

/** @throws registry.webhook.not_found, webhooks.delivery.not_found */
export async function replayDelivery(
  scope: Scope,
  outbox: Outbox,
  id: string,
  delivery: string,
): Promise<Delivery> {
  authorise(scope, 'registry.write');
  await existing(scope, id);
  return outbox.replay(scope, id, delivery);
}

/** Where messages go; what waits for a webhook when it is disabled still does. */
export async function destinationOf(scope: Scope, id: string): Promise<Destination | null> {
  const row = await store.findWebhookRow(scope.db, id);
  if (!row) return null;
  const secret = row.secret === null ? null : unseal(scope.platform.config, row.secret, id);
  return { url: row.url, secret };
}
