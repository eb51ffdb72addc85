import type { Db } from '../../../platform/db/database.ts';

export type WebhookRow = {
  id: string;
  name: string;
  description: string;
  url: string;
  /** JSON of `WebhookEvent[]`. */
  events: string;
  status: 'active' | 'disabled';
  /** Sealed; see `platform/webhooks/secrets.ts`. */
  secret: string | null;
  created_at: number;
  updated_at: number;
  actor: string;
};

/** Webhooks by id, which is also the order of their making. */
export function listWebhookRows(db: Db, after = '', limit = 10_000): Promise<WebhookRow[]> {
  return db
    .selectFrom('registry_webhooks')
    .selectAll()
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
}

export function findWebhookRow(db: Db, id: string): Promise<WebhookRow | undefined> {
  return db.selectFrom('registry_webhooks').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function insertWebhookRow(db: Db, row: WebhookRow): Promise<void> {
  await db.insertInto('registry_webhooks').values(row).execute();
}

export async function updateWebhookRow(db: Db, id: string, change: Partial<WebhookRow>): Promise<void> {
  await db.updateTable('registry_webhooks').set(change).where('id', '=', id).execute();
}

export async function deleteWebhookRow(db: Db, id: string): Promise<void> {
  await db.deleteFrom('registry_webhooks').where('id', '=', id).execute();
}
