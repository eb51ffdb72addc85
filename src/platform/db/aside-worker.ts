import { statSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { addFunctions } from './sqlite-functions.ts';

/** Entry of a worker thread: answers reads of one SQLite file in the order they come. */
type Request = { id: number; text: string; parameters: (null | number | bigint | string)[] };

const { path } = workerData as { path: string };
const database = new DatabaseSync(path, { readOnly: true });
addFunctions(database);
database.exec('PRAGMA busy_timeout=5000');
// Reads are spread wide over a file, so a quarter of it is kept, within bounds. It goes with the thread, a minute after
// the last read.
const [leastCache, mostCache] = [8, 64].map((megabytes) => megabytes * 1024);
const cacheKb = Math.min(mostCache, Math.max(leastCache, Math.round(statSync(path).size / 4 / 1024)));
database.exec(`PRAGMA cache_size=-${cacheKb}`);
const statements = new Map<string, StatementSync>();

function prepare(text: string): StatementSync {
  const known = statements.get(text);
  if (known) return known;
  const statement = database.prepare(text);
  statement.setReturnArrays(true);
  if (statements.size === 100) statements.clear();
  statements.set(text, statement);
  return statement;
}

parentPort?.on('message', ({ id, text, parameters }: Request) => {
  try {
    parentPort?.postMessage({ id, rows: prepare(text).all(...parameters) });
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
