import { CompiledQuery, type RawBuilder, sql } from 'kysely';
import type { Db } from '../../platform/db/database.ts';
import { dialectOf } from '../../platform/db/open.ts';

/** Where rows go: columns with their PostgreSQL types, and what follows the values. */
export type BulkTarget = { table: string; columns: readonly (readonly [string, string])[]; suffix: string };

const chunks = [500, 100, 25, 5, 1];
const texts = new Map<string, string>();

/**
 * Inserts many rows with few prepared statements: VALUES of fixed sizes on SQLite, one statement over arrays on
 * PostgreSQL. Rows must be distinct in what the suffix calls a conflict; order them by key, so that concurrent
 * callers take their locks in one order.
 */
export async function insertMany(
  db: Db,
  target: BulkTarget,
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  if (rows.length === 0) return;
  if (dialectOf(db) === 'postgres') {
    const arrays = target.columns.map((_, at) => rows.map((row) => row[at]));
    await db.executeQuery(CompiledQuery.raw(postgresText(target), arrays));
    return;
  }
  let from = 0;
  for (const size of chunks) {
    while (rows.length - from >= size) {
      await db.executeQuery(
        CompiledQuery.raw(sqliteText(target, size), rows.slice(from, from + size).flat()),
      );
      from += size;
    }
  }
}

function sqliteText({ table, columns, suffix }: BulkTarget, size: number): string {
  const key = `${table} ${size} ${suffix}`;
  let text = texts.get(key);
  if (text === undefined) {
    const row = `(${columns.map(() => '?').join(',')})`;
    const names = columns.map(([name]) => name).join(', ');
    text = `insert into ${table} (${names}) values ${Array(size).fill(row).join(',')} ${suffix}`;
    texts.set(key, text);
  }
  return text;
}

function postgresText({ table, columns, suffix }: BulkTarget): string {
  const names = columns.map(([name]) => name).join(', ');
  const arrays = columns.map(([, type], at) => `$${at + 1}::${type}[]`).join(', ');
  return `insert into ${table} (${names}) select * from unnest(${arrays}) ${suffix}`;
}

/** `column in (values)` as one parameter, so that the statement's text does not depend on their number. */
export function isAnyOf(db: Db, column: string, values: readonly (string | number)[]): RawBuilder<boolean> {
  if (dialectOf(db) === 'postgres') return sql<boolean>`${sql.ref(column)} = any(${values})`;
  return sql<boolean>`${sql.ref(column)} in (select value from json_each(${JSON.stringify(values)}))`;
}
