/** A value as SQL text; strings are quoted, numbers must be finite or are written as casts. */
export function sqlLiteral(value: string | number | boolean | null): string {
  if (value === null) return 'NULL';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : `'${value}'::DOUBLE`;
  return `'${value.replaceAll("'", "''")}'`;
}

/** A name as SQL text, always quoted. */
export function sqlIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A time in milliseconds as a TIMESTAMP. */
export function sqlTimestamp(time: number): string {
  return `make_timestamp(${Math.round(time * 1000)})`;
}

/** The relation of one or more Parquet files. */
export function parquetSource(paths: readonly string[]): string {
  return `read_parquet([${paths.map(sqlLiteral).join(', ')}], union_by_name = true)`;
}
