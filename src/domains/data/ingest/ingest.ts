import { rm, stat } from 'node:fs/promises';
import type { Config } from '../../../platform/config.ts';
import { parquetSource, sqlIdentifier, sqlLiteral, type Tables } from '../../../platform/tables/index.ts';
import { type Column, familyOf, numberSql } from '../columns.ts';
import { dataError } from '../data.errors.ts';
import type { Batch } from '../expectations/batch.ts';
import {
  type Expectation,
  type ExpectationResult,
  emptyResult,
  reportOf,
  type SuiteReport,
} from '../expectations/expectation.model.ts';
import { validate } from '../expectations/validate.ts';
import { type FileFormat, malformed, openFile, readTyped } from './reading.ts';
import { type StagedFile, stagedPath } from './staged-file.ts';

/** A batch that was read and judged. `path` is a Parquet file in the dataset's columns. */
export type JudgedBatch = {
  path: string;
  columns: Column[];
  rows: number;
  size: number;
  timeFrom: number | null;
  timeTo: number | null;
  report: SuiteReport;
  dispose(): Promise<void>;
};

export type BatchRules = {
  /** Columns of the newest version; null when this file sets the schema. */
  columns: readonly Column[] | null;
  expectations: readonly Expectation[];
  eventTime: string | null;
};

/**
 * Reads a staged file in the schema of its dataset and judges it by schema and expectations. A Parquet file that
 * already has exactly these columns is kept byte for byte; anything else is written anew with explicit types.
 * Raises data.file.malformed for a file that cannot be read.
 */
export async function judgeBatch(
  { config, tables }: { config: Config; tables: Tables },
  staged: StagedFile,
  format: FileFormat,
  rules: BatchRules,
): Promise<JudgedBatch> {
  const file = await openFile(tables, staged.path, format, rules.columns !== null);
  if (file.columns.length === 0) throw dataError('data.file.empty', 'The file has no columns.');
  const columns = [...(rules.columns ?? file.columns)];
  const typed = await readTyped(tables, file, columns);
  const written = typed.exact ? null : stagedPath(config, 'parquet');
  const dispose = async () => {
    if (written !== null) await rm(written, { force: true });
  };
  try {
    if (written !== null) await write(tables, typed.select, written, format);
    const path = written ?? staged.path;
    const batch = numbered(path, columns);
    const { rows, results } = await validate(tables, batch, rules.expectations);
    const schema = [...typed.results, ...eventTimeResult(columns, rules.eventTime)];
    const { size } = await stat(path);
    const times = await timeRange(tables, path, columns, rules.eventTime);
    return { path, columns, rows, size, ...times, report: reportOf(rows, [...schema, ...results]), dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** The file with the number of each row, unless a column of that name stands in the way. */
function numbered(path: string, columns: Column[]): Batch {
  const isTaken = columns.some(({ name }) => name.toLowerCase() === rowNumber);
  return isTaken
    ? { from: parquetSource([path]), columns }
    : { from: `read_parquet(${sqlLiteral(path)}, ${rowNumber} = true)`, columns, rowNumber };
}

const rowNumber = 'file_row_number';

async function write(tables: Tables, select: string, path: string, format: FileFormat): Promise<void> {
  try {
    await tables.run(`COPY (${select}) TO ${sqlLiteral(path)} (FORMAT parquet, COMPRESSION zstd)`);
  } catch (error) {
    await rm(path, { force: true });
    throw malformed(format, error);
  }
}

/** The dataset's event time must be a column that holds times. */
function eventTimeResult(columns: readonly Column[], eventTime: string | null): ExpectationResult[] {
  if (eventTime === null) return [];
  const type = columns.find((column) => column.name === eventTime)?.type ?? null;
  const kwargs = { column: eventTime, type_list: ['TIMESTAMP', 'DATE'] };
  const result = emptyResult({
    type: 'expect_column_values_to_be_in_type_list',
    kwargs,
    severity: 'critical',
  });
  const success = type !== null && familyOf(type) === 'temporal';
  const found = type === null ? 'is not there' : `is ${type}`;
  return [{ ...result, success, observed: type, description: `${eventTime}: the event time ${found}.` }];
}

async function timeRange(tables: Tables, path: string, columns: readonly Column[], eventTime: string | null) {
  const column = columns.find(({ name, type }) => name === eventTime && familyOf(type) === 'temporal');
  if (!column) return { timeFrom: null, timeTo: null };
  const name = sqlIdentifier(column.name);
  const [row] = await tables.query<{ a: number | null; b: number | null }>(
    `SELECT ${numberSql(column, `min(${name})`)} AS a, ${numberSql(column, `max(${name})`)} AS b FROM ${parquetSource([path])}`,
  );
  return { timeFrom: row.a, timeTo: row.b };
}
