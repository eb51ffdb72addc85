import type { Kysely } from 'kysely';

/**
 * All tables. Each domain merges its row types into this interface by declaration:
 * `declare module '../../platform/db/database.ts' { interface Database { data_versions: DataVersionRow } }`.
 * Only portable column types: text, integer, bigint (read as number), double precision; JSON as text.
 */
export interface Database {
  platform_migrations: { name: string; applied_at: number };
}

export type Db = Kysely<Database>;

/** One step of the schema. It must run on SQLite and on PostgreSQL, on an empty and on a filled database. */
export type Migration = { name: string; up(db: Db): Promise<void> };
