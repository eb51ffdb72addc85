import type { Overload } from './ast.ts';
import {
  arithmetic,
  calendarPart,
  coalesce,
  codePoints,
  compare,
  day,
  dayOfYear,
  define,
  extreme,
  identity,
  instant,
  instantSql,
  isoWeekday,
  letters,
  maybe,
  nullTest,
  numberText,
  parseNumber,
  roundHalfAway,
  roundSql,
  span,
  spanSql,
  three,
  toSpan,
  truth,
  truthSql,
  unaryNumber,
} from './semantics.ts';

/**
 * Every operator and function of the language, each with its two back-ends side by side.
 * Pinned where SQL engines and JS differ: all numbers are doubles; a timestamp or interval is a double of whole
 * milliseconds; NaN equals itself and is greater than all; null operands give null except where noted;
 * `//` and `%` truncate and give null for a zero divisor; ln, sqrt and exp give null where they have no finite
 * value instead of raising, and ln and exp are rounded to single precision, since libraries differ in the last
 * bit; round goes half away from zero; text is compared and counted by code points; lower and upper touch
 * A to Z only.
 */
export const functions: ReadonlyMap<string, readonly Overload[]> = new Map(
  Object.entries<readonly Overload[]>({
    and: [three.and],
    or: [three.or],
    not: [
      define(
        ['boolean'],
        'boolean',
        (x) => `(not ${x})`,
        (x: boolean) => !x,
      ),
    ],
    '=': compare('=', (order) => order === 0),
    '<>': compare('<>', (order) => order !== 0),
    '<': compare('<', (order) => order < 0),
    '<=': compare('<=', (order) => order <= 0),
    '>': compare('>', (order) => order > 0),
    '>=': compare('>=', (order) => order >= 0),
    'is null': nullTest('is null', true),
    'is not null': nullTest('is not null', false),
    '+': [
      arithmetic('+', (a, b) => a + b),
      define(
        ['timestamp', 'interval'],
        'timestamp',
        (a, b) => instantSql(`(${a} + ${b})`),
        (a: number, b: number) => instant(a + b),
      ),
      define(
        ['interval', 'timestamp'],
        'timestamp',
        (a, b) => instantSql(`(${a} + ${b})`),
        (a: number, b: number) => instant(a + b),
      ),
      define(
        ['interval', 'interval'],
        'interval',
        (a, b) => spanSql(`(${a} + ${b})`),
        (a: number, b: number) => span(a + b),
      ),
    ],
    '-': [
      arithmetic('-', (a, b) => a - b),
      define(
        ['timestamp', 'interval'],
        'timestamp',
        (a, b) => instantSql(`(${a} - ${b})`),
        (a: number, b: number) => instant(a - b),
      ),
      define(
        ['timestamp', 'timestamp'],
        'interval',
        (a, b) => spanSql(`(${a} - ${b})`),
        (a: number, b: number) => span(a - b),
      ),
      define(
        ['interval', 'interval'],
        'interval',
        (a, b) => spanSql(`(${a} - ${b})`),
        (a: number, b: number) => span(a - b),
      ),
    ],
    '*': [
      arithmetic('*', (a, b) => a * b),
      define(
        ['interval', 'number'],
        'interval',
        (a, b) => spanSql(`(${a} * ${b})`),
        (a: number, b: number) => span(a * b),
      ),
      define(
        ['number', 'interval'],
        'interval',
        (a, b) => spanSql(`(${a} * ${b})`),
        (a: number, b: number) => span(a * b),
      ),
    ],
    '/': [
      define(
        ['number', 'number'],
        'number',
        (a, b) => `(${a} / ${b})`,
        (a: number, b: number) => a / b,
      ),
    ],
    '//': [
      define(
        ['number', 'number'],
        'number',
        (a, b) => `trunc(${a} / nullif(${b}, 0))`,
        (a: number, b: number) => (b === 0 ? null : Math.trunc(a / b)),
      ),
    ],
    '%': [
      define(
        ['number', 'number'],
        'number',
        (a, b) => `(${a} % nullif(${b}, 0))`,
        (a: number, b: number) => (b === 0 ? null : a % b),
      ),
    ],
    negate: [
      define(
        ['number'],
        'number',
        (x) => `(-${x})`,
        (x: number) => -x,
      ),
      define(
        ['interval'],
        'interval',
        (x) => `(0 - ${x})`,
        (x: number) => 0 - x,
      ),
    ],
    '||': [
      define(
        ['string', 'string'],
        'string',
        (a, b) => `(${a} || ${b})`,
        (a: string, b: string) => a + b,
      ),
    ],
    abs: unaryNumber((x) => `abs(${x})`, Math.abs),
    floor: unaryNumber((x) => `floor(${x})`, Math.floor),
    ceil: unaryNumber((x) => `ceil(${x})`, Math.ceil),
    round: unaryNumber(roundSql, roundHalfAway),
    trunc: unaryNumber((x) => `trunc(${x})`, Math.trunc),
    sqrt: maybe(
      (x) => `try(sqrt(${x}))`,
      (x) => (x < 0 ? null : Math.sqrt(x)),
    ),
    ln: maybe(
      (x) => `CAST(CAST(try(ln(${x})) AS FLOAT) AS DOUBLE)`,
      (x) => (x <= 0 ? null : Math.fround(Math.log(x))),
    ),
    exp: maybe(
      (x) => `CAST(try(CAST(nullif(exp(${x}), 'Infinity'::DOUBLE) AS FLOAT)) AS DOUBLE)`,
      (x) => {
        const power = Math.fround(Math.exp(x));
        return power === Number.POSITIVE_INFINITY ? null : power;
      },
    ),
    greatest: extreme('greatest', (order) => order > 0),
    least: extreme('least', (order) => order < 0),
    coalesce,
    hour: calendarPart('hour', (date) => date.getUTCHours()),
    minute: calendarPart('minute', (date) => date.getUTCMinutes()),
    second: calendarPart('second', (date) => date.getUTCSeconds()),
    weekday: isoWeekday,
    isodow: isoWeekday,
    day: calendarPart('day', (date) => date.getUTCDate()),
    month: calendarPart('month', (date) => date.getUTCMonth() + 1),
    year: calendarPart('year', (date) => date.getUTCFullYear()),
    day_of_year: calendarPart('dayofyear', dayOfYear),
    epoch: [
      define(
        ['timestamp'],
        'number',
        (x) => `(${x} / 1000.0)`,
        (x: number) => x / 1000,
      ),
      define(
        ['interval'],
        'number',
        (x) => `(${x} / 1000.0)`,
        (x: number) => x / 1000,
      ),
    ],
    to_seconds: toSpan(1000),
    to_minutes: toSpan(60_000),
    to_hours: toSpan(3_600_000),
    to_days: toSpan(day),
    length: [define(['string'], 'number', (x) => `CAST(length(${x}) AS DOUBLE)`, codePoints)],
    lower: [
      define(
        ['string'],
        'string',
        (x) => `translate(${x}, '${letters}', '${letters.toLowerCase()}')`,
        (x: string) => x.replace(/[A-Z]/g, (letter) => letter.toLowerCase()),
      ),
    ],
    upper: [
      define(
        ['string'],
        'string',
        (x) => `translate(${x}, '${letters.toLowerCase()}', '${letters}')`,
        (x: string) => x.replace(/[a-z]/g, (letter) => letter.toUpperCase()),
      ),
    ],
    starts_with: [
      define(
        ['string', 'string'],
        'boolean',
        (a, b) => `starts_with(${a}, ${b})`,
        (a: string, b: string) => a.startsWith(b),
      ),
    ],
    'cast number': [
      identity('number'),
      truth(truthSql),
      define(
        ['string'],
        'number',
        (x) =>
          `nullif(nullif(TRY_CAST(nullif(regexp_extract(${x}, '${numberText}'), '') AS DOUBLE), 'Infinity'::DOUBLE), '-Infinity'::DOUBLE)`,
        parseNumber,
      ),
    ],
    'cast integer': [define(['number'], 'number', roundSql, roundHalfAway), truth(truthSql)],
    'cast string': [
      identity('string'),
      define(['boolean'], 'string', (x) => `CAST(${x} AS VARCHAR)`, String),
    ],
    'cast boolean': [
      identity('boolean'),
      define(
        ['number'],
        'boolean',
        (x) => `(${x} <> 0)`,
        (x: number) => x !== 0,
      ),
    ],
  }),
);
