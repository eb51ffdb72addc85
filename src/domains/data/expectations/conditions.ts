import type { Json, JsonObject } from '../../../platform/json.ts';
import { sqlIdentifier } from '../../../platform/tables/sql.ts';
import type { Column } from '../columns.ts';
import { Problem, valueSql } from './sql-values.ts';

const operators: Record<string, string> = {
  '==': '=',
  '!=': '<>',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
};
const maxConditions = 100;

/** Finds a column by name; raises Problem when the batch has none of that name. */
export function columnOf(columns: readonly Column[], name: Json | undefined): Column {
  const column = columns.find((candidate) => candidate.name === name);
  if (!column) throw new Problem(`the batch has no column "${String(name)}"`);
  return column;
}

/**
 * A `row_condition` as SQL, or null when there is none. Takes the objects of GX 1.9 and the older text form
 * `col("x") > 5 and col("y").notNull()`. Free SQL (`pass_through`, `condition_parser: pandas`) is refused.
 */
export function conditionSql(condition: Json | undefined, columns: readonly Column[]): string | null {
  if (condition === null || condition === undefined || condition === '') return null;
  if (typeof condition === 'string') return textCondition(condition, columns);
  if (typeof condition !== 'object' || Array.isArray(condition))
    throw new Problem('its row_condition is not known');
  return objectCondition(condition, columns, 0);
}

function objectCondition(condition: JsonObject, columns: readonly Column[], depth: number): string {
  const name = (condition.column as JsonObject | undefined)?.name;
  if (condition.type === 'nullity') {
    return `${sqlIdentifier(columnOf(columns, name).name)} IS ${condition.is_null ? '' : 'NOT '}NULL`;
  }
  if (condition.type === 'comparison') {
    return comparison(columnOf(columns, name), String(condition.operator), condition.parameter);
  }
  if (
    (condition.type === 'and' || condition.type === 'or') &&
    Array.isArray(condition.conditions) &&
    depth < 4
  ) {
    if (condition.conditions.length === 0 || condition.conditions.length > maxConditions) {
      throw new Problem(`its row_condition must join 1 to ${maxConditions} conditions`);
    }
    const parts = condition.conditions.map((part) => objectCondition(part as JsonObject, columns, depth + 1));
    return `(${parts.join(condition.type === 'and' ? ' AND ' : ' OR ')})`;
  }
  throw new Problem('its row_condition is none of comparison, nullity, and, or');
}

function comparison(column: Column, operator: string, parameter: Json | undefined): string {
  const expression = sqlIdentifier(column.name);
  if (operator === 'IN' || operator === 'NOT_IN') {
    const list = Array.isArray(parameter) ? parameter.map((value) => valueSql(column, value)) : [];
    if (list.length === 0) throw new Problem('its row_condition has an empty list');
    return `${expression} ${operator === 'IN' ? 'IN' : 'NOT IN'} (${list.join(', ')})`;
  }
  const sql = operators[operator];
  if (!sql || parameter === undefined || parameter === null)
    throw new Problem('its row_condition is incomplete');
  return `${expression} ${sql} ${valueSql(column, parameter)}`;
}

const term =
  /^\s*col\((["'])(.+?)\1\)\s*(?:\.(notNull|isNull)\(\)|(==|!=|<=|>=|<|>)\s*(?:(["'])(.*?)\5|(-?[\d.eE+-]+)|(true|false)))\s*/;

function textCondition(text: string, columns: readonly Column[]): string {
  const parts: string[] = [];
  let rest = text;
  for (;;) {
    const match = term.exec(rest);
    if (!match || parts.length >= maxConditions)
      throw new Problem('its row_condition is not of the form col("x") > 5');
    const [whole, , name, nullity, operator, , string, number, flag] = match;
    const column = columnOf(columns, name);
    const literal = string ?? (number === undefined ? flag === 'true' : Number(number));
    parts.push(
      nullity
        ? `${sqlIdentifier(column.name)} IS ${nullity === 'isNull' ? '' : 'NOT '}NULL`
        : comparison(column, operator, literal),
    );
    rest = rest.slice(whole.length);
    if (rest === '') return parts.join(' AND ');
    const joint = /^(and|AND|&&?)\s*/.exec(rest);
    if (!joint) throw new Problem('its row_condition may only join conditions by "and"');
    rest = rest.slice(joint[0].length);
  }
}
