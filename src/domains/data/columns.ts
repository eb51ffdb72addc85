import { sqlIdentifier } from '../../platform/tables/sql.ts';

/** A column of a table by its DuckDB type name. */
export type Column = { name: string; type: string };

export type Family = 'integer' | 'float' | 'text' | 'boolean' | 'temporal' | 'other';

const integers = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;
const floats = /^(FLOAT|DOUBLE|DECIMAL(\(.*\))?)$/;
const temporals = /^(TIMESTAMP(_S|_MS|_NS)?|TIMESTAMP WITH TIME ZONE|DATE)$/;

/** What a DuckDB type means to rules and pictures: how its values compare, print and spread. */
export function familyOf(type: string): Family {
  if (integers.test(type)) return 'integer';
  if (floats.test(type)) return 'float';
  if (type === 'VARCHAR' || type.startsWith('ENUM')) return 'text';
  if (type === 'BOOLEAN') return 'boolean';
  return temporals.test(type) ? 'temporal' : 'other';
}

export function isNumeric(type: string): boolean {
  const family = familyOf(type);
  return family === 'integer' || family === 'float';
}

/** SQL that prints a value for a report: times as ISO text, nested and binary values as text. */
export function displaySql(column: Column, expression = sqlIdentifier(column.name)): string {
  switch (familyOf(column.type)) {
    case 'temporal':
      return `strftime(CAST(${expression} AS TIMESTAMP), '%Y-%m-%dT%H:%M:%S.%gZ')`;
    case 'integer':
      return column.type === 'HUGEINT' ? `CAST(${expression} AS DOUBLE)` : expression;
    case 'float':
      return `CAST(${expression} AS DOUBLE)`;
    case 'other':
      return `CAST(${expression} AS VARCHAR)`;
    default:
      return expression;
  }
}

/** SQL of a number that stands for a value: itself, or milliseconds for times. */
export function numberSql(column: Column, expression = sqlIdentifier(column.name)): string {
  return familyOf(column.type) === 'temporal'
    ? `(epoch_us(CAST(${expression} AS TIMESTAMP)) / 1000.0)`
    : `CAST(${expression} AS DOUBLE)`;
}

const typeNames: Record<string, Family | 'number' | string> = {
  int: 'integer',
  int8: 'TINYINT',
  int16: 'SMALLINT',
  int32: 'INTEGER',
  int64: 'BIGINT',
  long: 'BIGINT',
  short: 'SMALLINT',
  integertype: 'INTEGER',
  longtype: 'BIGINT',
  float: 'float',
  float32: 'FLOAT',
  real: 'FLOAT',
  float64: 'DOUBLE',
  floattype: 'FLOAT',
  doubletype: 'DOUBLE',
  number: 'number',
  str: 'text',
  string: 'text',
  object: 'text',
  text: 'text',
  varchar: 'text',
  stringtype: 'text',
  bool: 'boolean',
  booleantype: 'boolean',
  datetime: 'TIMESTAMP',
  'datetime64[ns]': 'TIMESTAMP',
  'datetime64[us]': 'TIMESTAMP',
  timestamptype: 'TIMESTAMP',
  datetype: 'DATE',
  timestamptz: 'TIMESTAMP WITH TIME ZONE',
};

/** True when a type name from SQL, pandas or Spark names the type of a DuckDB column. */
export function typeMatches(type: string, name: string): boolean {
  const meaning = typeNames[name.toLowerCase()];
  if (meaning === undefined) return type === name.toUpperCase();
  if (meaning === 'number') return isNumeric(type);
  return meaning === type || meaning === familyOf(type);
}
