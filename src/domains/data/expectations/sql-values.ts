import type { Json } from '../../../platform/json.ts';
import { sqlLiteral } from '../../../platform/tables/sql.ts';
import { type Column, familyOf } from '../columns.ts';

/** An expectation that cannot be evaluated on this batch; the text completes "this expectation failed: …". */
export class Problem extends Error {}

const time = /^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})?)?$/;

/** Milliseconds of an ISO date or time (UTC when it names no zone), or null. */
export function timeOf(text: string): number | null {
  if (!time.test(text)) return null;
  const iso = text.replace(' ', 'T');
  const value = Date.parse(iso.length > 10 && !/(Z|[+-]\d{2}:?\d{2})$/.test(iso) ? `${iso}Z` : iso);
  return Number.isNaN(value) ? null : value;
}

/** True when a value of a rule can equal a value of the column; `1` never equals a text. */
function isComparable(column: Column, value: Json): boolean {
  switch (familyOf(column.type)) {
    case 'integer':
    case 'float':
      return typeof value === 'number';
    case 'text':
      return typeof value === 'string';
    case 'boolean':
      return typeof value === 'boolean';
    case 'temporal':
      return typeof value === 'string' && timeOf(value) !== null;
    default:
      return false;
  }
}

/** A value of a rule as SQL of the column's type; raises Problem when the types do not compare. */
export function valueSql(column: Column, value: Json): string {
  if (!isComparable(column, value)) {
    throw new Problem(
      `the column "${column.name}" is ${column.type}, which does not compare with a ${typeof value}`,
    );
  }
  if (familyOf(column.type) !== 'temporal') return sqlLiteral(value as string | number | boolean);
  return `make_timestamp(${(timeOf(value as string) as number) * 1000})`;
}

/** A list for `IN (…)`: values of other types are left out, because they equal nothing in the column. */
export function listSql(column: Column, values: readonly Json[]): string | null {
  const fit = values.filter((value) => isComparable(column, value)).map((value) => valueSql(column, value));
  return fit.length === 0 ? null : fit.join(', ');
}

/** SQL that holds when the expression lies within the bounds; `true` when both are open. */
export function withinSql(
  expression: string,
  literal: (bound: Json) => string,
  bounds: { min?: Json; max?: Json; strictMin?: Json; strictMax?: Json },
): string {
  const parts: string[] = [];
  if ((bounds.min ?? null) !== null)
    parts.push(`${expression} ${bounds.strictMin ? '>' : '>='} ${literal(bounds.min!)}`);
  if ((bounds.max ?? null) !== null)
    parts.push(`${expression} ${bounds.strictMax ? '<' : '<='} ${literal(bounds.max!)}`);
  return parts.length === 0 ? 'true' : parts.join(' AND ');
}
