import { open } from 'node:fs/promises';
import type { Json, JsonObject } from '../../../platform/json.ts';
import { parquetSource, sqlIdentifier, sqlLiteral } from '../../../platform/tables/index.ts';
import { type Column, displaySql, familyOf, isNumeric } from '../columns.ts';
import { dataError } from '../data.errors.ts';
import type { Queries } from '../expectations/batch.ts';
import { type ExpectationResult, emptyResult } from '../expectations/expectation.model.ts';

export type FileFormat = 'parquet' | 'csv';

/** A file as a relation: what DuckDB reads, and the columns that it finds. */
export type FileReading = { from: string; columns: Column[]; format: FileFormat };

/**
 * Opens a file. With a known schema the columns of a CSV are read as text and cast later, so that every value
 * that does not fit can be counted and shown; without one DuckDB looks at all rows to find the types.
 */
export async function openFile(
  tables: Queries,
  path: string,
  format: FileFormat,
  known: boolean,
): Promise<FileReading> {
  const from = format === 'csv' ? await csvSource(path, known) : parquetSource([path]);
  try {
    const rows = await tables.query<{ column_name: string; column_type: string }>(
      `DESCRIBE SELECT * FROM ${from}`,
    );
    const columns = rows.map((row) => ({ name: row.column_name, type: row.column_type }));
    return { from, columns, format };
  } catch (error) {
    throw malformed(format, error);
  }
}

/** Quoting is that of RFC 4180; the separator is the one that the header line uses most. */
async function csvSource(path: string, known: boolean): Promise<string> {
  const types = known
    ? 'all_varchar = true'
    : "auto_type_candidates = ['BOOLEAN', 'BIGINT', 'DOUBLE', 'DATE', 'TIMESTAMP', 'VARCHAR']";
  const dialect = `delim = ${sqlLiteral(await separatorOf(path))}, quote = '"', escape = '"', header = true`;
  return `read_csv(${sqlLiteral(path)}, ${dialect}, sample_size = -1, ${types})`;
}

const headerBytes = 65_536;

async function separatorOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(headerBytes), 0, headerBytes, 0);
    const header = buffer
      .toString('utf8', 0, bytesRead)
      .split(/\r?\n/, 1)[0]
      .replaceAll(/"[^"]*"/g, '');
    const uses = (separator: string) => header.split(separator).length;
    return [',', ';', '\t', '|'].reduce((best, next) => (uses(next) > uses(best) ? next : best));
  } finally {
    await file.close();
  }
}

/** data.file.malformed with the line that DuckDB stumbled over, never with its message or a path. */
export function malformed(format: FileFormat, error: unknown): Error {
  const text = error instanceof Error ? error.message : '';
  const line = /CSV Error on Line: (\d+)/.exec(text)?.[1];
  const reason = /(Expected Number of Columns: \d+ Found: \d+|Value with unterminated quote found)/.exec(
    text,
  )?.[1];
  const name = format === 'csv' ? 'CSV' : 'Parquet';
  const place =
    line === undefined ? '' : ` It breaks at line ${line}${reason === undefined ? '' : ` (${reason})`}.`;
  return dataError('data.file.malformed', `The file cannot be read as ${name}.${place}`, {
    format,
    ...(line !== undefined && { line: Number(line) }),
  });
}

/** How one column of the dataset is taken from a file. */
type Taking = {
  column: Column;
  /** SQL of the value in the dataset's type; NULL where it does not fit. */
  sql: string;
  /** SQL that holds for a value that does not fit; null when every value fits. */
  misfit: string | null;
  source: Column | null;
  /** The file's type is of another family, whatever its values. */
  foreign: boolean;
};

/** Numbers may become wider numbers and dates may become times; a text never becomes a number in a typed file. */
function take(column: Column, source: Column | undefined, format: FileFormat): Taking {
  if (!source)
    return { column, sql: `CAST(NULL AS ${column.type})`, misfit: null, source: null, foreign: false };
  const name = sqlIdentifier(source.name);
  if (source.type === column.type) return { column, sql: name, misfit: null, source, foreign: false };
  const cast = `TRY_CAST(${name} AS ${column.type})`;
  const [from, to] = [familyOf(source.type), familyOf(column.type)];
  const lost = `${name} IS NOT NULL AND ${cast} IS NULL`;
  if (from === 'text' && to === 'integer') {
    return {
      column,
      sql: cast,
      misfit: `(${lost} OR CAST(${cast} AS DOUBLE) <> TRY_CAST(${name} AS DOUBLE))`,
      source,
      foreign: format !== 'csv',
    };
  }
  if (isNumeric(source.type) && isNumeric(column.type)) {
    const changed = to === 'integer' ? ` OR CAST(${cast} AS DOUBLE) <> CAST(${name} AS DOUBLE)` : '';
    const isMissing = from === 'float' && to === 'integer' ? ` AND NOT isnan(CAST(${name} AS DOUBLE))` : '';
    return { column, sql: cast, misfit: `(${lost}${isMissing}${changed})`, source, foreign: false };
  }
  const widens = from === 'temporal' && to === 'temporal';
  return { column, sql: cast, misfit: `(${lost})`, source, foreign: format !== 'csv' && !widens };
}

/** A file read in the schema of a dataset. */
export type TypedReading = {
  /** SQL of a relation in the dataset's columns. */
  select: string;
  /** True when the file itself has exactly these columns and may be kept byte for byte. */
  exact: boolean;
  /** One result per automatic schema expectation. */
  results: ExpectationResult[];
};

/** Reads a file in the columns of a dataset and judges its schema: the columns present, and each value's type. */
export async function readTyped(
  tables: Queries,
  file: FileReading,
  columns: readonly Column[],
): Promise<TypedReading> {
  const takings = columns.map((column) =>
    take(
      column,
      file.columns.find((source) => source.name === column.name),
      file.format,
    ),
  );
  const select = `SELECT ${takings.map(({ column, sql }) => `${sql} AS ${sqlIdentifier(column.name)}`).join(', ')} FROM ${file.from}`;
  const counts = await countMisfits(tables, file, takings);
  const results = [columnsResult(file.columns, columns)];
  for (const [i, taking] of takings.entries()) {
    if (!taking.source) continue;
    const { rows, present, misfits } = counts;
    results.push(await typeResult(tables, file, taking, { rows, present: present[i], misfits: misfits[i] }));
  }
  const exact =
    file.format === 'parquet' &&
    file.columns.length === columns.length &&
    takings.every((taking, i) => taking.misfit === null && taking.source?.name === file.columns[i].name);
  return { select, exact, results };
}

type Counts = { rows: number; present: number[]; misfits: number[] };

async function countMisfits(tables: Queries, file: FileReading, takings: readonly Taking[]): Promise<Counts> {
  const items = takings.flatMap(({ source, misfit }, i) => [
    `${source ? `count(${sqlIdentifier(source.name)})` : '0'} AS p${i}`,
    `${misfit === null ? '0' : `count(*) FILTER (WHERE ${misfit})`} AS m${i}`,
  ]);
  // Reading every value finds the damage that a file's footer does not show.
  const all = file.columns.map(({ name }) => sqlIdentifier(name)).join(', ');
  try {
    const [row] = await tables.query<Record<string, number>>(
      `SELECT count(*) AS rows, bit_xor(hash(${all})) AS content, ${items.join(', ')} FROM ${file.from}`,
    );
    return {
      rows: row.rows,
      present: takings.map((_, i) => row[`p${i}`]),
      misfits: takings.map((_, i) => row[`m${i}`]),
    };
  } catch (error) {
    throw malformed(file.format, error);
  }
}

function columnsResult(found: readonly Column[], wanted: readonly Column[]): ExpectationResult {
  const names = found.map((column) => column.name);
  const set = wanted.map((column) => column.name);
  const missing = set.filter((name) => !names.includes(name));
  const unexpected = names.filter((name) => !set.includes(name));
  const words = [
    ...(missing.length > 0 ? [`missing: ${missing.join(', ')}`] : []),
    ...(unexpected.length > 0 ? [`unknown: ${unexpected.join(', ')}`] : []),
  ];
  return {
    ...emptyResult({
      type: 'expect_table_columns_to_match_set',
      kwargs: { column_set: set },
      severity: 'critical',
      description: `columns of the dataset${words.length > 0 ? ` — ${words.join('; ')}` : ''}`,
    }),
    success: words.length === 0,
    observed: names,
    details: { mismatched: { missing, unexpected } },
  };
}

const partialCount = 20;
const sampleCount = 5;

async function typeResult(
  tables: Queries,
  file: FileReading,
  taking: Taking,
  counts: { rows: number; present: number; misfits: number },
): Promise<ExpectationResult> {
  const { column, source, foreign, misfit } = taking;
  const { rows, present, misfits } = counts;
  const share = (part: number, whole: number) => (whole === 0 ? null : (100 * part) / whole);
  const result: ExpectationResult = {
    ...emptyResult({
      type: 'expect_column_values_to_be_of_type',
      kwargs: { column: column.name, type_: column.type },
      severity: 'critical',
      description: foreign
        ? `${column.name}: the file holds ${source?.type}, the dataset ${column.type} — ${misfits} values cannot be read as such.`
        : `${column.name}: values of the type ${column.type} — ${misfits} of ${rows} rows are not.`,
    }),
    success: misfits === 0 && !foreign,
    observed: source?.type ?? null,
    elementCount: rows,
    missingCount: rows - present,
    missingPercent: share(rows - present, rows),
    unexpectedCount: misfits,
    unexpectedPercent: share(misfits, present),
    unexpectedPercentTotal: share(misfits, rows),
  };
  if (misfits === 0 || misfit === null || source === null) return result;
  const value = displaySql(source);
  const shown = file.columns.map((one) => `${displaySql(one)} AS ${sqlIdentifier(one.name)}`).join(', ');
  const [first, frequent] = await Promise.all([
    tables.query(
      `SELECT ${value} AS __houston_value, ${shown} FROM ${file.from} WHERE ${misfit} LIMIT ${partialCount}`,
    ),
    tables.query<{ value: Json; count: number }>(
      `SELECT ${value} AS value, count(*) AS count FROM ${file.from} WHERE ${misfit} GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ${partialCount}`,
    ),
  ]);
  result.partialUnexpected = first.map((row) => row.__houston_value as Json);
  result.partialUnexpectedCounts = frequent;
  result.sampleRows = first.slice(0, sampleCount).map(({ __houston_value, ...row }) => row as JsonObject);
  return result;
}
