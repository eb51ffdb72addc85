import { parquetSource, sqlIdentifier } from '../../../platform/tables/sql.ts';
import type { Tables } from '../../../platform/tables/tables.ts';

const HOUR_MS = 3_600_000;

/** Held-out rows in columns, all of the same length. */
export type TestTable = {
  rows: number;
  names: string[];
  /** float32, NaN for missing; by name. */
  columns: Map<string, Float32Array>;
  labels: Uint8Array;
  /** Milliseconds, or undefined when the table has no `__time`. */
  times: Float64Array | undefined;
  /** Hour of event time per row: rows of one hour share weather and traffic and are not independent. */
  hours: Int32Array | undefined;
  /** Values of each `__slice_` column, by the name after the prefix. */
  slices: Map<string, string[]>;
};

/**
 * Reads a Parquet table of features, label, time and slices; rows without a label are left out.
 * @throws RangeError when the label is missing or is not 0 or 1, or no row is left.
 */
export async function readTestTable(tables: Tables, path: string, label: string): Promise<TestTable> {
  const source = parquetSource([path]);
  const present = await tables.query<{ column_name: string; column_type: string }>(
    `DESCRIBE SELECT * FROM ${source}`,
  );
  const types = new Map(present.map((column) => [column.column_name, column.column_type]));
  if (!types.has(label)) throw new RangeError(`The test table has no column "${label}".`);
  const labelled = `FROM ${source} WHERE ${sqlIdentifier(label)} IS NOT NULL`;
  const read = async (expression: string) =>
    (await tables.columns(`SELECT ${expression} AS v ${labelled}`)).columns[0]!;

  const labels = (await read(`${sqlIdentifier(label)}::DOUBLE`)) as ArrayLike<number>;
  if (labels.length === 0) throw new RangeError('The test table has no row with a label.');
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] !== 0 && labels[i] !== 1)
      throw new RangeError('A label of the test table is neither 0 nor 1.');
  }
  const columns = new Map<string, Float32Array>();
  const slices = new Map<string, string[]>();
  for (const [name, type] of types) {
    const quoted = sqlIdentifier(name);
    if (name.startsWith('__slice_')) {
      const values = (await read(`coalesce(${quoted}::VARCHAR, '')`)) as string[];
      // An hour that came as a floating number is 7, not 7.0.
      slices.set(
        name.slice('__slice_'.length),
        isNumeric(type) ? values.map((value) => value.replace(/\.0$/, '')) : values,
      );
    } else if (!name.startsWith('__') && name !== label && isNumeric(type)) {
      columns.set(
        name,
        Float32Array.from((await read(`coalesce(${quoted}::FLOAT, 'nan'::FLOAT)`)) as ArrayLike<number>),
      );
    }
  }
  const times = types.has('__time')
    ? Float64Array.from((await read('epoch_ms("__time"::TIMESTAMP)::DOUBLE')) as ArrayLike<number>)
    : undefined;
  return {
    rows: labels.length,
    names: [...columns.keys()],
    columns,
    labels: Uint8Array.from(labels),
    times,
    hours: times && Int32Array.from(times, (time) => Math.floor(time / HOUR_MS)),
    slices,
  };
}

function isNumeric(type: string): boolean {
  return /^(BOOLEAN|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*)$/.test(type);
}
