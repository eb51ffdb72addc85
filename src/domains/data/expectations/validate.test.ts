import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../platform/json.ts';
import { createTables, type Tables } from '../../../platform/tables/index.ts';
import type { Batch } from './batch.ts';
import type { Severity } from './expectation.model.ts';
import { expectationProblem, expectationTypes, kwargsOf } from './kinds.ts';
import { validate } from './validate.ts';

/** id, group, number with NaN and NULL, text, time. */
const batch: Batch = {
  from: `(SELECT * FROM (VALUES
    (1, 'a', 1.0::DOUBLE, 'ORD', TIMESTAMP '2001-01-01 00:00:00', 1),
    (2, 'a', 2.0, 'ORD', TIMESTAMP '2001-01-02 00:00:00', 2),
    (3, 'b', 'NaN', 'atl', TIMESTAMP '2001-01-03 00:00:00', 3),
    (4, 'b', NULL, NULL, NULL, NULL),
    (5, NULL, 40.0, 'X9', TIMESTAMP '2001-01-05 12:00:00', 6)
  ) t(id, g, x, airport, "at", other))`,
  columns: [
    { name: 'id', type: 'INTEGER' },
    { name: 'g', type: 'VARCHAR' },
    { name: 'x', type: 'DOUBLE' },
    { name: 'airport', type: 'VARCHAR' },
    { name: 'at', type: 'TIMESTAMP' },
    { name: 'other', type: 'INTEGER' },
  ],
};
const empty: Batch = { ...batch, from: `${batch.from.slice(0, -1)} WHERE false)` };

type Case = [type: string, kwargs: JsonObject, success: boolean, more?: Record<string, unknown>];

/** Expected outcomes worked out by hand from the semantics of Great Expectations. */
const cases: Case[] = [
  ['column_values_to_not_be_null', { column: 'x' }, false, { unexpectedCount: 2, unexpectedPercent: 40 }],
  ['column_values_to_not_be_null', { column: 'x', mostly: 0.6 }, true],
  ['column_values_to_not_be_null', { column: 'x', mostly: 0.61 }, false],
  ['column_values_to_be_null', { column: 'g' }, false, { unexpectedCount: 4 }],
  ['column_values_to_be_unique', { column: 'g' }, false, { unexpectedCount: 4, missingCount: 1 }],
  ['column_values_to_be_unique', { column: 'id' }, true],
  [
    'column_values_to_be_in_set',
    { column: 'airport', value_set: ['ORD', 'ATL', 7] },
    false,
    { partialUnexpected: ['atl', 'X9'] },
  ],
  ['column_values_to_be_in_set', { column: 'id', value_set: [] }, false, { unexpectedCount: 5 }],
  ['column_values_to_not_be_in_set', { column: 'airport', value_set: ['LAX'] }, true],
  ['column_values_to_be_between', { column: 'x', min_value: 1, max_value: 40 }, true, { missingCount: 2 }],
  [
    'column_values_to_be_between',
    { column: 'x', min_value: 1, strict_min: true },
    false,
    { unexpectedCount: 1 },
  ],
  [
    'column_values_to_be_between',
    { column: 'at', max_value: '2001-01-05' },
    false,
    { partialUnexpected: ['2001-01-05T12:00:00.000Z'] },
  ],
  [
    'column_values_to_be_between',
    { column: 'x', max_value: 'ten' },
    false,
    { problem: expect.stringContaining('does not compare') },
  ],
  [
    'column_values_to_be_between',
    { column: 'nope', max_value: 1 },
    false,
    { problem: 'the batch has no column "nope"' },
  ],
  [
    'column_values_to_match_regex',
    { column: 'airport', regex: '^[A-Z]{3}$' },
    false,
    { unexpectedCount: 2, unexpectedPercent: 50 },
  ],
  ['column_values_to_match_regex', { column: 'airport', regex: 'R' }, false, { unexpectedCount: 2 }],
  [
    'column_values_to_match_regex',
    { column: 'airport', regex: '^(?!X)' },
    false,
    { partialUnexpected: ['X9'] },
  ],
  [
    'column_values_to_not_match_regex',
    { column: 'airport', regex: '(?P<d>\\d)' },
    false,
    { partialUnexpected: ['X9'] },
  ],
  [
    'column_values_to_match_regex',
    { column: 'airport', regex: '(' },
    false,
    { problem: 'its regex cannot be read' },
  ],
  ['column_values_to_match_regex_list', { column: 'airport', regex_list: ['^O', 'x|X|t'] }, true],
  [
    'column_values_to_match_regex_list',
    { column: 'airport', regex_list: ['^O', 'R'], match_on: 'all', mostly: 0.5 },
    true,
  ],
  ['column_values_to_not_match_regex_list', { column: 'airport', regex_list: ['^Z', '^Q'] }, true],
  [
    'column_values_to_match_like_pattern',
    { column: 'airport', like_pattern: 'O%' },
    false,
    { unexpectedCount: 2 },
  ],
  ['column_values_to_not_match_like_pattern', { column: 'airport', like_pattern: 'Z%' }, true],
  [
    'column_values_to_match_like_pattern_list',
    { column: 'airport', like_pattern_list: ['O%', '%t%', 'X_'] },
    true,
  ],
  ['column_values_to_not_match_like_pattern_list', { column: 'airport', like_pattern_list: ['O%'] }, false],
  ['column_value_lengths_to_be_between', { column: 'airport', min_value: 3 }, false, { unexpectedCount: 1 }],
  ['column_value_lengths_to_equal', { column: 'g', value: 1 }, true],
  [
    'column_values_to_match_strftime_format',
    { column: 'g', strftime_format: '%Y' },
    false,
    { unexpectedCount: 4 },
  ],
  [
    'column_values_to_match_strftime_format',
    { column: 'g', strftime_format: '%Q' },
    false,
    { problem: 'its arguments do not fit the column' },
  ],
  ['column_values_to_be_of_type', { column: 'x', type_: 'float64' }, true],
  ['column_values_to_be_in_type_list', { column: 'x', type_list: ['int', 'str'] }, false],
  ['column_type_to_be', { column: 'at', type_: 'timestamp' }, true, { observed: 'TIMESTAMP' }],
  [
    'column_value_z_scores_to_be_less_than',
    { column: 'x', threshold: 1.15, double_sided: true },
    false,
    { partialUnexpected: [40] },
  ],
  ['column_values_to_not_be_outliers', { column: 'id' }, true],
  ['column_to_exist', { column: 'x', column_index: 2 }, true],
  ['column_to_exist', { column: 'x', column_index: 1 }, false],
  [
    'column_min_to_be_between',
    { column: 'at', min_value: '2001-01-01', max_value: '2001-01-01' },
    true,
    { observed: '2001-01-01T00:00:00.000Z' },
  ],
  ['column_max_to_be_between', { column: 'x', max_value: 40, strict_max: true }, false, { observed: 40 }],
  ['column_mean_to_be_between', { column: 'x', min_value: 14.3, max_value: 14.4 }, true],
  ['column_median_to_be_between', { column: 'x', min_value: 2, max_value: 2 }, true],
  ['column_sum_to_be_between', { column: 'id', min_value: 15, max_value: 15 }, true],
  ['column_stdev_to_be_between', { column: 'id', min_value: 1.58, max_value: 1.59 }, true],
  [
    'column_quantile_values_to_be_between',
    {
      column: 'id',
      quantile_ranges: {
        quantiles: [0.25, 0.9],
        value_ranges: [
          [2, 2],
          [null, 4],
        ],
      },
    },
    false,
    { details: { success_details: [true, false] } },
  ],
  ['column_unique_value_count_to_be_between', { column: 'airport', min_value: 3, max_value: 3 }, true],
  [
    'column_proportion_of_unique_values_to_be_between',
    { column: 'airport', min_value: 0.75, max_value: 0.75 },
    true,
  ],
  [
    'column_proportion_of_non_null_values_to_be_between',
    { column: 'x', min_value: 0.6, max_value: 0.6 },
    true,
  ],
  [
    'column_distinct_values_to_be_in_set',
    { column: 'g', value_set: ['a', 'b', 'c'] },
    true,
    { observed: ['a', 'b'] },
  ],
  [
    'column_distinct_values_to_contain_set',
    { column: 'g', value_set: ['a', 'c'] },
    false,
    { details: { unexpected_values: [], missing_values: ['c'] } },
  ],
  ['column_distinct_values_to_equal_set', { column: 'g', value_set: ['a', 'b'] }, true],
  ['column_distinct_values_to_equal_set', { column: 'g', value_set: ['a'] }, false],
  ['column_most_common_value_to_be_in_set', { column: 'airport', value_set: ['ORD'] }, true],
  ['column_most_common_value_to_be_in_set', { column: 'g', value_set: ['a'] }, false],
  ['column_most_common_value_to_be_in_set', { column: 'g', value_set: ['a'], ties_okay: true }, true],
  [
    'column_pair_values_a_to_be_greater_than_b',
    { column_A: 'other', column_B: 'id', or_equal: true, ignore_row_if: 'either_value_is_missing' },
    true,
  ],
  [
    'column_pair_values_a_to_be_greater_than_b',
    { column_A: 'other', column_B: 'id', or_equal: true },
    false,
    { unexpectedCount: 1 },
  ],
  ['column_pair_values_to_be_equal', { column_A: 'other', column_B: 'id', mostly: 0.6 }, true],
  [
    'column_pair_values_to_be_in_set',
    {
      column_A: 'g',
      column_B: 'airport',
      value_pairs_set: [
        ['a', 'ORD'],
        ['b', 'atl'],
      ],
      ignore_row_if: 'either_value_is_missing',
    },
    true,
  ],
  ['compound_columns_to_be_unique', { column_list: ['g', 'airport'] }, false, { unexpectedCount: 2 }],
  ['compound_columns_to_be_unique', { column_list: ['g', 'id'] }, true],
  [
    'select_column_values_to_be_unique_within_record',
    { column_list: ['id', 'other'], ignore_row_if: 'any_value_is_missing' },
    false,
    { unexpectedCount: 3 },
  ],
  ['multicolumn_values_to_be_equal', { column_list: ['id', 'other'], mostly: 0.6 }, true],
  ['multicolumn_sum_to_equal', { column_list: ['id', 'other'], sum_total: 2 }, false, { unexpectedCount: 4 }],
  ['table_row_count_to_be_between', { min_value: 5 }, true, { observed: 5 }],
  ['table_row_count_to_equal', { value: 4 }, false],
  ['table_column_count_to_be_between', { min_value: 6, max_value: 6 }, true],
  ['table_column_count_to_equal', { value: 6 }, true],
  ['table_columns_to_match_set', { column_set: ['id', 'x'], exact_match: false }, true],
  [
    'table_columns_to_match_set',
    { column_set: ['id', 'y'] },
    false,
    { details: { mismatched: { missing: ['y'], unexpected: ['g', 'x', 'airport', 'at', 'other'] } } },
  ],
  ['table_columns_to_match_ordered_list', { column_list: ['id', 'g', 'x', 'airport', 'at', 'other'] }, true],
];

const expectationOf = (type: string, kwargs: JsonObject, severity: Severity = 'critical') => ({
  type: `expect_${type}`,
  kwargs,
  severity,
});

describe('validate', () => {
  let tables: Tables;
  beforeAll(async () => {
    tables = await createTables({ threads: 1 });
  });
  afterAll(() => tables.close());

  test.each(cases)('expect_%s %j → %s', async (type, kwargs, success, more) => {
    const { results } = await validate(tables, batch, [expectationOf(type, kwargs)]);
    expect(results[0]).toMatchObject({ success, problem: null, ...more });
  });

  test('the whole suite in one go says the same', async () => {
    const report = await validate(
      tables,
      batch,
      cases.map(([type, kwargs]) => expectationOf(type, kwargs)),
    );
    expect(report.results.map((result) => result.success)).toEqual(cases.map((item) => item[2]));
    expect(report).toMatchObject({ success: false, rows: 5, evaluated: cases.length });
  });

  test('a suite is one scan, and failures cost their samples only', async () => {
    const statements: string[] = [];
    const counted: Pick<Tables, 'query'> = {
      query: (sql) => {
        statements.push(sql);
        return tables.query(sql);
      },
    };
    await validate(counted, batch, [
      expectationOf('column_values_to_not_be_null', { column: 'id' }),
      expectationOf('column_mean_to_be_between', { column: 'id', min_value: 0 }),
      expectationOf('column_values_to_be_unique', { column: 'id' }),
    ]);
    expect(statements).toHaveLength(1);
  });

  test('every type is covered', () => {
    const covered = new Set(cases.map(([type]) => `expect_${type}`));
    expect(expectationTypes.filter((type) => !covered.has(type))).toEqual([]);
  });

  test('nothing to judge is vacuously true for rows, and false for aggregates', async () => {
    const { results } = await validate(tables, empty, [
      expectationOf('column_values_to_be_between', { column: 'x', min_value: 1 }),
      expectationOf('column_values_to_not_be_null', { column: 'x' }),
      expectationOf('column_mean_to_be_between', { column: 'x' }),
      expectationOf('column_unique_value_count_to_be_between', { column: 'x', max_value: 0 }),
    ]);
    expect(results.map((result) => result.success)).toEqual([true, true, false, true]);
    expect(results[0]).toMatchObject({ elementCount: 0, unexpectedPercent: null });
  });

  test('only a failed critical expectation fails the suite', async () => {
    const failing = { column: 'x', max_value: 0 };
    const report = await validate(tables, batch, [
      expectationOf('column_values_to_be_between', failing, 'warning'),
      expectationOf('column_values_to_be_between', failing, 'info'),
    ]);
    expect(report).toMatchObject({ success: true, failed: 2, successful: 0 });
  });

  test('a report names counts, frequent values, row numbers and sample rows', async () => {
    const numbered: Batch = { ...batch, from: `(SELECT *, id - 1 AS i FROM ${batch.from})`, rowNumber: 'i' };
    const { results } = await validate(tables, numbered, [
      expectationOf('column_values_to_be_in_set', { column: 'airport', value_set: ['atl'] }),
    ]);
    expect(results[0]).toMatchObject({
      elementCount: 5,
      missingCount: 1,
      missingPercent: 20,
      unexpectedCount: 3,
      unexpectedPercent: 75,
      unexpectedPercentTotal: 60,
      partialUnexpected: ['ORD', 'ORD', 'X9'],
      partialUnexpectedRows: [0, 1, 4],
      partialUnexpectedCounts: [
        { value: 'ORD', count: 2 },
        { value: 'X9', count: 1 },
      ],
    });
    expect(results[0].sampleRows[2]).toEqual({
      id: 5,
      g: null,
      x: 40,
      airport: 'X9',
      at: '2001-01-05T12:00:00.000Z',
      other: 6,
    });
  });

  test.each([
    [{ type: 'comparison', column: { name: 'g' }, operator: '==', parameter: 'a' }, 2],
    [{ type: 'comparison', column: { name: 'id' }, operator: 'NOT_IN', parameter: [1, 2] }, 3],
    [{ type: 'nullity', column: { name: 'g' }, is_null: true }, 1],
    [
      {
        type: 'and',
        conditions: [
          { type: 'comparison', column: { name: 'id' }, operator: '>', parameter: 1 },
          { type: 'nullity', column: { name: 'g' }, is_null: false },
        ],
      },
      3,
    ],
    ['col("id") > 2 and col("g").notNull()', 2],
    ["col('g') == 'b'", 2],
  ] as [JsonObject | string, number][])('row_condition %j keeps %i rows', async (condition, rows) => {
    const { results } = await validate(tables, batch, [
      expectationOf('column_values_to_not_be_null', { column: 'id', row_condition: condition }),
    ]);
    expect(results[0]).toMatchObject({ elementCount: rows, success: true });
  });

  test.each([
    [{ type: 'pass_through', pass_through_filter: '1=1' }],
    ['id > 3'],
    ['col("id") > 3; DROP TABLE x'],
  ] as [JsonObject | string][])('row_condition %j is refused', async (condition) => {
    const { results } = await validate(tables, batch, [
      expectationOf('column_values_to_not_be_null', { column: 'id', row_condition: condition }),
    ]);
    expect(results[0]).toMatchObject({ success: false, problem: expect.stringContaining('row_condition') });
  });

  test('whatever a suite may say is judged, never an error', async () => {
    const scalar = fc.oneof(
      fc.constantFrom(
        'id',
        'g',
        'x',
        'at',
        'nope',
        '',
        "'",
        '(',
        '%',
        '2001-01-01',
        'any',
        'all',
        'never',
        'BIGINT',
      ),
      fc.string({ maxLength: 4 }),
      fc.integer({ min: -5, max: 5 }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
    );
    const texts = fc.array(
      fc.oneof(fc.constantFrom('id', 'x', '(', '%Y', '^a'), fc.string({ maxLength: 4 })),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    const byShape: Record<string, fc.Arbitrary<unknown>> = {
      text: texts.map((list) => list[0]),
      texts,
      bound: scalar,
      number: fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(1e300, -1e-300, 0.5)),
      fraction: fc.double({ min: 0, max: 1, noNaN: true }),
      flag: fc.boolean(),
      count: fc.nat(9),
      values: fc.array(scalar, { maxLength: 4 }),
      pairs: fc.array(fc.tuple(scalar, scalar), { maxLength: 2 }),
      quantiles: fc.constantFrom(
        { quantiles: [0.5], value_ranges: [[0, null]] },
        {
          quantiles: [0, 1],
          value_ranges: [
            [null, null],
            ['2001-01-01', 3],
          ],
        },
        { quantiles: [], value_ranges: [] },
      ),
    };
    const names = fc.constantFrom('id', 'g', 'x', 'airport', 'at', 'other');
    const given = fc.constantFrom(...expectationTypes).chain((type) => {
      const spec = kwargsOf(type) ?? {};
      const fields = Object.keys(spec).map((name) => {
        const isColumn = /^column(_A|_B)?$/.test(name);
        return [
          name,
          isColumn
            ? names
            : name === 'column_list'
              ? fc.array(names, { minLength: 1 })
              : byShape[spec[name].replace('?', '')],
        ] as const;
      });
      const optional = Object.keys(spec).filter((name) => !spec[name].endsWith('?'));
      return fc.record({
        type: fc.constant(type),
        kwargs: fc.record(Object.fromEntries(fields), { requiredKeys: optional }) as fc.Arbitrary<JsonObject>,
      });
    });
    let judged = 0;
    await fc.assert(
      fc.asyncProperty(given, async ({ type, kwargs }) => {
        if (expectationProblem(type, kwargs) !== null) return;
        judged++;
        const { results } = await validate(tables, batch, [{ type, kwargs, severity: 'critical' }]);
        expect(typeof results[0].success).toBe('boolean');
      }),
      { numRuns: 400 },
    );
    expect(judged).toBeGreaterThan(300);
  });

  test('a regex that never ends is stopped', async () => {
    const slow: Batch = {
      from: `(SELECT repeat('a', 40) || 'b' AS t)`,
      columns: [{ name: 't', type: 'VARCHAR' }],
    };
    const { results } = await validate(tables, slow, [
      expectationOf('column_values_to_match_regex', { column: 't', regex: '(?=x?)^(a+)+$' }),
    ]);
    expect(results[0].problem).toBe('its regex takes too long on these values');
  });
});
