import type { Json, JsonObject } from '../../../platform/json.ts';

/** Shapes of keyword arguments; a trailing `?` marks an optional one. */
export type KwargShape =
  | 'text'
  | 'texts'
  | 'bound'
  | 'number'
  | 'fraction'
  | 'flag'
  | 'count'
  | 'values'
  | 'pairs'
  | 'quantiles';
export type KwargSpec = Record<string, KwargShape | `${KwargShape}?`>;

const isText = (value: Json): value is string => typeof value === 'string';
const isNumber = (value: Json): value is number => typeof value === 'number' && Number.isFinite(value);
const isScalar = (value: Json) => isText(value) || isNumber(value) || typeof value === 'boolean';
const isList = (value: Json, item: (value: Json) => boolean) => Array.isArray(value) && value.every(item);

const checks: Record<KwargShape, { holds: (value: Json) => boolean; words: string }> = {
  text: { holds: (value) => isText(value) && value.length > 0, words: 'a text' },
  texts: {
    holds: (value) => isList(value, isText) && (value as Json[]).length > 0,
    words: 'a list of texts',
  },
  bound: { holds: (value) => isNumber(value) || isText(value), words: 'a number or a time' },
  number: { holds: isNumber, words: 'a number' },
  fraction: { holds: (value) => isNumber(value) && value >= 0 && value <= 1, words: 'a number from 0 to 1' },
  flag: { holds: (value) => typeof value === 'boolean', words: 'true or false' },
  count: {
    holds: (value) => Number.isInteger(value) && (value as number) >= 0,
    words: 'a whole number from 0',
  },
  values: { holds: (value) => isList(value, isScalar), words: 'a list of values' },
  pairs: {
    holds: (value) => isList(value, (pair) => isList(pair, isScalar) && (pair as Json[]).length === 2),
    words: 'a list of pairs of values',
  },
  quantiles: {
    holds: (value) => {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
      const { quantiles, value_ranges: ranges } = value;
      if (!Array.isArray(quantiles) || !Array.isArray(ranges)) return false;
      const isBound = (bound: Json) => bound === null || isNumber(bound) || isText(bound);
      const isRange = (range: Json) => isList(range, isBound) && (range as Json[]).length === 2;
      return (
        quantiles.length === ranges.length && quantiles.every(checks.fraction.holds) && ranges.every(isRange)
      );
    },
    words: 'an object of quantiles and value_ranges of the same length',
  },
};

/** Keyword arguments that every expectation takes; the ones about output are read and ignored. */
const commonKwargs = new Set([
  'row_condition',
  'condition_parser',
  'result_format',
  'catch_exceptions',
  'include_config',
  'meta',
  'batch_id',
]);

/**
 * Returns what is wrong with keyword arguments, or null. A null counts as absent, as Great Expectations
 * has it; unknown names are refused.
 */
export function kwargsProblem(spec: KwargSpec, kwargs: JsonObject): string | null {
  for (const [name, value] of Object.entries(kwargs)) {
    const shape = Object.hasOwn(spec, name) ? (spec[name].replace('?', '') as KwargShape) : undefined;
    if (shape === undefined) {
      if (commonKwargs.has(name)) continue;
      return `it takes no argument "${name}" (it takes ${Object.keys(spec).join(', ')})`;
    }
    if (value !== null && !checks[shape].holds(value))
      return `its argument "${name}" must be ${checks[shape].words}`;
  }
  for (const [name, shape] of Object.entries(spec)) {
    if (!shape.endsWith('?') && (kwargs[name] ?? null) === null) return `it needs the argument "${name}"`;
  }
  return null;
}
