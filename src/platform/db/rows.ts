import { CompiledQuery, type RawBuilder } from 'kysely';
import type { Db } from './database.ts';

/** First words of a statement that tell the drivers how to run it; SQL itself skips them. */
const hints = { rows: '/* rows */ ', kept: '/* kept */ ' } as const;

export const wantsRows = (text: string): boolean => text.startsWith(hints.rows);
export const isKept = (text: string): boolean => text.startsWith(hints.kept);

/** Rows as arrays in the order of the columns, for results so wide that an object per row would cost most. */
export async function selectRows<R extends readonly unknown[]>(
  db: Db,
  query: RawBuilder<unknown>,
): Promise<R[]> {
  const { sql, parameters } = query.compile(db);
  const { rows } = await db.executeQuery(CompiledQuery.raw(hints.rows + sql, [...parameters]));
  return rows as R[];
}

/** A statement that runs again and again with the same text: PostgreSQL keeps its plan for each connection. */
export function keptStatement(text: string, parameters: readonly unknown[]): CompiledQuery {
  return CompiledQuery.raw(hints.kept + text, [...parameters]);
}
