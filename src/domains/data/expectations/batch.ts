import { sqlIdentifier, type Tables } from '../../../platform/tables/index.ts';
import type { Column } from '../columns.ts';

/** A table to judge: a relation, its columns, and the column that numbers its rows when there is one. */
export type Batch = { from: string; columns: readonly Column[]; rowNumber?: string };

export type Queries = Pick<Tables, 'query'>;

/** The batch as the rules see it: NaN is a missing value, as pandas has it. */
export function batchSql(batch: Batch): string {
  const columns = batch.columns.map(({ name, type }) => {
    const column = sqlIdentifier(name);
    return type === 'DOUBLE' || type === 'FLOAT' ? `nullif(${column}, 'NaN'::${type}) AS ${column}` : column;
  });
  if (batch.rowNumber) columns.push(`${batch.rowNumber} AS __houston_row`);
  return `WITH batch AS (SELECT ${columns.join(', ') || '*'} FROM ${batch.from})`;
}
