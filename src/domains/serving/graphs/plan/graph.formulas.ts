import { compileExpression, type Evaluate, type Value, type ValueType } from '../../../features/index.ts';
import type { GraphNodeInput, TransformValueInput } from '../graph.contract.ts';
import { graphInvalid } from '../graph.errors.ts';
import { aliasOf, expressionOf, namesIn, quoteNames } from '../graph.names.ts';
import type { Column, Formula } from './graph.plan.ts';
import type { Readable } from './graph.references.ts';

type Typed = Formula & { type: ValueType };

/** Compiles an expression of a node against what it may read. @throws serving.graph.invalid */
export function formula(name: string, node: GraphNodeInput, text: string, from: Readable): Typed {
  const columns: Column[] = [];
  for (const column of namesIn(text)) {
    if (column === '__proto__') {
      throw graphInvalid({
        node: name,
        message: `Node "${name}" reads "__proto__" in an expression.`,
        next: 'Give the field another name under `inputs` of the node.',
      });
    }
    const reference = aliasOf(column, node) ?? column;
    const { part, width, type, spec } = from.find(name, reference);
    if (width !== 1) {
      throw graphInvalid({
        node: name,
        message: `Node "${name}" reads "${reference}" in an expression, and that has ${width < 0 ? 'any number of' : width} values a row.`,
        next: `Name one of them: ${reference}[0].`,
      });
    }
    if (type === undefined) {
      throw graphInvalid({
        node: name,
        message: `Node "${name}" reads "${reference}" in an expression, and that is FP16.`,
        next: 'Let the model give FP32.',
      });
    }
    columns.push({ name: column, part, type, datatype: spec.datatype });
  }
  const types = Object.fromEntries(columns.map((column) => [column.name, column.type]));
  try {
    const { evaluate, type } = compileExpression(quoteNames(text), types);
    return { evaluate, type, columns, needs: needsOf(columns) };
  } catch (error) {
    throw graphInvalid({
      node: name,
      message: `Node "${name}": ${error instanceof Error ? error.message : 'an expression cannot be read.'}`,
      next: 'Correct the expression; docs/guides/features.md lists the language.',
    });
  }
}

const needsOf = (columns: readonly Column[]) => [
  ...new Set(columns.map(({ part }) => part.node).filter((node) => node >= 0)),
];

/** A condition. @throws serving.graph.invalid when it is none */
export function condition(name: string, node: GraphNodeInput, text: string, from: Readable): Formula {
  const compiled = formula(name, node, text, from);
  if (compiled.type === 'boolean') return compiled;
  throw graphInvalid({
    node: name,
    message: `The condition "${text}" of node "${name}" is a ${compiled.type}, which is not true or false.`,
    next: 'Compare it with something, such as > 0.5.',
  });
}

/** A value of a transform, but for argmax, which reads more than one value a row. */
export function transformFormula(
  name: string,
  node: GraphNodeInput,
  value: Exclude<TransformValueInput, { argmax: string }>,
  from: Readable,
): Typed {
  const inner = formula(name, node, expressionOf(value), from);
  if (typeof value === 'string') return inner;
  if ('lookup' in value) return { ...inner, ...lookup(name, inner, value) };
  if (inner.type !== 'number') {
    throw graphInvalid({
      node: name,
      message: `Node "${name}" takes "${expressionOf(value)}" for a number, and it is a ${inner.type}.`,
      next: 'Use an expression that gives a number.',
    });
  }
  if ('threshold' in value) return { ...inner, ...threshold(name, inner, value) };
  const change =
    'clip' in value ? clip(value) : 'round' in value ? rounding(value) : calibration(name, value);
  return { ...inner, evaluate: ofNumber(inner.evaluate, change) };
}

function ofNumber(evaluate: Evaluate, change: (value: number) => Value): Evaluate {
  return (row) => {
    const value = evaluate(row);
    return typeof value === 'number' ? change(value) : null;
  };
}

type Of<K extends string> = Extract<TransformValueInput, Record<K, unknown>>;

function clip({ low = Number.NEGATIVE_INFINITY, high = Number.POSITIVE_INFINITY }: Of<'clip'>) {
  return (value: number) => (value < low ? low : value > high ? high : value);
}

function rounding({ digits = 0 }: Of<'round'>) {
  const scale = 10 ** digits;
  return (value: number) => {
    const scaled = value * scale;
    return Number.isFinite(scaled) ? (Math.sign(scaled) * Math.round(Math.abs(scaled))) / scale : value;
  };
}

/** Platt's line on the log-odds, or straight pieces between given points, flat beyond the ends. */
function calibration(name: string, { slope = 1, intercept = 0, points }: Of<'calibrate'>) {
  if (!points) {
    return (value: number) => {
      if (!(value >= 0 && value <= 1)) return null;
      return 1 / (1 + Math.exp(-(slope * Math.log(value / (1 - value)) + intercept)));
    };
  }
  if (points.some(([x], i) => i > 0 && x <= points[i - 1][0])) {
    throw graphInvalid({
      node: name,
      message: `The points of a calibration in "${name}" are not in order.`,
      next: 'List them by rising score, each score once.',
    });
  }
  return (value: number) => {
    if (value <= points[0][0]) return points[0][1];
    for (let i = 1; i < points.length; i++) {
      const [x, y] = points[i];
      if (value > x) continue;
      const [before, from] = points[i - 1];
      return from + ((value - before) / (x - before)) * (y - from);
    }
    return Number.isNaN(value) ? null : points[points.length - 1][1];
  };
}

function threshold(name: string, { evaluate }: Typed, { at, labels }: Of<'threshold'>) {
  const values = labels ?? [0, 1];
  const type = commonType(name, values);
  return {
    type,
    evaluate: ofNumber(evaluate, (value) => (Number.isNaN(value) ? null : values[value >= at ? 1 : 0])),
  };
}

function lookup(name: string, { evaluate }: Typed, { table, default: otherwise }: Of<'lookup'>) {
  const values = new Map<string, Value>(Object.entries(table));
  const type = commonType(name, [...Object.values(table), ...(otherwise === undefined ? [] : [otherwise])]);
  const missing = otherwise ?? null;
  return {
    type,
    evaluate: ((row) => {
      const key = evaluate(row);
      return key === null ? missing : (values.get(String(key)) ?? missing);
    }) satisfies Evaluate,
  };
}

function commonType(name: string, values: readonly Value[]): ValueType {
  const types = new Set(values.map((value) => typeof value));
  const [type] = types;
  if (types.size === 1 && (type === 'number' || type === 'string' || type === 'boolean')) return type;
  throw graphInvalid({
    node: name,
    message: `Values of node "${name}" are of several types.`,
    next: 'Let all of them be numbers, or all texts.',
  });
}
