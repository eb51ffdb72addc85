import { Worker } from 'node:worker_threads';
import { sqlIdentifier, sqlLiteral } from '../../../platform/tables/index.ts';
import type { Column } from '../columns.ts';
import { type Batch, batchSql, type Queries } from './batch.ts';
import type { Expectation } from './expectation.model.ts';
import { Problem } from './sql-values.ts';

/** SQL that holds when a column's text matches a regex. */
export type RegexSql = (column: Column, regex: string) => string;

const distinctLimit = 200_000;
const deadline = 5_000;

/**
 * Finds how each regex of a suite can run. DuckDB's engine searches in linear time but knows no look-around
 * and no back-references; a regex that it refuses runs over the column's distinct values in a worker with a
 * deadline, so that a slow pattern never stops the server.
 */
export async function prepareRegexes(
  tables: Queries,
  batch: Batch,
  expectations: readonly Expectation[],
): Promise<RegexSql> {
  const scanned = new Map<string, string>();
  for (const { kwargs } of expectations) {
    const regexes = [kwargs.regex, ...(Array.isArray(kwargs.regex_list) ? kwargs.regex_list : [])];
    for (const regex of regexes) {
      if (typeof regex !== 'string' || (await isNative(tables, regex))) continue;
      const column = batch.columns.find(({ name, type }) => name === kwargs.column && type === 'VARCHAR');
      if (column) scanned.set(`${column.name}\n${regex}`, await scanDistinct(tables, batch, column, regex));
    }
  }
  return (column, regex) => {
    const sql = scanned.get(`${column.name}\n${regex}`);
    if (sql?.startsWith('!')) throw new Problem(sql.slice(1));
    return sql ?? `regexp_matches(${sqlIdentifier(column.name)}, ${sqlLiteral(regex)})`;
  };
}

async function isNative(tables: Queries, regex: string): Promise<boolean> {
  try {
    await tables.query(`SELECT regexp_matches('', ${sqlLiteral(regex)}) AS m`);
    return true;
  } catch {
    return false;
  }
}

/** SQL of the matching values, or `!` and the reason why there is none. */
async function scanDistinct(tables: Queries, batch: Batch, column: Column, regex: string): Promise<string> {
  const name = sqlIdentifier(column.name);
  const rows = await tables.query<{ v: string }>(
    `${batchSql(batch)} SELECT DISTINCT ${name} AS v FROM batch WHERE ${name} IS NOT NULL LIMIT ${distinctLimit + 1}`,
  );
  if (rows.length > distinctLimit)
    return `!the column "${column.name}" has too many different values for this regex`;
  const matching = await matchInWorker(
    pythonRegex(regex),
    rows.map((row) => row.v),
  );
  if (typeof matching === 'string') return `!${matching}`;
  return matching.length === 0 ? 'false' : `${name} IN (${matching.map(sqlLiteral).join(', ')})`;
}

/** The named groups and anchors of Python's `re`, as JavaScript writes them. */
function pythonRegex(regex: string): string {
  return regex
    .replaceAll(/\(\?P<(\w+)>/g, '(?<$1>')
    .replaceAll(/\(\?P=(\w+)\)/g, '\\k<$1>')
    .replaceAll('\\A', '^')
    .replaceAll('\\Z', '$');
}

const program = `
const { parentPort, workerData } = require('node:worker_threads');
try {
  const regex = new RegExp(workerData.regex);
  parentPort.postMessage(workerData.values.filter((value) => regex.test(value)));
} catch { parentPort.postMessage('its regex cannot be read'); }
`;

/** The values that match, or a sentence why they could not be tested. */
function matchInWorker(regex: string, values: string[]): Promise<string[] | string> {
  return new Promise((resolve) => {
    const worker = new Worker(program, { eval: true, workerData: { regex, values } });
    const settle = (result: string[] | string) => {
      clearTimeout(timer);
      void worker.terminate();
      resolve(result);
    };
    const timer = setTimeout(() => settle('its regex takes too long on these values'), deadline);
    worker.once('message', settle);
    worker.once('error', () => settle('its regex cannot be tested'));
  });
}
