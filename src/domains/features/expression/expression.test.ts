import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTables, sqlIdentifier, sqlLiteral, type Tables } from '../../../platform/tables/index.ts';
import type { Row, Value, ValueType } from './ast.ts';
import { columnSql, columnsOf, compileExpression } from './expression.ts';

const columns = {
  a: 'number',
  b: 'number',
  s: 'string',
  u: 'string',
  p: 'boolean',
  q: 'boolean',
  t: 'timestamp',
  v: 'timestamp',
} as const satisfies Record<string, ValueType>;

const edgeNumbers = [
  0,
  -0,
  1,
  -1,
  0.5,
  -0.5,
  1.5,
  2.5,
  -2.5,
  0.49999999999999994,
  3,
  7,
  -7,
  8,
  15,
  60,
  1e-300,
  1e15,
  2 ** 53,
  -(2 ** 53),
  1e300,
  -1e300,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
];
const number = fc.oneof(
  fc.constantFrom(...edgeNumbers),
  fc.double({ noDefaultInfinity: true }),
  fc.integer(),
);
const word = fc.oneof(
  fc.constantFrom(
    '',
    'ATL',
    'atl',
    'É',
    'ﬀ',
    '😀',
    'a😀b',
    'İ',
    'ß',
    '12',
    '-1.5e3',
    '1e999',
    ' 7',
    '7.',
    '.5',
    "o'x",
  ),
  fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => !text.includes('\0')),
);
const time = fc.oneof(
  fc.constantFrom(0, -1, 978_307_200_000, 951_782_399_999, -62_135_596_800_000, 253_402_300_799_999),
  fc.integer({ min: -4_000_000_000_000, max: 8_000_000_000_000 }),
);
const nullable = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 6 });
const row: fc.Arbitrary<Row> = fc.record({
  a: nullable(number),
  b: nullable(number),
  s: nullable(word),
  u: nullable(word),
  p: nullable(fc.boolean()),
  q: nullable(fc.boolean()),
  t: nullable(time),
  v: nullable(time),
});

const text = (value: string) => `'${value.replaceAll("'", "''")}'`;
const join = (...parts: fc.Arbitrary<string>[]) => fc.tuple(...parts).map((values) => values.join(''));
const from = (...values: string[]) => fc.constantFrom(...values);

/** Random well-typed expressions, one generator a type. */
const grammar = fc.letrec<Record<ValueType, string>>((tie) => {
  const n = tie('number');
  const b = tie('boolean');
  const s = tie('string');
  const t = tie('timestamp');
  const i = tie('interval');
  const call = (names: string[], ...operands: fc.Arbitrary<string>[]) =>
    fc.tuple(from(...names), ...operands).map(([name, ...values]) => `${name}(${values.join(', ')})`);
  const binary = (left: fc.Arbitrary<string>, operators: string[], right: fc.Arbitrary<string>) =>
    join(from('('), left, from(...operators.map((operator) => ` ${operator} `)), right, from(')'));
  const choose = (value: fc.Arbitrary<string>) =>
    join(from('case when '), b, from(' then '), value, from(' else '), value, from(' end'));
  const order = ['=', '<>', '<', '<=', '>', '>='];
  const depth = { maxDepth: 4, depthIdentifier: 'expression' } as const;
  return {
    number: fc.oneof(
      depth,
      from('a', 'b', '0', '1', '2.5', '8', '1e3', 'a', 'b'),
      binary(n, ['+', '-', '*', '/', '//', '%'], n),
      call(['abs', 'floor', 'ceil', 'round', 'trunc', 'sqrt', 'ln', 'exp', '-'], n),
      call(['greatest', 'least', 'coalesce'], n, n),
      call(
        ['hour', 'minute', 'second', 'weekday', 'isodow', 'day', 'month', 'year', 'day_of_year', 'epoch'],
        t,
      ),
      call(['epoch'], i),
      call(['length'], s),
      choose(n),
      join(from('cast('), fc.oneof(n, b, s), from(' as number)')),
      join(n, from('::integer')).map((inner) => `(${inner})`),
    ),
    boolean: fc.oneof(
      depth,
      from('p', 'q', 'true', 'false'),
      binary(n, order, n),
      binary(s, order, s),
      binary(t, order, t),
      binary(i, order, i),
      binary(b, ['and', 'or', '=', '<>'], b),
      join(from('(not '), b, from(')')),
      join(from('('), fc.oneof(n, s, t, b), from(' is null)', ' is not null)')),
      join(from('('), n, from(' between '), n, from(' and '), n, from(')')),
      join(from('('), s, from(' in ('), s, from(', '), s, from('))')),
      call(['starts_with'], s, s),
    ),
    string: fc.oneof(
      depth,
      from('s', 'u', "''", "'ATL'", "'😀'"),
      word.map(text),
      binary(s, ['||'], s),
      call(['lower', 'upper'], s),
      call(['greatest', 'least', 'coalesce'], s, s),
      choose(s),
    ),
    timestamp: fc.oneof(
      depth,
      from('t', 'v', "timestamp '2001-02-28 23:59:59.5'"),
      binary(t, ['+', '-'], i),
      call(['greatest', 'least', 'coalesce'], t, t),
      choose(t),
    ),
    interval: fc.oneof(
      depth,
      from('interval 1 minute', "interval '90 minutes'", "interval '2' days"),
      call(['to_seconds', 'to_minutes', 'to_hours', 'to_days'], n),
      binary(t, ['-'], t),
      binary(i, ['+', '-'], i),
      binary(i, ['*'], n),
    ),
  };
});

function literal(value: Value, type: ValueType): string {
  if (value === null)
    return `NULL::${{ number: 'DOUBLE', string: 'VARCHAR', boolean: 'BOOLEAN', timestamp: 'TIMESTAMP', interval: 'DOUBLE' }[type]}`;
  if (type === 'timestamp') return `make_timestamp(${(value as number) * 1000}::BIGINT)`;
  if (type === 'number') return `'${Object.is(value, -0) ? '-0' : value}'::DOUBLE`;
  return sqlLiteral(value);
}

describe('the two back-ends of an expression', () => {
  let tables: Tables;
  beforeAll(async () => {
    tables = await createTables({ threads: 1 });
  });
  afterAll(() => tables.close());

  async function bySql(sql: string, rows: readonly Row[]): Promise<Value[]> {
    const names = Object.keys(columns) as (keyof typeof columns)[];
    const values = rows.map(
      (one, i) => `(${i}, ${names.map((name) => literal(one[name], columns[name])).join(', ')})`,
    );
    const source = `(values ${values.join(', ')}) source(i, ${names.map(sqlIdentifier).join(', ')})`;
    const read = names
      .map((name) => `${columnSql(name, columns[name])} as ${sqlIdentifier(name)}`)
      .join(', ');
    const result = await tables.query<{ x: Value }>(
      `select ${sql} as x from (select i, ${read} from ${source}) order by i`,
    );
    return result.map(({ x }) => x);
  }

  it('agree on every random typed expression and row, edge values included', async () => {
    const anyExpression = fc.oneof(
      grammar.number,
      grammar.boolean,
      grammar.string,
      grammar.timestamp,
      grammar.interval,
    );
    await fc.assert(
      fc.asyncProperty(
        anyExpression,
        fc.array(row, { minLength: 1, maxLength: 12 }),
        async (source, rows) => {
          const expression = compileExpression(source, columns);
          const expected = await bySql(expression.sql, rows);
          const actual = rows.map((one) => expression.evaluate(one));
          for (const [i, value] of actual.entries()) {
            const sql = expected[i];
            const same = value === sql || (Number.isNaN(value) && Number.isNaN(sql));
            if (!same)
              throw new Error(
                `${source}\nSQL ${String(sql)}, JS ${String(value)} at ${JSON.stringify(rows[i])}\n${expression.sql}`,
              );
          }
        },
      ),
      { numRuns: Number(process.env.HOUSTON_PROPERTY_RUNS ?? 300) },
    );
  });

  it.each([
    ['round(-2.5)', -3],
    ['2.5::integer', 3],
    ['ln(0)', null],
    ['sqrt(-1)', null],
    ['exp(1000)', null],
    ['0 / 0', Number.NaN],
    ['1 / 0', Number.POSITIVE_INFINITY],
    ['-7 // 2', -3],
    ['7 // 0', null],
    ['-7 % 3', -1],
    ["length('a😀')", 2],
    ["lower('İA')", 'İa'],
    ['greatest(null, 3, 1)', 3],
    ['0 / 0 = 0 / 0', true],
    ['0 / 0 > 1 / 0', true],
    ["null || 'x'", null],
    ["weekday(timestamp '2001-01-01')", 1],
    ["day_of_year(timestamp '2000-12-31 23:59')", 366],
    ["hour(timestamp '1969-12-31 23:00')", 23],
    ["cast('12.5' as number)", 12.5],
    ["cast('x' as number)", null],
    [
      "greatest(timestamp '2001-01-01' + interval 1 minute, timestamp '2001-01-01' + to_minutes(30 + 800 // 8 + -200))",
      978_307_260_000,
    ],
  ])('pins %s as %s', async (source, value) => {
    const expression = compileExpression(source, columns);
    expect(expression.evaluate({})).toEqual(value);
    expect(await bySql(expression.sql, [{ a: 1, b: 1, s: '', u: '', p: true, q: true, t: 0, v: 0 }])).toEqual(
      [value],
    );
  });

  it.each([
    ['a +', 'ends too early'],
    ['a + s', 'cannot be applied to number, string'],
    ['missing > 1', 'There is no column "missing"'],
    ['sleep(1)', 'There is no function "sleep"'],
    ['interval 1 month', 'cannot be counted in month'],
    ["'open", 'does not belong here'],
    ['a; drop table x', 'does not belong here'],
    ['constructor', 'There is no column "constructor"'],
    [`${'('.repeat(300)}a${')'.repeat(300)}`, 'nested too deeply'],
    ['case when a then 1 end', 'Expected a boolean here'],
    ['', 'ends too early'],
  ])('refuses %s with a position and a reason', (source, reason) => {
    expect(() => compileExpression(source, columns)).toThrow(reason);
  });

  it('names the columns that it reads', () => {
    expect([...columnsOf('case when hour(date) > 5 then "odd name" else x end')]).toEqual([
      'date',
      'odd name',
      'x',
    ]);
  });
});
