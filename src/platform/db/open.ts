import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Kysely, PostgresDialect, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely';
import pg from 'pg';
import type { Database, Db } from './database.ts';

export type Dialect = 'sqlite' | 'postgres';

/** Opens the metadata database: `postgres://…` for PostgreSQL, else the path of a SQLite file. */
export function openDatabase(location: string): { db: Db; dialect: Dialect } {
  return /^postgres(ql)?:\/\//.test(location)
    ? { db: openPostgres(location), dialect: 'postgres' }
    : { db: openSqlite(location), dialect: 'sqlite' };
}

/** Which dialect a handle speaks; the few queries that must differ ask it. */
export function dialectOf(db: Db): Dialect {
  return db.getExecutor().adapter.constructor.name.startsWith('Postgres') ? 'postgres' : 'sqlite';
}

function openPostgres(url: string): Db {
  // int8 and numeric arrive as text by default; all of ours fit a double exactly.
  const types = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      oid === 20 || oid === 1700 ? Number : pg.types.getTypeParser(oid, format as 'text'),
  };
  const pool = new pg.Pool({ connectionString: url, max: 10, types });
  // An idle connection that the database closed (its restart, say) is replaced at the next query.
  pool.on('error', () => {});
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
}

/**
 * WAL with synchronous=NORMAL: a commit survives the death of the process; a power cut may lose the last
 * moments but never corrupts the file.
 */
function openSqlite(path: string): Db {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true });
  for (const pragma of ['journal_mode=WAL', 'synchronous=NORMAL', 'busy_timeout=5000', 'cache_size=-32000']) {
    database.exec(`PRAGMA ${pragma}`);
  }
  return new Kysely<Database>({ dialect: new SqliteDialect({ database: adapt(database) }) });
}

/** Shapes node:sqlite as the better-sqlite3 interface that Kysely expects, with a cache of statements. */
function adapt(database: DatabaseSync): SqliteDatabase {
  const cache = new Map<string, SqliteStatement>();
  return {
    close: () => database.close(),
    prepare(sql) {
      const known = cache.get(sql);
      if (known) return known;
      const statement = adaptStatement(database.prepare(sql));
      if (cache.size > 500) cache.clear();
      cache.set(sql, statement);
      return statement;
    },
  };
}

type Parameter = null | number | bigint | string | Uint8Array;

function adaptStatement(statement: StatementSync): SqliteStatement {
  const bind = (parameters: readonly unknown[]) => parameters.map(toParameter);
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...bind(parameters)),
    run: (parameters) => statement.run(...bind(parameters)),
    iterate: (parameters) => statement.iterate(...bind(parameters)) as IterableIterator<unknown>,
  };
}

function toParameter(value: unknown): Parameter {
  if (value === undefined) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value as Parameter;
}
