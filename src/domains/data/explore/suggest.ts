import { wilson } from '../../../math/intervals.ts';
import type { Json } from '../../../platform/json.ts';
import { sqlIdentifier } from '../../../platform/tables/index.ts';
import { type Batch, batchSql, type Queries } from '../expectations/batch.ts';
import type { Expectation } from '../expectations/expectation.model.ts';
import type { ColumnProfile, Profile } from './profile.model.ts';

const maxSet = 500;

/**
 * Expectations that the table meets, with room for the next batch: completeness with a confidence bound, ranges
 * with a margin, the set of categories, the mean within what chance allows. They are proposals: a person
 * chooses. Ranges that outliers set, and sets of values, are warnings or tolerate a small share.
 */
export async function suggestExpectations(
  tables: Queries,
  batch: Batch,
  profile: Profile,
): Promise<Expectation[]> {
  const suggestions: Expectation[] = [];
  for (const column of profile.columns) {
    suggestions.push(...(await suggestFor(tables, batch, column, profile.rows)));
  }
  return suggestions;
}

async function suggestFor(
  tables: Queries,
  batch: Batch,
  column: ColumnProfile,
  rows: number,
): Promise<Expectation[]> {
  const { name, count } = column;
  const make = (
    type: string,
    kwargs: Record<string, Json>,
    severity: Expectation['severity'],
    description: string,
  ) => ({
    type,
    kwargs: { column: name, ...kwargs },
    severity,
    description,
  });
  if (rows === 0 || count === 0) return [];
  const share = wilson(count, rows, 0.99).lower;
  const found: Expectation[] = [
    column.missing === 0
      ? make('expect_column_values_to_not_be_null', {}, 'critical', `${name} is always there`)
      : make(
          'expect_column_values_to_not_be_null',
          { mostly: Math.floor(share * 100) / 100 },
          'critical',
          `${name} is mostly there (${((100 * count) / rows).toFixed(1)} % were)`,
        ),
  ];
  const { numeric, temporal } = column;
  if (numeric) {
    const [low, high] = margins(numeric.min, numeric.max, column.family === 'integer');
    found.push(
      make(
        'expect_column_values_to_be_between',
        { min_value: low, max_value: high },
        'critical',
        `${name} stays in its range`,
      ),
    );
    if (numeric.std !== null && numeric.std > 0) {
      const reach = 0.5 * numeric.std;
      const bounds = { min_value: rounded(numeric.mean - reach), max_value: rounded(numeric.mean + reach) };
      found.push(
        make('expect_column_mean_to_be_between', bounds, 'warning', `The mean of ${name} does not jump`),
      );
    }
  }
  if (temporal) {
    const bounds = { min_value: new Date(temporal.min).toISOString() };
    found.push(
      make(
        'expect_column_values_to_be_between',
        bounds,
        'warning',
        `${name} is not before the first row seen`,
      ),
    );
  }
  if (column.family === 'text' && column.distinct <= maxSet && column.distinct <= 0.2 * count) {
    const values = await distinctValues(tables, batch, name);
    if (values.length <= maxSet) {
      found.push(
        make(
          'expect_column_values_to_be_in_set',
          { value_set: values, mostly: 0.999 },
          'critical',
          `${name} is one of ${values.length} known values`,
        ),
      );
    }
  }
  return found;
}

async function distinctValues(tables: Queries, batch: Batch, column: string): Promise<string[]> {
  const name = sqlIdentifier(column);
  const rows = await tables.query<{ v: string }>(
    `${batchSql(batch)} SELECT DISTINCT ${name} AS v FROM batch WHERE ${name} IS NOT NULL ORDER BY 1 LIMIT ${maxSet + 1}`,
  );
  return rows.map((row) => row.v);
}

/** A tenth of the range on either side; what was never negative stays so. */
function margins(min: number, max: number, integer: boolean): [number, number] {
  const room = (max - min || Math.abs(max) || 1) / 10;
  const low = min >= 0 ? Math.max(0, min - room) : min - room;
  return integer ? [Math.floor(low), Math.ceil(max + room)] : [rounded(low), rounded(max + room)];
}

const rounded = (value: number) => Number(value.toPrecision(6));
