import { sql } from 'kysely';
import { dialectOf } from '../db/open.ts';
import { platformError } from '../errors.ts';
import { newId } from '../ids.ts';
import { afterCommit, type Scope } from '../scope.ts';
import { genesisHash, hashEvent, type LedgerEvent, type NewLedgerEvent, toEvent } from './ledger.model.ts';

/**
 * Appends one event to the ledger in the caller's transaction, so that the change of state and its record
 * commit together or not at all. Returns the event.
 */
export async function record(tx: Scope, event: NewLedgerEvent): Promise<LedgerEvent> {
  if (!tx.afterCommit)
    throw new Error('record() belongs inside transact(), together with the change of state.');
  // SQLite has a single writer; PostgreSQL needs the chain's order to be taken one transaction at a time.
  if (dialectOf(tx.db) === 'postgres') await sql`select pg_advisory_xact_lock(196908)`.execute(tx.db);
  const last = await tx.db
    .selectFrom('ledger_events')
    .select(['seq', 'hash'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const time = tx.now();
  const body: Omit<LedgerEvent, 'hash'> = {
    seq: (last?.seq ?? 0) + 1,
    id: newId('evt', time),
    time,
    type: event.type,
    actor: tx.actor,
    subject: event.subject,
    data: event.data ?? {},
    uses: [...new Set(event.uses ?? [])],
    cause: tx.cause,
    prev: last?.hash ?? genesisHash,
  };
  const full: LedgerEvent = { ...body, hash: hashEvent(body) };
  await tx.db
    .insertInto('ledger_events')
    .values({ ...full, data: JSON.stringify(full.data), uses: JSON.stringify(full.uses) })
    .execute();
  if (full.uses.length > 0) {
    await tx.db
      .insertInto('ledger_uses')
      .values(full.uses.map((subject) => ({ seq: full.seq, subject })))
      .execute();
  }
  afterCommit(tx, () => tx.platform.ledger.announce(full));
  return full;
}

export type EventFilter = {
  /** Exact types, or prefixes that end in `.*`. */
  types?: readonly string[];
  subject?: string;
  actor?: string;
  /** Found anywhere in type, subject, actor or data. */
  text?: string;
  after?: number;
  before?: number;
  limit?: number;
  /** Newest first is the default. */
  order?: 'newest' | 'oldest';
};

/** Events that match, newest first unless asked otherwise; at most `limit` (default 100, at most 1,000). */
export async function listEvents(scope: Scope, filter: EventFilter = {}): Promise<LedgerEvent[]> {
  let query = scope.db.selectFrom('ledger_events').selectAll();
  if (filter.after !== undefined) query = query.where('seq', '>', filter.after);
  if (filter.before !== undefined) query = query.where('seq', '<', filter.before);
  if (filter.subject !== undefined) query = query.where('subject', '=', filter.subject);
  if (filter.actor !== undefined) query = query.where('actor', '=', filter.actor);
  const { types, text } = filter;
  if (types?.length) {
    query = query.where((where) =>
      where.or(
        types.map((type) =>
          type.endsWith('*') ? where('type', 'like', `${type.slice(0, -1)}%`) : where('type', '=', type),
        ),
      ),
    );
  }
  if (text) {
    const like = `%${text.toLowerCase().replace(/[\\%_]/g, (character) => `\\${character}`)}%`;
    query = query.where(
      sql<boolean>`lower(type || ' ' || subject || ' ' || actor || ' ' || data || ' ' || id) like ${like} escape '\\'`,
    );
  }
  const rows = await query
    .orderBy('seq', filter.order === 'oldest' ? 'asc' : 'desc')
    .limit(Math.min(filter.limit ?? 100, 1000))
    .execute();
  return rows.map(toEvent);
}

/** The event with this id; raises platform.event.not_found. */
export async function getEvent(scope: Scope, id: string): Promise<LedgerEvent> {
  const row = await scope.db.selectFrom('ledger_events').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw platformError('platform.event.not_found', 'The ledger has no event with this id.');
  return toEvent(row);
}

/** Number and hash of the newest event; zero and the genesis hash when the ledger is empty. */
export async function ledgerHead(scope: Scope): Promise<{ seq: number; hash: string }> {
  const row = await scope.db
    .selectFrom('ledger_events')
    .select(['seq', 'hash'])
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ?? { seq: 0, hash: genesisHash };
}
