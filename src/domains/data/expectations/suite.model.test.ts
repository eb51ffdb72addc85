import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../../../platform/json.ts';
import { reportOf } from './expectation.model.ts';
import { readSuite, SuiteProblem, writeReport, writeSuite } from './suite.model.ts';

const between = { column: 'a', min_value: 0, max_value: 9, mostly: 0.95 };

describe('suites of Great Expectations', () => {
  test('refuses what is nested without end', () => {
    const deep = JSON.parse(`${'['.repeat(5000)}1${']'.repeat(5000)}`);
    const entry = { type: 'expect_column_values_to_be_in_set', kwargs: { column: 'a', value_set: deep } };
    expect(() => readSuite([entry])).toThrow(/deeper than 64/);
  });

  test('1.x goes in and comes out the same', () => {
    const suite = readSuite({
      name: 's',
      meta: { great_expectations_version: '1.5.0' },
      suite_parameters: {},
      expectations: [
        {
          type: 'expect_column_values_to_be_between',
          kwargs: between,
          meta: {},
          severity: 'warning',
          id: 'x',
        },
      ],
    });
    expect(suite.expectations[0]).toEqual({
      type: 'expect_column_values_to_be_between',
      kwargs: between,
      severity: 'warning',
      id: 'x',
    });
    expect(readSuite(writeSuite(suite))).toEqual(suite);
  });

  test('0.x is understood, with its parameters', () => {
    const suite = readSuite({
      expectation_suite_name: 'old',
      ge_cloud_id: null,
      data_asset_type: null,
      evaluation_parameters: { top: 9 },
      expectations: [
        {
          expectation_type: 'expect_column_max_to_be_between',
          kwargs: { column: 'a', max_value: { $PARAMETER: 'top' } },
          meta: {},
        },
      ],
    });
    expect(suite).toMatchObject({
      name: 'old',
      expectations: [{ kwargs: { max_value: 9 }, severity: 'critical' }],
    });
  });

  test.each([
    [{}, 'needs a list'],
    [{ expectations: [1] }, 'is an object'],
    [{ expectations: [{ kwargs: {} }] }, 'needs a type'],
    [{ expectations: [{ type: 'expect_column_to_exist', kwargs: {} }] }, 'needs the argument "column"'],
    [{ expectations: [{ type: 'expect_column_to_exist', kwargs: { column: 1 } }] }, 'must be a text'],
    [
      { expectations: [{ type: 'expect_column_to_exist', kwargs: { column: 'a', mostly: 1 } }] },
      'takes no argument "mostly"',
    ],
    [
      { expectations: [{ type: 'expect_column_values_to_be_null', kwargs: { column: 'a', mostly: 1.1 } }] },
      'from 0 to 1',
    ],
    [
      { expectations: [{ type: 'expect_column_to_exist', kwargs: { column: { $PARAMETER: 'x' } } }] },
      'no value for its parameter',
    ],
    [
      { expectations: [{ type: 'expect_column_to_exist', kwargs: { column: 'a' }, severity: 'high' }] },
      'severity',
    ],
    [{ expectations: [{ type: 'toString', kwargs: {} }] }, 'not known'],
  ])('%j is refused', (suite, message) => {
    expect(() => readSuite(suite as Json)).toThrow(message);
  });

  test('whatever comes in is read or refused with a place', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          readSuite({
            expectations: [{ type: 'expect_column_values_to_be_between', kwargs: value as Json }],
          });
          readSuite(value as Json);
        } catch (error) {
          expect(error).toBeInstanceOf(SuiteProblem);
        }
      }),
    );
  });

  test('a report has the statistics of a validation result', () => {
    expect(writeReport('s', reportOf(0, []), {})).toMatchObject({
      success: true,
      suite_name: 's',
      statistics: { evaluated_expectations: 0, success_percent: null },
    });
  });
});
