import type { Json, JsonObject } from '../../../platform/json.ts';
import { sqlIdentifier } from '../../../platform/tables/sql.ts';
import { type Column, displaySql, familyOf, isNumeric, numberSql } from '../columns.ts';
import { columnOf } from './conditions.ts';
import type { KwargSpec } from './kwargs.ts';
import { listSql, Problem, timeOf } from './sql-values.ts';

export type Verdict = { success: boolean; observed: Json; details?: JsonObject };

/** What an aggregate expectation needs: SQL of one value, and how to judge it. */
export type AggregateRule = { columns: Column[]; select: string; judge(value: unknown): Verdict };

export type AggregateKind = {
  kwargs: KwargSpec;
  /** `filter` is ` FILTER (WHERE …)` or empty, `where` the same condition or `true`. */
  rule(kwargs: JsonObject, columns: readonly Column[], filter: string, where: string): AggregateRule;
};

const boundsSpec: KwargSpec = {
  min_value: 'bound?',
  max_value: 'bound?',
  strict_min: 'flag?',
  strict_max: 'flag?',
};
/** Distinct values listed in a report at most. */
const listed = 1000;

/** A bound as a number of the column's axis: itself, or milliseconds for a time. */
function boundNumber(bound: Json | undefined, temporal: boolean): number | null {
  if (bound === null || bound === undefined) return null;
  const value = temporal && typeof bound === 'string' ? timeOf(bound) : bound;
  if (typeof value !== 'number')
    throw new Problem(`its bounds must be ${temporal ? 'ISO times' : 'numbers'}`);
  return value;
}

/** True when a value lies within the bounds of `kwargs`; never for a missing value. */
function isWithin(value: number | null, kwargs: JsonObject, temporal = false): boolean {
  if (value === null) return false;
  const [min, max] = [boundNumber(kwargs.min_value, temporal), boundNumber(kwargs.max_value, temporal)];
  if (min !== null && (kwargs.strict_min ? value <= min : value < min)) return false;
  return max === null || (kwargs.strict_max ? value < max : value <= max);
}

const finite = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

const printed = (value: number | null, temporal: boolean): Json =>
  value !== null && temporal ? new Date(value).toISOString() : value;

/** A statistic of one column judged against bounds. */
function statistic(
  aggregate: (expression: string, filter: string) => string,
  options: { times?: boolean; anyType?: boolean } = {},
): AggregateKind {
  return {
    kwargs: { column: 'text', ...boundsSpec },
    rule(kwargs, columns, filter) {
      const column = columnOf(columns, kwargs.column);
      const temporal = options.times === true && familyOf(column.type) === 'temporal';
      if (!temporal && !options.anyType && !isNumeric(column.type)) {
        throw new Problem(`the column "${column.name}" is ${column.type}, not a number`);
      }
      isWithin(0, kwargs, temporal); // Raises Problem for bounds of the wrong type before the scan.
      const expression = options.anyType ? sqlIdentifier(column.name) : numberSql(column);
      return {
        columns: [column],
        select: aggregate(expression, filter),
        judge(value) {
          const observed = finite(value);
          return { success: isWithin(observed, kwargs, temporal), observed: printed(observed, temporal) };
        },
      };
    },
  };
}

const plain = (name: string) => (expression: string, filter: string) => `${name}(${expression})${filter}`;

const quantiles: AggregateKind = {
  kwargs: { column: 'text', quantile_ranges: 'quantiles', allow_relative_error: 'flag?' },
  rule(kwargs, columns, filter) {
    const column = columnOf(columns, kwargs.column);
    const temporal = familyOf(column.type) === 'temporal';
    if (!temporal && !isNumeric(column.type)) {
      throw new Problem(`the column "${column.name}" is ${column.type}, not a number`);
    }
    const asked = kwargs.quantile_ranges as { quantiles: number[]; value_ranges: Json[][] };
    return {
      columns: [column],
      select: `quantile_disc(${numberSql(column)}, [${asked.quantiles.join(', ')}])${filter}`,
      judge(value) {
        const values = Array.isArray(value) ? value.map(finite) : asked.quantiles.map(() => null);
        const verdicts = asked.value_ranges.map(([low, high], i) =>
          isWithin(values[i], { min_value: low, max_value: high }, temporal),
        );
        const observed = {
          quantiles: asked.quantiles,
          values: values.map((item) => printed(item, temporal)),
        };
        return { success: verdicts.every(Boolean), observed, details: { success_details: verdicts } };
      },
    };
  },
};

/** The sorted distinct values against a set: within it, covering it, or both. */
function distinct(within: boolean, covering: boolean): AggregateKind {
  return {
    kwargs: { column: 'text', value_set: 'values' },
    rule(kwargs, columns, filter, where) {
      const column = columnOf(columns, kwargs.column);
      const set = kwargs.value_set as Json[];
      const [expression, shown] = [sqlIdentifier(column.name), displaySql(column)];
      const list = listSql(column, set);
      const outside = `${expression} IS NOT NULL${list === null ? '' : ` AND ${expression} NOT IN (${list})`}`;
      const all = `list_sort(list(DISTINCT ${shown}) FILTER (WHERE ${where} AND ${expression} IS NOT NULL))[1:${listed}]`;
      const others = `list(DISTINCT ${shown}) FILTER (WHERE ${where} AND ${outside})`;
      const found =
        list === null
          ? '0'
          : `count(DISTINCT ${expression}) FILTER (WHERE ${where} AND ${expression} IN (${list}))`;
      return {
        columns: [column],
        select: `struct_pack(seen := ${all}, others := list_sort(${others})[1:${listed}], found := ${found}, total := count(*)${filter})`,
        judge(value) {
          const row = value as { seen: Json[] | null; others: Json[] | null; found: number };
          const [seen, extra] = [row.seen ?? [], row.others ?? []];
          const wanted = new Set(set).size;
          const success = (!within || extra.length === 0) && (!covering || row.found === wanted);
          const known = new Set(seen);
          const absent = covering && seen.length < listed ? set.filter((item) => !known.has(item)) : [];
          return {
            success,
            observed: seen,
            details: { unexpected_values: within ? extra : [], missing_values: absent },
          };
        },
      };
    },
  };
}

const mostCommon: AggregateKind = {
  kwargs: { column: 'text', value_set: 'values', ties_okay: 'flag?' },
  rule(kwargs, columns, _filter, where) {
    const column = columnOf(columns, kwargs.column);
    const expression = sqlIdentifier(column.name);
    const counts = `SELECT ${displaySql(column)} AS v, count(*) AS n FROM batch WHERE ${where} AND ${expression} IS NOT NULL GROUP BY 1`;
    return {
      columns: [column],
      select: `(SELECT list_sort(list(v)) FROM (SELECT v, n, max(n) OVER () AS most FROM (${counts})) WHERE n = most)`,
      judge(value) {
        const modes = (value ?? []) as Json[];
        const set = new Set(kwargs.value_set as Json[]);
        const hits = modes.filter((mode) => set.has(mode)).length;
        const success = kwargs.ties_okay ? hits > 0 : modes.length === 1 && hits === 1;
        return { success, observed: modes.slice(0, listed) };
      },
    };
  },
};

/** Expectations about one number or list computed from a column. */
export const aggregateKinds: Record<string, AggregateKind> = {
  expect_column_min_to_be_between: statistic(plain('min'), { times: true }),
  expect_column_max_to_be_between: statistic(plain('max'), { times: true }),
  expect_column_mean_to_be_between: statistic(plain('avg')),
  expect_column_median_to_be_between: statistic(plain('median')),
  expect_column_sum_to_be_between: statistic(plain('sum')),
  expect_column_stdev_to_be_between: statistic(plain('stddev_samp')),
  expect_column_unique_value_count_to_be_between: statistic((x, filter) => `count(DISTINCT ${x})${filter}`, {
    anyType: true,
  }),
  expect_column_proportion_of_unique_values_to_be_between: statistic(
    (x, filter) => `coalesce(count(DISTINCT ${x})${filter} / nullif(count(${x})${filter}, 0), 0)`,
    { anyType: true },
  ),
  expect_column_proportion_of_non_null_values_to_be_between: statistic(
    (x, filter) => `coalesce(count(${x})${filter} / nullif(count(*)${filter}, 0), 0)`,
    { anyType: true },
  ),
  expect_column_quantile_values_to_be_between: quantiles,
  expect_column_distinct_values_to_be_in_set: distinct(true, false),
  expect_column_distinct_values_to_contain_set: distinct(false, true),
  expect_column_distinct_values_to_equal_set: distinct(true, true),
  expect_column_most_common_value_to_be_in_set: mostCommon,
};

/** Expectations about the table as a whole, judged from its columns and row count. */
export const tableKinds: Record<
  string,
  { kwargs: KwargSpec; judge(kwargs: JsonObject, columns: readonly Column[], rows: number): Verdict }
> = {
  expect_column_to_exist: {
    kwargs: { column: 'text', column_index: 'count?' },
    judge(kwargs, columns) {
      const index = columns.findIndex((column) => column.name === kwargs.column);
      const success = index >= 0 && ((kwargs.column_index ?? null) === null || kwargs.column_index === index);
      return { success, observed: index >= 0 ? index : null };
    },
  },
  expect_column_type_to_be: {
    kwargs: { column: 'text', type_: 'text' },
    judge(kwargs, columns) {
      const { type } = columnOf(columns, kwargs.column);
      return { success: type === (kwargs.type_ as string).toUpperCase(), observed: type };
    },
  },
  expect_table_row_count_to_be_between: {
    kwargs: boundsSpec,
    judge: (kwargs, _columns, rows) => ({ success: isWithin(rows, kwargs), observed: rows }),
  },
  expect_table_row_count_to_equal: {
    kwargs: { value: 'count' },
    judge: (kwargs, _columns, rows) => ({ success: rows === kwargs.value, observed: rows }),
  },
  expect_table_column_count_to_be_between: {
    kwargs: boundsSpec,
    judge: (kwargs, columns) => ({ success: isWithin(columns.length, kwargs), observed: columns.length }),
  },
  expect_table_column_count_to_equal: {
    kwargs: { value: 'count' },
    judge: (kwargs, columns) => ({ success: columns.length === kwargs.value, observed: columns.length }),
  },
  expect_table_columns_to_match_set: {
    kwargs: { column_set: 'texts', exact_match: 'flag?' },
    judge(kwargs, columns) {
      const names = columns.map((column) => column.name);
      const set = kwargs.column_set as string[];
      const missing = set.filter((name) => !names.includes(name));
      const unexpected = names.filter((name) => !set.includes(name));
      const success = missing.length === 0 && (kwargs.exact_match === false || unexpected.length === 0);
      return { success, observed: names, details: { mismatched: { missing, unexpected } } };
    },
  },
  expect_table_columns_to_match_ordered_list: {
    kwargs: { column_list: 'texts' },
    judge(kwargs, columns) {
      const names = columns.map((column) => column.name);
      const list = kwargs.column_list as string[];
      const success = names.length === list.length && names.every((name, i) => name === list[i]);
      return { success, observed: names };
    },
  },
};
