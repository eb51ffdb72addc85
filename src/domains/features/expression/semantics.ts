import type { Evaluate, Overload, Value, ValueType } from './ast.ts';

/** The pieces that the table of functions is made of: values, their SQL, and how both treat nulls. */

const largestSpan = 1e15;
const largestTime = 8e15;
export const day = 86_400_000;

type Strict = (...values: never[]) => Value;

/** Lifts a function of non-null values to closures: any null operand gives null. */
function strict(f: Strict): (...operands: Evaluate[]) => Evaluate {
  const apply = f as (...values: Value[]) => Value;
  return (...operands) => {
    const [a, b, c] = operands;
    if (operands.length === 1) {
      return (row) => {
        const x = a(row);
        return x === null ? null : apply(x);
      };
    }
    if (operands.length === 2) {
      return (row) => {
        const x = a(row);
        if (x === null) return null;
        const y = b(row);
        return y === null ? null : apply(x, y);
      };
    }
    return (row) => {
      const x = a(row);
      const y = b(row);
      const z = c(row);
      return x === null || y === null || z === null ? null : apply(x, y, z);
    };
  };
}

export function define(operands: ValueType[], result: ValueType, sql: Overload['sql'], f: Strict): Overload {
  return { operands, result, sql, js: strict(f) };
}

/** Order of two values of one type: NaN equals NaN and is greatest; text by code points. */
export function compareValues(a: Value, b: Value): number {
  if (typeof a === 'string') return compareText(a, b as string);
  const x = Number(a);
  const y = Number(b);
  if (x < y) return -1;
  if (x > y) return 1;
  if (x === y) return 0;
  return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // Surrogates sort after every other unit in code-point order.
    const high = (unit: number) => (unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit);
    return high(x) - high(y);
  }
  return a.length - b.length;
}

const comparable: ValueType[] = ['number', 'string', 'boolean', 'timestamp', 'interval'];
export const compare = (operator: string, holds: (order: number) => boolean): Overload[] =>
  comparable.map((type) =>
    define(
      [type, type],
      'boolean',
      (a, b) => `(${a} ${operator} ${b})`,
      (a: Value, b: Value) => holds(compareValues(a, b)),
    ),
  );

export function roundHalfAway(x: number): number {
  const whole = Math.trunc(x);
  return Math.abs(x - whole) >= 0.5 ? whole + Math.sign(x) : whole;
}
export const roundSql = (x: string) => `round(${x})`;

/** A span of milliseconds: whole, null where not finite or beyond 31,000 years. */
export function span(milliseconds: number): Value {
  return Math.abs(milliseconds) <= largestSpan ? roundHalfAway(milliseconds) + 0 : null;
}
export const spanSql = (x: string) =>
  `(case when ${x} between -${largestSpan}::DOUBLE and ${largestSpan}::DOUBLE then round(${x}) + 0 end)`;
export const instant = (time: number): Value => (Math.abs(time) <= largestTime ? time : null);
export const instantSql = (x: string) =>
  `(case when ${x} between -${largestTime}::DOUBLE and ${largestTime}::DOUBLE then ${x} end)`;

export const arithmetic = (operator: string, f: (a: number, b: number) => number): Overload =>
  define(['number', 'number'], 'number', (a, b) => `(${a} ${operator} ${b})`, f);
export const maybe = (sql: (x: string) => string, f: (x: number) => Value): Overload[] => [
  define(['number'], 'number', sql, f),
];
export const unaryNumber = (sql: (x: string) => string, f: (x: number) => number): Overload[] => [
  define(['number'], 'number', sql, f),
];

const floorMod = (x: number, size: number) => x - Math.floor(x / size) * size;
export const calendarPart = (sql: string, f: (date: Date) => number): Overload[] => [
  define(
    ['timestamp'],
    'number',
    (x) => `CAST(${sql}(make_timestamp(CAST(${x} * 1000.0 AS BIGINT))) AS DOUBLE)`,
    (x: number) => f(new Date(x)),
  ),
];
// 1970-01-01 was a Thursday.
export const isoWeekday = calendarPart(
  'isodow',
  (date) => floorMod(Math.floor(date.getTime() / day) + 3, 7) + 1,
);
export function dayOfYear(date: Date): number {
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  const start = new Date(0).setUTCFullYear(date.getUTCFullYear(), 0, 1);
  return Math.floor((date.getTime() - start) / day) + 1;
}
export const toSpan = (unit: number): Overload[] => [
  define(
    ['number'],
    'interval',
    (x) => spanSql(`(${x} * ${unit}.0)`),
    (x: number) => span(x * unit),
  ),
];

export const numberText = '^[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?$';
const numberPattern = new RegExp(numberText);
export function parseNumber(text: string): Value {
  if (!numberPattern.test(text)) return null;
  const value = Number(text);
  return Number.isFinite(value) ? value : null;
}
export const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';

export const three: Record<'and' | 'or', Overload> = {
  and: {
    operands: ['boolean', 'boolean'],
    result: 'boolean',
    sql: (a, b) => `(${a} and ${b})`,
    js: (a, b) => (row) => {
      const x = a(row);
      if (x === false) return false;
      const y = b(row);
      return y === false ? false : x === null || y === null ? null : true;
    },
  },
  or: {
    operands: ['boolean', 'boolean'],
    result: 'boolean',
    sql: (a, b) => `(${a} or ${b})`,
    js: (a, b) => (row) => {
      const x = a(row);
      if (x === true) return true;
      const y = b(row);
      return y === true ? true : x === null || y === null ? null : false;
    },
  },
};

/** The first of the extremes; nulls are skipped, as SQL's greatest and least do. */
export const extreme = (name: string, better: (order: number) => boolean): Overload[] =>
  (['number', 'timestamp', 'interval', 'string'] as const).map((type) => ({
    operands: [type, type],
    variadic: true,
    result: type,
    sql: (...operands) => `${name}(${operands.join(', ')})`,
    js:
      (...operands) =>
      (row) => {
        let best: Value = null;
        for (const operand of operands) {
          const value = operand(row);
          if (value !== null && (best === null || better(compareValues(value, best)))) best = value;
        }
        return best;
      },
  }));

export const coalesce: Overload[] = comparable.map((type) => ({
  operands: [type, type],
  variadic: true,
  result: type,
  sql: (...operands) => `coalesce(${operands.join(', ')})`,
  js:
    (...operands) =>
    (row) => {
      for (const operand of operands) {
        const value = operand(row);
        if (value !== null) return value;
      }
      return null;
    },
}));

export const nullTest = (name: string, isNull: boolean): Overload[] =>
  comparable.map((type) => ({
    operands: [type],
    result: 'boolean',
    sql: (x) => `(${x} ${name})`,
    js: (x) => (row) => (x(row) === null) === isNull,
  }));

export const identity = (type: ValueType): Overload =>
  define(
    [type],
    type,
    (x) => x,
    (x: Value) => x,
  );
export const truth = (sql: (x: string) => string): Overload =>
  define(['boolean'], 'number', sql, (x: boolean) => Number(x));
export const truthSql = (x: string) => `CAST(CAST(${x} AS INTEGER) AS DOUBLE)`;

export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xdc00) count--;
  return count;
}
