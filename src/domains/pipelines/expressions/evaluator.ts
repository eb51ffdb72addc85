import type { Json } from '../../../platform/json.ts';
import { pipelinesError } from '../pipelines.contract.ts';
import { type Expression, parseExpression, parseTemplate } from './parser.ts';

/** How the jobs that a job needs have ended. */
export type NeedsStatus = { success: boolean; failure: boolean; cancelled: boolean };

/** What an expression may see. Only own properties of plain JSON are reachable. */
export type Contexts = {
  values: Readonly<Record<string, Json>>;
  status?: NeedsStatus;
};

const statusFunctions = ['success', 'failure', 'always', 'cancelled'] as const;

type Function = (args: Json[]) => Json;

const functions: Readonly<Record<string, Function>> = {
  contains: ([where, what]) =>
    Array.isArray(where) ? where.some((item) => isEqual(item, what)) : asText(where).includes(asText(what)),
  startsWith: ([text, start]) => asText(text).startsWith(asText(start)),
  endsWith: ([text, end]) => asText(text).endsWith(asText(end)),
  join: ([list, separator = ',']) =>
    Array.isArray(list) ? list.map(asText).join(asText(separator)) : asText(list),
  format: ([template, ...values]) =>
    asText(template).replace(/\{(\d+)\}/g, (whole, index) =>
      values[Number(index)] === undefined ? whole : asText(values[Number(index)]),
    ),
  toJSON: ([value]) => JSON.stringify(value ?? null),
  fromJSON: ([text]) => JSON.parse(asText(text)) as Json,
};

/** The names of all functions, for checks before a run. */
export const functionNames: ReadonlySet<string> = new Set([...statusFunctions, ...Object.keys(functions)]);

/** The value of an expression. What is not there is null. */
export function evaluate(expression: Expression, contexts: Contexts): Json {
  switch (expression.kind) {
    case 'literal':
      return expression.value;
    case 'name':
      return own(contexts.values, expression.name);
    case 'member': {
      const of = evaluate(expression.of, contexts);
      const key = evaluate(expression.key, contexts);
      if (typeof of !== 'object' || of === null) return null;
      if (Array.isArray(of))
        return typeof key === 'number' ? (of[key] ?? null) : key === 'length' ? of.length : null;
      return own(of, asText(key));
    }
    case 'not':
      return !isTruthy(evaluate(expression.of, contexts));
    case 'binary':
      return binary(expression, contexts);
    case 'call':
      return call(expression, contexts);
  }
}

function binary({ operator, left, right }: Expression & { kind: 'binary' }, contexts: Contexts): Json {
  const a = evaluate(left, contexts);
  if (operator === '&&') return isTruthy(a) ? evaluate(right, contexts) : a;
  if (operator === '||') return isTruthy(a) ? a : evaluate(right, contexts);
  const b = evaluate(right, contexts);
  if (operator === '==') return isEqual(a, b);
  if (operator === '!=') return !isEqual(a, b);
  const order = compare(a, b);
  if (Number.isNaN(order)) return false;
  return { '<': order < 0, '<=': order <= 0, '>': order > 0, '>=': order >= 0 }[operator];
}

function call({ name, args }: Expression & { kind: 'call' }, contexts: Contexts): Json {
  const status = contexts.status ?? { success: true, failure: false, cancelled: false };
  if (name === 'always') return true;
  if (name === 'success' || name === 'failure' || name === 'cancelled') return status[name];
  if (!Object.hasOwn(functions, name)) {
    throw pipelinesError('pipelines.expression.invalid', `There is no function "${name}".`);
  }
  try {
    return functions[name](args.map((arg) => evaluate(arg, contexts)));
  } catch {
    throw pipelinesError('pipelines.expression.invalid', `The function "${name}" cannot take these values.`);
  }
}

function own(values: Readonly<Record<string, Json>>, key: string): Json {
  return Object.hasOwn(values, key) ? values[key] : null;
}

/** Null, false, 0, NaN and '' are false; all else is true. */
function isTruthy(value: Json): boolean {
  return Boolean(value);
}

/** Equal values; a number equals the text of that number, as parameters from a form or a shell are texts. */
function isEqual(a: Json, b: Json): boolean {
  if (typeof a === 'number' && typeof b === 'string') return b.trim() !== '' && a === Number(b);
  if (typeof a === 'string' && typeof b === 'number') return isEqual(b, a);
  if (typeof a === 'object' && a !== null && typeof b === 'object' && b !== null)
    return JSON.stringify(a) === JSON.stringify(b);
  return a === b;
}

/** Negative, zero or positive; texts by their characters unless one side is a number; NaN when there is no order. */
function compare(a: Json, b: Json): number {
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : a > b ? 1 : 0;
  const [x, y] = [a, b].map((value) =>
    typeof value === 'number' || (typeof value === 'string' && value.trim() !== '')
      ? Number(value)
      : Number.NaN,
  );
  return x - y;
}

function asText(value: Json | undefined): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/**
 * Fills every `${{ }}` in a JSON value. A text that is nothing but one expression takes its value with its type;
 * in a longer text the value is written out. Keys stay as they are.
 */
export function interpolate(value: Json, contexts: Contexts): Json {
  if (typeof value === 'string') return interpolateText(value, contexts);
  if (Array.isArray(value)) return value.map((item) => interpolate(item, contexts));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, interpolate(item, contexts)]));
}

function interpolateText(text: string, contexts: Contexts): Json {
  if (!text.includes('${{')) return text;
  const parts = parseTemplate(text.trim());
  const [first] = parts;
  if (parts.length === 1 && first && 'expression' in first) return evaluate(first.expression, contexts);
  return parseTemplate(text)
    .map((part) => ('text' in part ? part.text : asText(evaluate(part.expression, contexts))))
    .join('');
}

/** Parses a condition, which may stand with or without `${{ }}`. */
export function parseCondition(text: string): Expression {
  const inner = /^\s*\$\{\{([\s\S]*)\}\}\s*$/.exec(text)?.[1];
  return parseExpression(inner ?? text);
}

/** Whether a job runs. Without a status function in it, a condition also asks for success, as in GitHub Actions. */
export function isWanted(condition: string | undefined, contexts: Contexts): boolean {
  const success = contexts.status?.success ?? true;
  if (condition === undefined) return success;
  const expression = parseCondition(condition);
  const asksStatus = [...walk(expression)].some(
    (part) => part.kind === 'call' && (statusFunctions as readonly string[]).includes(part.name),
  );
  return (asksStatus || success) && isTruthy(evaluate(expression, contexts));
}

/** All parts of an expression, itself first. */
export function* walk(expression: Expression): Generator<Expression> {
  yield expression;
  if (expression.kind === 'member') {
    yield* walk(expression.of);
    yield* walk(expression.key);
  } else if (expression.kind === 'not') yield* walk(expression.of);
  else if (expression.kind === 'binary') {
    yield* walk(expression.left);
    yield* walk(expression.right);
  } else if (expression.kind === 'call') for (const arg of expression.args) yield* walk(arg);
}

/** The fixed paths that an expression reads, such as `['jobs', 'train', 'outputs', 'model']`. */
export function referencesIn(expression: Expression): string[][] {
  const paths: string[][] = [];
  const visit = (part: Expression): void => {
    const path = pathOf(part);
    if (path) {
      paths.push(path);
      return;
    }
    if (part.kind === 'member') {
      visit(part.of);
      visit(part.key);
    } else if (part.kind === 'not') visit(part.of);
    else if (part.kind === 'binary') {
      visit(part.left);
      visit(part.right);
    } else if (part.kind === 'call') part.args.forEach(visit);
  };
  visit(expression);
  return paths;
}

function pathOf(expression: Expression): string[] | null {
  if (expression.kind === 'name') return [expression.name];
  if (expression.kind !== 'member' || expression.key.kind !== 'literal') return null;
  const of = pathOf(expression.of);
  return of && [...of, String(expression.key.value)];
}
