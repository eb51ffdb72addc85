import { type RawBuilder, sql } from 'kysely';
import type { Db } from '../../platform/db/database.ts';
import { dialectOf } from '../../platform/db/open.ts';
import { keptStatement } from '../../platform/db/rows.ts';

/** Where rows go: columns with their PostgreSQL types, and what follows the values. */
export type BulkTarget = { table: string; columns: readonly (readonly [string, string])[]; suffix: string };

const chunks = [500, 100, 25, 5, 1];
const texts = new Map<string, string>();

/**
 * Inserts many rows with few prepared statements: VALUES of fixed sizes on SQLite, one statement over arrays on
 * PostgreSQL; returns what the suffix returns. Rows must be distinct in what the suffix calls a conflict; order them
 * by key, so that concurrent callers take their locks in one order.
 */
export async function insertMany<R = never>(
  db: Db,
  target: BulkTarget,
  rows: readonly (readonly unknown[])[],
): Promise<R[]> {
  if (rows.length === 0) return [];
  if (dialectOf(db) === 'postgres') {
    const arrays = target.columns.map(([, type], at) => arrayOf(rows, at, type));
    return (await db.executeQuery<R>(keptStatement(postgresText(target), arrays))).rows;
  }
  const returned: R[] = [];
  let from = 0;
  for (const size of chunks) {
    while (rows.length - from >= size) {
      const values = rows.slice(from, from + size).flat();
      const result = await db.executeQuery<R>(keptStatement(sqliteText(target, size), values));
      returned.push(...result.rows);
      from += size;
    }
  }
  return returned;
}

/** One column as an array; numbers written out, which the driver does far slower. */
function arrayOf(rows: readonly (readonly unknown[])[], at: number, type: string): unknown {
  if (type === 'text') return rows.map((row) => row[at]);
  if (type === 'bytea') return rows.map((row) => bufferOf(row[at] as Uint8Array));
  let text = '{';
  for (let i = 0; i < rows.length; i++) text += i === 0 ? String(rows[i]![at]) : `,${rows[i]![at]}`;
  return `${text}}`;
}

const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength);

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

/** `(first, second) in (pairs)` for two columns of texts, as a statement whose text does not depend on their number. */
export function isAnyPairOf(
  db: Db,
  [first, second]: readonly [string, string],
  pairs: readonly (readonly [string, string])[],
): RawBuilder<boolean> {
  const columns = sql`(${sql.ref(first)}, ${sql.ref(second)})`;
  if (dialectOf(db) === 'postgres') {
    const [left, right] = [pairs.map((pair) => pair[0]), pairs.map((pair) => pair[1])];
    return sql<boolean>`${columns} in (select * from unnest(${left}::text[], ${right}::text[]))`;
  }
  return sql<boolean>`${columns} in (select value ->> 0, value ->> 1 from json_each(${JSON.stringify(pairs)}))`;
}

/** A list of texts as a table `wanted` with the columns `at` (from 0) and `value`, in one parameter. */
export function asTable(db: Db, values: readonly string[]): RawBuilder<unknown> {
  if (dialectOf(db) === 'postgres') {
    return sql`(select value, ordinality - 1 as at from unnest(${textArray(values)}::text[]) with ordinality as u(value, ordinality)) as wanted`;
  }
  return sql`(select value, key as at from json_each(${JSON.stringify(values)})) as wanted`;
}

/** PostgreSQL's spelling of an array of texts, which the driver makes far slower. */
const textArray = (values: readonly string[]) =>
  `{${values.map((value) => `"${value.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`;
