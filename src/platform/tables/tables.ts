import { availableParallelism } from 'node:os';
import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';
import { type Config, dataFolder } from '../config.ts';

export type Row = Record<string, unknown>;
export type SqlParameter = string | number | boolean | null;

/** Analytics over Parquet and NDJSON files by DuckDB, in process, on its own threads. */
export type Tables = {
  /** Rows as objects: integers as numbers, timestamps as milliseconds (UTC), lists and structs as JS values. */
  query<R extends Row = Row>(sql: string, parameters?: readonly SqlParameter[]): Promise<R[]>;
  /** Columns of a result: Float64Array for numbers without nulls, else arrays. */
  columns(sql: string, parameters?: readonly SqlParameter[]): Promise<Columns>;
  run(sql: string): Promise<void>;
  /** Runs several statements on one connection (temporary tables live there). */
  session<T>(work: (session: Pick<Tables, 'query' | 'columns' | 'run'>) => Promise<T>): Promise<T>;
  close(): void;
};

export type Columns = { names: string[]; rows: number; columns: (Float64Array | unknown[])[] };

export type TablesOptions = { memoryLimit?: string; threads?: number; temporaryFolder?: string };

/** Opens DuckDB for the server: modest memory, spill folder in the data directory. */
export function openTables(config: Config): Promise<Tables> {
  return createTables({ memoryLimit: '1GB', temporaryFolder: dataFolder(config, 'tmp') });
}

/** An in-memory DuckDB in UTC that never downloads an extension; it is loaded when it is first asked. */
export async function createTables(options: TablesOptions = {}): Promise<Tables> {
  let opened: Promise<DuckDBInstance> | undefined;
  const idle: DuckDBConnection[] = [];
  const open = async () => {
    opened ??= openInstance(options);
    const connection = idle.pop() ?? (await (await opened).connect());
    await connection.run("SET TimeZone = 'UTC'");
    return connection;
  };
  const session: Tables['session'] = async (work) => {
    const connection = await open();
    try {
      return await work(on(connection));
    } finally {
      // A session may leave temporary tables behind: do not hand its connection on.
      connection.closeSync();
    }
  };
  const borrowed = async <T>(work: (connection: DuckDBConnection) => Promise<T>) => {
    const connection = await open();
    try {
      return await work(connection);
    } finally {
      if (idle.length < 4) idle.push(connection);
      else connection.closeSync();
    }
  };
  return {
    session,
    query: (sql, parameters) => borrowed((connection) => on(connection).query(sql, parameters)),
    columns: (sql, parameters) => borrowed((connection) => on(connection).columns(sql, parameters)),
    run: (sql) => borrowed((connection) => on(connection).run(sql)),
    close() {
      for (const connection of idle) connection.closeSync();
      // One that could not be opened has told whoever asked for it.
      opened?.then(
        (instance) => instance.closeSync(),
        () => {},
      );
    },
  };
}

/** The library takes tens of megabytes, so it comes with the first use. */
async function openInstance(options: TablesOptions): Promise<DuckDBInstance> {
  const { DuckDBInstance } = await import('@duckdb/node-api');
  return DuckDBInstance.create(':memory:', {
    memory_limit: options.memoryLimit ?? '2GB',
    threads: String(options.threads ?? availableParallelism()),
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    ...(options.temporaryFolder && { temp_directory: options.temporaryFolder }),
  });
}

function on(connection: DuckDBConnection): Pick<Tables, 'query' | 'columns' | 'run'> {
  const read = (sql: string, parameters?: readonly SqlParameter[]) =>
    parameters?.length
      ? connection.runAndReadAll(sql, parameters as DuckDBValue[])
      : connection.runAndReadAll(sql);
  return {
    async query<R extends Row>(sql: string, parameters?: readonly SqlParameter[]) {
      const { fromDuckDb } = await import('./values.ts');
      const reader = await read(sql, parameters);
      const names = reader.deduplicatedColumnNames();
      const rows = reader.getRows();
      return rows.map((row) => {
        const object: Row = {};
        for (let i = 0; i < names.length; i++) object[names[i]] = fromDuckDb(row[i]);
        return object as R;
      });
    },
    async columns(sql, parameters) {
      const { fromDuckDb } = await import('./values.ts');
      const reader = await read(sql, parameters);
      const columns = reader.getColumns().map((column) => {
        const values = column.map(fromDuckDb);
        return values.length > 0 && values.every((value) => typeof value === 'number')
          ? Float64Array.from(values as number[])
          : values;
      });
      return { names: reader.deduplicatedColumnNames(), rows: reader.currentRowCount, columns };
    },
    run: async (sql) => void (await connection.run(sql)),
  };
}
