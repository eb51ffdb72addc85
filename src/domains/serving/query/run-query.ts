import type { DuckDBConnection } from '@duckdb/node-api';
import type { Json } from '../../../platform/json.ts';
import { type Parsed, type Refusal, readFailure, refusalOf, viewName } from './statement.model.ts';

/** What a query's process is told. */
export type QueryTask = {
  sql: string;
  /** The relation behind the view, and the files that it reads. */
  relation: string;
  paths: readonly string[];
  limit: number;
  mostBytes: number;
  /** Where to put the result as Parquet; null: reply with rows. */
  parquet: string | null;
};

export type QueryOutcome =
  | { state: 'rows'; columns: { name: string; type: string }[]; rows: Json[][]; truncated: boolean }
  | { state: 'file'; rows: number }
  | { state: 'refused'; refusal: Refusal }
  | { state: 'failed'; kind: string; message: string; place: { line: number; column: number } | null };

/**
 * Runs one statement in an instance of its own that can read the files of one log and nothing else: no other files, no
 * extensions, no settings. When it takes too much, this process is what ends.
 */
export async function runQuery(task: QueryTask): Promise<QueryOutcome> {
  const { sql, limit, mostBytes, parquet } = task;
  try {
    const connection = await openLocked(task);
    const parsed = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)', [sql]);
    const refusal = refusalOf(JSON.parse(String(parsed.getRows()[0][0])) as Parsed);
    if (refusal) return { state: 'refused', refusal };
    // Names and types are judged on the text as it was sent, so that places in errors are right.
    await connection.prepare(sql);
    if (parquet !== null) {
      const inner = sql.replace(/[\s;]+$/, '');
      const copied = await connection.runAndReadAll(
        `COPY (SELECT * FROM (${inner}\n) LIMIT ${limit}) TO '${parquet.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION zstd)`,
      );
      return { state: 'file', rows: Number(copied.getRows()[0][0]) };
    }
    const reader = await connection.streamAndReadUntil(sql, limit + 1);
    const types = reader.columnTypes().map(String);
    const columns = reader.deduplicatedColumnNames().map((name, i) => ({ name, type: types[i] }));
    const rows: Json[][] = [];
    let bytes = 0;
    let truncated = false;
    for (const row of reader.getRowsJson()) {
      const cells = row.map((value, i) => plain(value, types[i]));
      bytes += JSON.stringify(cells).length;
      truncated = rows.length === limit || bytes > mostBytes;
      if (truncated) break;
      rows.push(cells);
    }
    return { state: 'rows', columns, rows, truncated };
  } catch (error) {
    return { state: 'failed', ...readFailure(error instanceof Error ? error.message : String(error)) };
  }
}

async function openLocked({ relation, paths, parquet }: QueryTask): Promise<DuckDBConnection> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    memory_limit: '512MB',
    threads: '2',
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    allow_community_extensions: 'false',
    temp_directory: '',
  });
  const connection = await instance.connect();
  const readable = parquet === null ? paths : [...paths, parquet];
  const list = readable.map((path) => `'${path.replaceAll("'", "''")}'`).join(', ');
  for (const statement of [
    "SET TimeZone = 'UTC'",
    `CREATE VIEW ${viewName} AS ${relation}`,
    `SET allowed_paths = [${list}]`,
    'SET enable_external_access = false',
    'SET lock_configuration = true',
  ])
    await connection.run(statement);
  return connection;
}

/** A cell as JSON for people and programs: numbers where they are exact, times as ISO text. */
function plain(value: Json, type: string): Json {
  if (value === null || typeof value !== 'string') return value;
  if (type === 'DOUBLE' || type === 'FLOAT') return null;
  if (/^(U?BIGINT|U?HUGEINT|U?INTEGER)$/.test(type)) {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
  if (type.startsWith('DECIMAL')) return Number(value);
  if (type.startsWith('TIMESTAMP')) return `${value.replace(' ', 'T').replace(/\+00$/, '')}Z`;
  return value;
}
