import { mkdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import {
  Kysely,
  PostgresDialect,
  type PostgresPool,
  type PostgresPoolClient,
  type SqliteDatabase,
  SqliteDialect,
  type SqliteStatement,
} from 'kysely';
import type pg from 'pg';
import { type Aside, createAside, setAside } from './aside.ts';
import type { Database, Db } from './database.ts';
import { isKept, wantsRows } from './rows.ts';
import { addFunctions } from './sqlite-functions.ts';

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

const connectMs = 30_000;

function openPostgres(url: string): Db {
  // Loaded here, for most servers never need it.
  const pg = createRequire(import.meta.url)('pg') as typeof import('pg');
  // int8 and numeric arrive as text by default; all of ours fit a double exactly.
  const types = {
    getTypeParser: (oid: number, format?: 'text' | 'binary') =>
      oid === 20 || oid === 1700 ? Number : pg.types.getTypeParser(oid, format as 'text'),
  };
  const pool = new pg.Pool({
    connectionString: url,
    max: 10,
    types,
    // A database that is away is an error, not a wait without end; one that is busy, or whose connections are, is not.
    connectionTimeoutMillis: connectMs,
    keepAlive: true,
  });
  // A connection that the database closed (its restart, say) is replaced at the next query: an idle one is the pool's,
  // one that is taken fails the query of whoever has it.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));
  return new Kysely<Database>({ dialect: new PostgresDialect({ pool: adaptPool(pool) }) });
}

/** Runs statements the way that their hints ask for. */
function adaptPool(pool: pg.Pool): PostgresPool {
  const names = new Map<string, string>();
  const nameOf = (text: string) => {
    const known = names.get(text);
    if (known !== undefined || names.size === 200) return known;
    const name = `houston_${names.size}`;
    names.set(text, name);
    return name;
  };
  const adapted = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    end: () => pool.end(),
    async connect() {
      const client = await pool.connect();
      const known = adapted.get(client);
      if (known) return known;
      const query = (text: unknown, values: unknown[]) => {
        if (typeof text !== 'string') return client.query(text as string, values);
        if (wantsRows(text)) return client.query({ text, values, rowMode: 'array' });
        const name = isKept(text) ? nameOf(text) : undefined;
        return client.query(name === undefined ? { text, values } : { name, text, values });
      };
      const made = { query, release: () => client.release() } as unknown as PostgresPoolClient;
      adapted.set(client, made);
      return made;
    },
  };
}

// A checkpoint per 16 MB instead of 4: pages that change again and again are written back once.
const pragmas = [
  'journal_mode=WAL',
  'synchronous=NORMAL',
  'busy_timeout=5000',
  'cache_size=-16000',
  'wal_autocheckpoint=4000',
  'temp_store=MEMORY',
];

/**
 * WAL with synchronous=NORMAL: a commit survives the death of the process; a power cut may lose the last
 * moments but never corrupts the file.
 */
function openSqlite(path: string): Db {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true });
  for (const pragma of pragmas) database.exec(`PRAGMA ${pragma}`);
  addFunctions(database);
  const aside = createAside(path);
  const db = new Kysely<Database>({ dialect: new SqliteDialect({ database: adapt(database, aside) }) });
  setAside(db, aside);
  return db;
}

/** Shapes node:sqlite as the better-sqlite3 interface that Kysely expects, with a cache of statements. */
function adapt(database: DatabaseSync, aside: Aside): SqliteDatabase {
  const cache = new Map<string, SqliteStatement>();
  return {
    close() {
      aside.close();
      database.close();
    },
    prepare(sql) {
      const known = cache.get(sql);
      if (known) return known;
      const prepared = database.prepare(sql);
      if (wantsRows(sql)) prepared.setReturnArrays(true);
      const statement = adaptStatement(prepared);
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
