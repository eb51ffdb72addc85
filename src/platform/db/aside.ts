import { Worker } from 'node:worker_threads';
import type { RawBuilder } from 'kysely';
import type { Db } from './database.ts';
import { selectRows } from './rows.ts';

type Reply = { id: number; rows?: unknown[][]; error?: string };
type Waiting = { resolve(rows: unknown[][]): void; reject(error: Error): void };

/** Reads a SQLite file in a thread with a connection of its own, which comes with the first read. */
export type Aside = {
  read(text: string, parameters: readonly unknown[]): Promise<unknown[][]>;
  close(): void;
};

const idleMs = 60_000;

/** Starts no thread yet; one that has had nothing to do for a minute ends. */
export function createAside(path: string): Aside {
  let worker: Worker | undefined;
  let next = 0;
  const waiting = new Map<number, Waiting>();
  let rest: NodeJS.Timeout | undefined;
  const close = () => {
    const ending = worker;
    worker = undefined;
    clearTimeout(rest);
    void ending?.terminate();
    for (const { reject } of waiting.values()) reject(new Error('The reader of the database has ended.'));
    waiting.clear();
  };
  const open = () => {
    const opened = new Worker(new URL('./aside-worker.ts', import.meta.url), {
      workerData: { path },
      resourceLimits: { maxYoungGenerationSizeMb: 8 },
    });
    opened.unref();
    opened.on('message', ({ id, rows, error }: Reply) => {
      const one = waiting.get(id);
      waiting.delete(id);
      if (waiting.size === 0) {
        opened.unref();
        rest = setTimeout(close, idleMs).unref();
      }
      if (rows) one?.resolve(rows);
      else one?.reject(new Error(error));
    });
    opened.on('error', close);
    return opened;
  };
  return {
    read(text, parameters) {
      worker ??= open();
      worker.ref();
      clearTimeout(rest);
      const id = next++;
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker?.postMessage({ id, text, parameters });
      });
    },
    close,
  };
}

const asides = new WeakMap<Db, Aside>();

/** Names the reader that goes with a handle. */
export const setAside = (db: Db, aside: Aside): void => void asides.set(db, aside);

/** Whether a read on this handle would hold up everything else: SQLite, outside of a transaction. */
export const hasAside = (db: Db): boolean => asides.has(db);

/**
 * Like `selectRows`, for a read that may take long: where it would hold up everything else, it runs in a thread of
 * its own, which sees what was committed before.
 */
export async function selectRowsAside<R extends readonly unknown[]>(
  db: Db,
  query: RawBuilder<unknown>,
): Promise<R[]> {
  const aside = asides.get(db);
  if (!aside) return selectRows<R>(db, query);
  const { sql, parameters } = query.compile(db);
  return (await aside.read(sql, parameters)) as unknown as R[];
}
