import type { TrainingTable } from '../../math/learn/training-table.ts';
import { parquetSource, sqlIdentifier, sqlLiteral } from '../../platform/tables/sql.ts';
import type { Tables } from '../../platform/tables/tables.ts';

export type TableChoice = {
  /** Local path of the Parquet file. */
  path: string;
  /** Name of the label column: 0 and 1, or a boolean. */
  label: string;
  /** Feature columns in model order; left out: every column whose name does not start with `__`. */
  features?: readonly string[];
  exclude?: readonly string[];
};

/**
 * Reads features as float32 columns (null becomes NaN) and labels from Parquet, one column at a time so that
 * memory holds little more than the table itself. Rows without a label are left out.
 * @throws RangeError when a column is missing or is not numeric, or a label is not 0 or 1.
 */
export async function readTrainingTable(tables: Tables, choice: TableChoice): Promise<TrainingTable> {
  const source = parquetSource([choice.path]);
  const present = await tables.query<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM ${source}`,
  );
  const types = new Map(present.map((column) => [column.column_name, column.column_type]));
  const excluded = new Set([choice.label, ...(choice.exclude ?? [])]);
  const names = [...(choice.features ?? [...types.keys()].filter((name) => !name.startsWith('__')))].filter(
    (name) => !excluded.has(name),
  );
  for (const name of [...names, choice.label]) {
    const type = types.get(name);
    if (type === undefined) throw new RangeError(`The table has no column "${name}".`);
    if (!/^(BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*)$/.test(type)) {
      throw new RangeError(`The column "${name}" is ${type}; a feature or label must be a number.`);
    }
  }
  const label = sqlIdentifier(choice.label);
  const read = async (expression: string) => {
    const { columns } = await tables.columns(
      `SELECT ${expression} AS v FROM ${source} WHERE ${label} IS NOT NULL`,
    );
    return columns[0] as Float64Array | number[];
  };
  const labelValues = await read(`${label}::DOUBLE`);
  const wrong = labelValues.find((value) => value !== 0 && value !== 1);
  if (wrong !== undefined) throw new RangeError(`The label ${sqlLiteral(wrong)} is neither 0 nor 1.`);
  const columns: Float32Array[] = [];
  for (const name of names) {
    columns.push(Float32Array.from(await read(`coalesce(${sqlIdentifier(name)}::FLOAT, 'nan'::FLOAT)`)));
  }
  return { names, columns, labels: Uint8Array.from(labelValues) };
}
