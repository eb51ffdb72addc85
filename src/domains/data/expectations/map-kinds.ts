import type { Json, JsonObject } from '../../../platform/json.ts';
import { sqlIdentifier, sqlLiteral } from '../../../platform/tables/sql.ts';
import { type Column, displaySql, familyOf, isNumeric, typeMatches } from '../columns.ts';
import { columnOf } from './conditions.ts';
import type { KwargSpec } from './kwargs.ts';
import { listSql, Problem, valueSql, withinSql } from './sql-values.ts';

/** What a map expectation needs: which rows it judges, which of them it does not expect, what it shows. */
export type MapRule = {
  columns: Column[];
  /** SQL: the row is judged; the others are missing. */
  judged: string;
  /** SQL: a judged row is unexpected; never NULL. */
  unexpected: string;
  /** SQL of the value shown in a report. */
  shown: string;
};

/** What the compiler knows: the batch's columns, the row condition, and regexes that DuckDB cannot run. */
export type MapContext = {
  columns: readonly Column[];
  /** SQL of the row condition, or `true`. */
  where: string;
  /** SQL that holds when the text matches the regex (searching, as Python's `re.search`). */
  matches(column: Column, regex: string): string;
};

export type MapKind = { kwargs: KwargSpec; rule(kwargs: JsonObject, context: MapContext): MapRule };

/** A map kind over one column: `holds` is SQL of a value that is as expected. */
function columnKind(
  kwargs: KwargSpec,
  holds: (kwargs: JsonObject, column: Column, expression: string, context: MapContext) => string,
): MapKind {
  return {
    kwargs: { column: 'text', mostly: 'fraction?', ...kwargs },
    rule(given, context) {
      const column = columnOf(context.columns, given.column);
      const expression = sqlIdentifier(column.name);
      const unexpected = `NOT coalesce(${holds(given, column, expression, context)}, false)`;
      return {
        columns: [column],
        judged: `${expression} IS NOT NULL`,
        unexpected,
        shown: displaySql(column),
      };
    },
  };
}

function needText(column: Column): void {
  if (familyOf(column.type) !== 'text')
    throw new Problem(`the column "${column.name}" is ${column.type}, not text`);
}

function needNumber(column: Column): void {
  if (!isNumeric(column.type))
    throw new Problem(`the column "${column.name}" is ${column.type}, not a number`);
}

const bounds: KwargSpec = {
  min_value: 'bound?',
  max_value: 'bound?',
  strict_min: 'flag?',
  strict_max: 'flag?',
};

const boundsOf = (kwargs: JsonObject) => ({
  min: kwargs.min_value,
  max: kwargs.max_value,
  strictMin: kwargs.strict_min,
  strictMax: kwargs.strict_max,
});

const numberLiteral = (bound: Json): string => {
  if (typeof bound !== 'number') throw new Problem('its bounds must be numbers');
  return sqlLiteral(bound);
};

/** Joins conditions as `match_on` says: any (default) or all. */
const joined = (kwargs: JsonObject, parts: string[]) =>
  `(${parts.join(kwargs.match_on === 'all' ? ' AND ' : ' OR ')})`;

const like = (expression: string, pattern: Json) => `${expression} LIKE ${sqlLiteral(pattern as string)}`;

const perValue: Record<string, MapKind> = {
  expect_column_values_to_be_in_set: columnKind({ value_set: 'values' }, (kwargs, column, expression) => {
    const list = listSql(column, kwargs.value_set as Json[]);
    return list === null ? 'false' : `${expression} IN (${list})`;
  }),
  expect_column_values_to_not_be_in_set: columnKind({ value_set: 'values' }, (kwargs, column, expression) => {
    const list = listSql(column, kwargs.value_set as Json[]);
    return list === null ? 'true' : `${expression} NOT IN (${list})`;
  }),
  expect_column_values_to_be_between: columnKind(bounds, (kwargs, column, expression) =>
    withinSql(expression, (bound) => valueSql(column, bound), boundsOf(kwargs)),
  ),
  expect_column_values_to_be_unique: columnKind({}, (_kwargs, _column, expression, { where }) => {
    return `${expression} NOT IN (SELECT ${expression} FROM batch WHERE ${where} AND ${expression} IS NOT NULL GROUP BY 1 HAVING count(*) > 1)`;
  }),
  expect_column_values_to_be_of_type: columnKind({ type_: 'text' }, (kwargs, column) =>
    String(typeMatches(column.type, kwargs.type_ as string)),
  ),
  expect_column_values_to_be_in_type_list: columnKind({ type_list: 'texts' }, (kwargs, column) =>
    String((kwargs.type_list as string[]).some((name) => typeMatches(column.type, name))),
  ),
  expect_column_value_z_scores_to_be_less_than: columnKind(
    { threshold: 'number', double_sided: 'flag?' },
    (kwargs, column, expression, { where }) => {
      needNumber(column);
      const of = (aggregate: string) => `(SELECT ${aggregate}(${expression}) FROM batch WHERE ${where})`;
      const z = `((${expression} - ${of('avg')}) / ${of('stddev_samp')})`;
      return `${kwargs.double_sided === false ? z : `abs(${z})`} < ${numberLiteral(kwargs.threshold)}`;
    },
  ),
  expect_column_values_to_not_be_outliers: columnKind(
    { method: 'text?', multiplier: 'number?' },
    (kwargs, column, expression, { where }) => {
      needNumber(column);
      const of = (aggregate: string) => `(SELECT ${aggregate} FROM batch WHERE ${where})`;
      const quartile = (q: number) => of(`quantile_cont(${expression}, ${q})`);
      const multiplier = numberLiteral(kwargs.multiplier ?? (kwargs.method === 'std' ? 3 : 1.5));
      if (kwargs.method === 'std') {
        const [mean, deviation] = [of(`avg(${expression})`), of(`stddev_samp(${expression})`)];
        return `abs(${expression} - ${mean}) <= ${multiplier} * ${deviation}`;
      }
      if ((kwargs.method ?? 'iqr') !== 'iqr') throw new Problem('its method must be iqr or std');
      const reach = `${multiplier} * (${quartile(0.75)} - ${quartile(0.25)})`;
      return `${expression} BETWEEN ${quartile(0.25)} - ${reach} AND ${quartile(0.75)} + ${reach}`;
    },
  ),
};

const textKinds: Record<string, MapKind> = {
  expect_column_values_to_match_regex: columnKind(
    { regex: 'text' },
    (kwargs, column, _expression, context) => {
      needText(column);
      return context.matches(column, kwargs.regex as string);
    },
  ),
  expect_column_values_to_not_match_regex: columnKind(
    { regex: 'text' },
    (kwargs, column, _expression, context) => {
      needText(column);
      return `NOT ${context.matches(column, kwargs.regex as string)}`;
    },
  ),
  expect_column_values_to_match_regex_list: columnKind(
    { regex_list: 'texts', match_on: 'text?' },
    (kwargs, column, _expression, context) => {
      needText(column);
      return joined(
        kwargs,
        (kwargs.regex_list as string[]).map((regex) => context.matches(column, regex)),
      );
    },
  ),
  expect_column_values_to_not_match_regex_list: columnKind(
    { regex_list: 'texts' },
    (kwargs, column, _expression, context) => {
      needText(column);
      return `NOT ${joined(
        {},
        (kwargs.regex_list as string[]).map((regex) => context.matches(column, regex)),
      )}`;
    },
  ),
  expect_column_values_to_match_like_pattern: columnKind(
    { like_pattern: 'text' },
    (kwargs, column, expression) => {
      needText(column);
      return like(expression, kwargs.like_pattern);
    },
  ),
  expect_column_values_to_not_match_like_pattern: columnKind(
    { like_pattern: 'text' },
    (kwargs, column, expression) => {
      needText(column);
      return `NOT ${like(expression, kwargs.like_pattern)}`;
    },
  ),
  expect_column_values_to_match_like_pattern_list: columnKind(
    { like_pattern_list: 'texts', match_on: 'text?' },
    (kwargs, column, expression) => {
      needText(column);
      return joined(
        kwargs,
        (kwargs.like_pattern_list as string[]).map((pattern) => like(expression, pattern)),
      );
    },
  ),
  expect_column_values_to_not_match_like_pattern_list: columnKind(
    { like_pattern_list: 'texts' },
    (kwargs, column, expression) => {
      needText(column);
      return `NOT ${joined(
        {},
        (kwargs.like_pattern_list as string[]).map((pattern) => like(expression, pattern)),
      )}`;
    },
  ),
  expect_column_value_lengths_to_be_between: columnKind(bounds, (kwargs, column, expression) => {
    needText(column);
    return withinSql(`length(${expression})`, numberLiteral, boundsOf(kwargs));
  }),
  expect_column_value_lengths_to_equal: columnKind({ value: 'count' }, (kwargs, column, expression) => {
    needText(column);
    return `length(${expression}) = ${numberLiteral(kwargs.value)}`;
  }),
  expect_column_values_to_match_strftime_format: columnKind(
    { strftime_format: 'text' },
    (kwargs, column, expression) => {
      needText(column);
      return `try_strptime(${expression}, ${sqlLiteral(kwargs.strftime_format as string)}) IS NOT NULL`;
    },
  ),
};

/** Null checks judge every row. */
const nullKind = (unexpected: string): MapKind => ({
  kwargs: { column: 'text', mostly: 'fraction?' },
  rule(kwargs, context) {
    const column = columnOf(context.columns, kwargs.column);
    const sql = `${sqlIdentifier(column.name)} ${unexpected}`;
    return { columns: [column], judged: 'true', unexpected: sql, shown: displaySql(column) };
  },
});

/** Which rows a rule over several columns leaves out, by `ignore_row_if`. */
function judgedRows(columns: readonly Column[], ignore: Json | undefined, fallback: string): string {
  const present = columns.map((column) => `${sqlIdentifier(column.name)} IS NOT NULL`);
  switch (ignore ?? fallback) {
    case 'both_values_are_missing':
    case 'all_values_are_missing':
      return `(${present.join(' OR ')})`;
    case 'either_value_is_missing':
    case 'any_value_is_missing':
      return `(${present.join(' AND ')})`;
    case 'neither':
    case 'never':
      return 'true';
    default:
      throw new Problem(`its ignore_row_if "${String(ignore)}" is not known`);
  }
}

const shownRow = (columns: readonly Column[]) =>
  `struct_pack(${columns.map((column) => `${sqlIdentifier(column.name)} := ${displaySql(column)}`).join(', ')})`;

function manyKind(
  names: (kwargs: JsonObject) => string[],
  kwargs: KwargSpec,
  fallback: string,
  holds: (kwargs: JsonObject, columns: Column[], context: MapContext) => string,
): MapKind {
  return {
    kwargs: { ...kwargs, ignore_row_if: 'text?', mostly: 'fraction?' },
    rule(given, context) {
      const columns = names(given).map((name) => columnOf(context.columns, name));
      if (new Set(columns).size < columns.length) throw new Problem('it names a column twice');
      return {
        columns,
        judged: judgedRows(columns, given.ignore_row_if, fallback),
        unexpected: `NOT coalesce(${holds(given, columns, context)}, false)`,
        shown: shownRow(columns),
      };
    },
  };
}

const pairKind = (kwargs: KwargSpec, holds: (kwargs: JsonObject, a: Column, b: Column) => string) =>
  manyKind(
    (given) => [given.column_A as string, given.column_B as string],
    { column_A: 'text', column_B: 'text', ...kwargs },
    'both_values_are_missing',
    (given, [a, b]) => holds(given, a, b),
  );

const listKind = (
  kwargs: KwargSpec,
  holds: (kwargs: JsonObject, columns: Column[], context: MapContext) => string,
) =>
  manyKind(
    (given) => given.column_list as string[],
    { column_list: 'texts', ...kwargs },
    'all_values_are_missing',
    holds,
  );

const ids = (columns: readonly Column[]) => columns.map((column) => sqlIdentifier(column.name));

const manyColumns: Record<string, MapKind> = {
  expect_column_pair_values_a_to_be_greater_than_b: pairKind({ or_equal: 'flag?' }, (kwargs, a, b) => {
    if (familyOf(a.type) !== familyOf(b.type) && !(isNumeric(a.type) && isNumeric(b.type))) {
      throw new Problem(`the columns "${a.name}" and "${b.name}" do not compare`);
    }
    return `${sqlIdentifier(a.name)} ${kwargs.or_equal ? '>=' : '>'} ${sqlIdentifier(b.name)}`;
  }),
  expect_column_pair_values_to_be_equal: pairKind({}, (_kwargs, a, b) =>
    familyOf(a.type) === familyOf(b.type) || (isNumeric(a.type) && isNumeric(b.type))
      ? `${sqlIdentifier(a.name)} = ${sqlIdentifier(b.name)}`
      : 'false',
  ),
  expect_column_pair_values_to_be_in_set: pairKind({ value_pairs_set: 'pairs' }, (kwargs, a, b) => {
    const pairs = (kwargs.value_pairs_set as Json[][]).flatMap(([left, right]) => {
      const [x, y] = [listSql(a, [left]), listSql(b, [right])];
      return x === null || y === null
        ? []
        : [`(${sqlIdentifier(a.name)} = ${x} AND ${sqlIdentifier(b.name)} = ${y})`];
    });
    return pairs.length === 0 ? 'false' : `(${pairs.join(' OR ')})`;
  }),
  expect_compound_columns_to_be_unique: listKind({}, (_kwargs, columns, { where }) => {
    const list = ids(columns).join(', ');
    return `row(${list}) NOT IN (SELECT row(${list}) FROM batch WHERE ${where} GROUP BY ${list} HAVING count(*) > 1)`;
  }),
  expect_select_column_values_to_be_unique_within_record: listKind({}, (_kwargs, columns) => {
    const pairs = columns.flatMap((a, i) =>
      columns.slice(i + 1).map((b) => `${sqlIdentifier(a.name)} IS DISTINCT FROM ${sqlIdentifier(b.name)}`),
    );
    return pairs.length === 0 ? 'true' : pairs.join(' AND ');
  }),
  expect_multicolumn_values_to_be_equal: listKind({}, (_kwargs, columns) => {
    const [first, ...rest] = ids(columns);
    return rest.length === 0 ? 'true' : rest.map((other) => `${first} = ${other}`).join(' AND ');
  }),
  expect_multicolumn_sum_to_equal: listKind({ sum_total: 'number' }, (kwargs, columns) => {
    for (const column of columns) needNumber(column);
    return `${ids(columns).join(' + ')} = ${numberLiteral(kwargs.sum_total)}`;
  }),
};

/** Expectations that judge rows one by one. */
export const mapKinds: Record<string, MapKind> = {
  expect_column_values_to_not_be_null: nullKind('IS NULL'),
  expect_column_values_to_be_null: nullKind('IS NOT NULL'),
  ...perValue,
  ...textKinds,
  ...manyColumns,
};
