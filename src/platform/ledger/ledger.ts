import { CompiledQuery, sql } from 'kysely';
import type { Db } from '../db/database.ts';
import { type Dialect, dialectOf } from '../db/open.ts';
import { platformError } from '../errors.ts';
import { newId } from '../ids.ts';
import { canonicalJson } from '../json.ts';
import { afterCommit, type Scope } from '../scope.ts';
import { genesisHash, hashRow, type LedgerEvent, type NewLedgerEvent, toEvent } from './ledger.model.ts';
import type { LedgerEventRow } from './ledger.tables.ts';

/**
 * Appends one event to the ledger in the caller's transaction, so that the change of state and its record
 * commit together or not at all. Returns the event.
 */
export async function record(tx: Scope, event: NewLedgerEvent): Promise<LedgerEvent> {
  if (!tx.afterCommit)
    throw new Error('record() belongs inside transact(), together with the change of state.');
  // SQLite has a single writer; PostgreSQL needs the chain's order to be taken one transaction at a time.
  const dialect = dialectOf(tx.db);
  if (dialect === 'postgres') await sql`select pg_advisory_xact_lock(196908)`.execute(tx.db);
  const last = await newestRow(tx.db);
  const time = tx.now();
  const uses = [...new Set(event.uses ?? [])];
  const body: Omit<LedgerEventRow, 'hash'> = {
    seq: (last?.seq ?? 0) + 1,
    id: newId('evt', time),
    time,
    type: event.type,
    actor: tx.actor,
    subject: event.subject,
    data: canonicalJson(event.data ?? {}),
    uses: canonicalJson(uses),
    cause: tx.cause,
    prev: last?.hash ?? genesisHash,
  };
  const row: LedgerEventRow = { ...body, hash: hashRow(body) };
  await tx.db.executeQuery(
    CompiledQuery.raw(
      insertEvent[dialect],
      columns.map((column) => row[column]),
    ),
  );
  if (uses.length > 0) {
    await tx.db
      .insertInto('ledger_uses')
      .values(uses.map((subject) => ({ seq: row.seq, subject })))
      .execute();
  }
  const full = { ...row, data: event.data ?? {}, uses };
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
        types.map((type) => {
          if (!type.endsWith('*')) return where('type', '=', type);
          // Unlike LIKE the same on both databases, which see case differently, and with nothing to escape.
          const prefix = type.slice(0, -1);
          return sql<boolean>`substr(type, 1, ${sql.lit(prefix.length)}) = ${prefix}`;
        }),
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
  return (await newestRow(scope.db)) ?? { seq: 0, hash: genesisHash };
}

// The two statements of every append are written out, so that no query has to be built for them.
const columns = [
  'seq',
  'id',
  'time',
  'type',
  'actor',
  'subject',
  'data',
  'uses',
  'cause',
  'prev',
  'hash',
] as const;
const insertInto = (places: string[]) =>
  `insert into ledger_events (${columns.join(', ')}) values (${places.join(', ')})`;
const insertEvent: Record<Dialect, string> = {
  sqlite: insertInto(columns.map(() => '?')),
  postgres: insertInto(columns.map((_, i) => `$${i + 1}`)),
};
const selectNewest = 'select seq, hash from ledger_events order by seq desc limit 1';

async function newestRow(db: Db): Promise<{ seq: number; hash: string } | undefined> {
  const { rows } = await db.executeQuery<{ seq: number; hash: string }>(CompiledQuery.raw(selectNewest));
  return rows[0];
}
