import { parquetSource, sqlLiteral } from '../../../platform/tables/sql.ts';
import { createTables, type Tables } from '../../../platform/tables/tables.ts';
import type { FeatureService } from '../definition.model.ts';
import { columnSql } from '../expression/expression.ts';
import { featuresError } from '../features.errors.ts';
import { type TrainingRange, trainingSql } from './training.sql.ts';

export type TrainingSet = {
  rows: number;
  /** Milliseconds; null when empty. */
  timeFrom: number | null;
  timeTo: number | null;
};

type Session = Pick<Tables, 'query' | 'columns' | 'run'>;

/** Refuses a source that lacks a column that the service reads. */
export async function checkSource(
  session: Session,
  service: FeatureService,
  relation: string,
): Promise<void> {
  const found = await session.query<{ column_name: string }>(`DESCRIBE SELECT * FROM ${relation}`);
  const names = new Set(found.map((column) => column.column_name));
  const missing = Object.keys(service.columns).filter((column) => !names.has(column));
  if (missing.length === 0) return;
  const list = missing.map((column) => `"${column}"`).join(', ');
  throw featuresError('features.source.mismatch', `The dataset has no column ${list}.`, { missing });
}

/** Turns `last` into `from`, counted back from `until` or from just after the newest row. */
async function resolveLast(
  session: Session,
  service: FeatureService,
  relation: string,
  range: TrainingRange,
): Promise<TrainingRange> {
  if (range.last === undefined) return range;
  let end = range.until;
  if (end === undefined) {
    const time = columnSql(service.eventTime, 'timestamp');
    const [newest] = await session.query<{ time: number | null }>(
      `SELECT max(${time}) AS time FROM ${relation}`,
    );
    end = (newest.time ?? 0) + 1;
  }
  return { ...range, from: Math.max(range.from ?? Number.NEGATIVE_INFINITY, end - range.last) };
}

/**
 * Writes the training set of a service over the Parquet parts of a dataset version: `__row`, `__time`, `__label`,
 * `__slice_*` and the features as FLOAT in their order, one row for each row of the source that has an event time
 * and a label and lies in the range. Equal input gives an equal file.
 */
export async function writeTrainingSet(
  service: FeatureService,
  parts: readonly string[],
  file: string,
  range: TrainingRange = {},
  options: {
    memoryLimit?: string;
    threads?: number;
    temporaryFolder?: string;
    progress?: (done: number, note: string) => void;
  } = {},
): Promise<TrainingSet> {
  const tables = await createTables({ memoryLimit: '2GB', ...options });
  try {
    return await tables.session(async (session) => {
      const relation = parquetSource(parts);
      await checkSource(session, service, relation);
      const { statements, select } = trainingSql(
        service,
        relation,
        await resolveLast(session, service, relation, range),
      );
      for (const [i, statement] of statements.entries()) {
        options.progress?.(i / (statements.length + 1), `statement ${i + 1} of ${statements.length + 1}`);
        await session.run(statement);
      }
      await session.run(`COPY (${select}) TO ${sqlLiteral(file)} (FORMAT parquet, COMPRESSION zstd)`);
      const [summary] = await session.query<TrainingSet>(
        `SELECT count(*) AS rows, min("__time") AS "timeFrom", max("__time") AS "timeTo" FROM ${parquetSource([file])}`,
      );
      return summary;
    });
  } finally {
    tables.close();
  }
}
