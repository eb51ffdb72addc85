import { open } from 'node:fs/promises';
import { type Tables, withFreshFiles } from '../../../platform/tables/index.ts';
import { featuresSql, unpackVectors } from '../recorder/packed-vectors.ts';
import type { PredictionLog } from '../recorder/prediction-log.ts';
import { logSql } from '../recorder/prediction-sql.ts';

/** A recorded request as a model saw it. */
export type RecordedRequest = {
  rows: number;
  /** The vectors of its rows, one after the other; null or NaN where a number is missing. */
  values: ArrayLike<number | null> | null;
  /** Columns as they were sent; texts are only here. */
  inputs: Readonly<Record<string, unknown>> | null;
};

type Line = { n: number; f?: (number | null)[][]; fb?: string; x?: Record<string, unknown> };
type SealedRow = { n: number; inputs: string | null; features: ((number | null)[] | null)[] };

/** Of the newest lines; a second try takes more, for requests that are long. */
const tailBytes = [64 * 1024, 2 * 1024 * 1024];
/** Rows of a sealed file that are looked at. */
const sealedRows = 2000;
/** How the line of a failed request goes on; quotes in the caller's texts have a backslash before them. */
const failed = ',"err":"';
/** The line of a request that was left out of the sample has no payload. */
const unsampled = ',"w":0';

/**
 * Some of the last requests that a deployment answered: the newest of each count of rows first, then the newest. Read
 * from the end of the newest file, so that it costs the same however long the log is.
 */
export function recordedRequests(
  log: PredictionLog,
  tables: Tables,
  most: number,
): Promise<RecordedRequest[]> {
  return withFreshFiles(() => newestRequests(log, tables, most));
}

async function newestRequests(log: PredictionLog, tables: Tables, most: number): Promise<RecordedRequest[]> {
  const files = log.files('predictions');
  const newest = files.open.at(-1);
  for (const bytes of tailBytes) {
    const lines = newest === undefined ? [] : await lastLines(newest, bytes);
    const answered = lines.filter((line) => !line.includes(failed) && !line.includes(unsampled));
    if (answered.length > 0) return spread(answered, rowsOfLine, most).map(ofLine);
  }
  const sealed = files.sealed.at(-1);
  return sealed === undefined ? [] : sealedRequests(tables, sealed, most);
}

/** The complete lines among the last bytes of a file, newest first. */
async function lastLines(path: string, bytes: number): Promise<string[]> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    const length = Math.min(size, bytes);
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(length), 0, length, size - length);
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n');
    // After the last newline stands nothing, or what is being written; before the first perhaps half a line.
    lines.pop();
    if (length < size) lines.shift();
    return lines.reverse();
  } finally {
    await file.close();
  }
}

const rowsOfLine = (line: string) => Number(/"n":(\d+)/.exec(line)?.[1]);

/** Up to `most`: the first of each count of rows, then the others in their order. */
function spread<T>(newestFirst: readonly T[], rowsOf: (one: T) => number, most: number): T[] {
  const first = new Map<number, T>();
  const others: T[] = [];
  for (const one of newestFirst) {
    const rows = rowsOf(one);
    if (!first.has(rows)) first.set(rows, one);
    else if (others.length < most) others.push(one);
  }
  return [...first.values(), ...others].slice(0, most);
}

function ofLine(text: string): RecordedRequest {
  const { n, f, fb, x } = JSON.parse(text) as Line;
  const values = fb === undefined ? (f?.flat() ?? null) : unpackVectors(fb);
  return { rows: n, values, inputs: x ?? null };
}

async function sealedRequests(tables: Tables, path: string, most: number): Promise<RecordedRequest[]> {
  const rows = await tables.query<SealedRow>(
    `WITH latest AS (
       SELECT * FROM (${logSql('predictions', { open: [], sealed: [path] })})
       WHERE error IS NULL ORDER BY time DESC LIMIT ${sealedRows}
     )
     SELECT any_value(request_rows) AS n, any_value(inputs) AS inputs, list(features ORDER BY row_index) AS features
     FROM (SELECT * REPLACE (${featuresSql} AS features) FROM latest)
     GROUP BY request_id HAVING count(*) = any_value(request_rows) ORDER BY max(time) DESC`,
  );
  return spread(rows, ({ n }) => n, most).map(({ n, inputs, features }) => ({
    rows: n,
    values: features.some((vector) => vector === null) ? null : features.flatMap((vector) => vector ?? []),
    inputs: inputs === null ? null : (JSON.parse(inputs) as Record<string, unknown>),
  }));
}
