import { setTimeout as pause } from 'node:timers/promises';
import type { RowModel } from '../../../math/shapley/game.ts';
import { HoustonError } from '../../../platform/errors.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import { runAside } from '../runtime/runner.ts';
import { allocate, elementCount, type NamedTensor, type TensorSpec } from '../runtime/tensors.ts';
import { explanationError } from './explanation.errors.ts';

/** How the calls of one explanation are kept out of the way of requests. */
export type Pace = {
  /** When the work must end, as `performance.now()`. */
  deadline: number;
  /** Hears how many rows were scored; may throw to end the work. */
  onRows(rows: number): void;
};

const firstRows = 16;
const mostRows = 1024;
/** What one run may take: on the event loop requests wait behind it, in a worker those of the same model. */
const runMs = { inline: 1, constant: 1, none: 1, worker: 4, process: 4, upstream: 200 };

/**
 * The scores of recorded vectors: the model's inputs side by side, in its own order. Runs are as large as their time
 * allows, one after another, with a pause as long as each run, so that at most half of the model's time goes here.
 * `held` are inputs of one row that stay as they are.
 * @throws serving.explanation.unsupported when the model takes texts, half floats or inputs of free size
 */
export function vectorModel(
  live: LiveRevision,
  width: number,
  pace: Pace,
  held: readonly NamedTensor[] = [],
): RowModel {
  const { runner, scorer } = live;
  const still = new Map(held.map((tensor) => [tensor.name, tensor]));
  const varying = runner.inputs.filter(({ name }) => !still.has(name));
  const widths = inputWidths(live, varying, width);
  const isOneByOne = runner.inputs.every(({ shape }) => shape[0] === 1);
  let size = isOneByOne ? 1 : firstRows;

  const runRows = async (rows: Float64Array, from: number, count: number) => {
    const numbers = feedsOf(varying, widths, rows, from, count);
    const feeds = still.size === 0 ? numbers : withHeld(live, still, numbers, count);
    const outputs = await inTime(runAside(runner, feeds), pace.deadline);
    const scores = scorer.scores(outputs, count);
    if (!scores.some(Number.isNaN)) return scores;
    throw failed('The model gives no valid score for a mix of this row and recorded ones.');
  };
  return async (rows, count) => {
    const scores = new Float64Array(count);
    for (let from = 0; from < count; ) {
      const part = Math.min(size, count - from);
      const start = performance.now();
      scores.set(await runRows(rows, from, part).catch(rethrow), from);
      const elapsed = performance.now() - start;
      from += part;
      pace.onRows(part);
      if (!isOneByOne && part === size) size = nextSize(size, elapsed, runMs[runner.placement]);
      if (runner.placement !== 'upstream') await pause(Math.max(1, elapsed));
      if (performance.now() > pace.deadline) throw timedOut();
    }
    return scores;
  };
}

const failed = (message: string) => explanationError('serving.explanation.failed', message);
const timedOut = () =>
  explanationError('serving.explanation.timeout', 'The explanation did not fit its time limit.');

function rethrow(error: unknown): never {
  if (error instanceof HoustonError) throw error;
  throw failed('The model failed on a mix of this row and recorded ones.');
}

/** A size whose run takes about `target` ms, at most twice the present one. */
function nextSize(size: number, elapsed: number, target: number): number {
  const fitting = Math.floor((size * target) / Math.max(elapsed, 0.01));
  return Math.max(1, Math.min(fitting, 2 * size, mostRows));
}

/** A run that hangs is given up; it ends on its own. */
function inTime<T>(run: Promise<T>, deadline: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(timedOut()), Math.max(1, deadline - performance.now()));
    run.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Columns of the vector that each input takes. */
function inputWidths(live: LiveRevision, inputs: readonly TensorSpec[], width: number): number[] {
  const refuse = (message: string) => explanationError('serving.explanation.unsupported', message);
  const widths = inputs.map((input) => {
    const columns = elementCount(input.shape.slice(1));
    if (input.datatype === 'BYTES') throw refuse(`The input "${input.name}" is text, which has no mean.`);
    if (input.datatype === 'FP16') throw refuse(`The input "${input.name}" is FP16.`);
    if (columns >= 0 && Math.abs(input.shape[0] ?? 0) === 1) return columns;
    throw refuse(
      `The input "${input.name}" has the shape [${input.shape.join(',')}], not one row a request.`,
    );
  });
  if (live.scorer.output === null) throw refuse('The model gives no number to explain.');
  const sum = widths.reduce((total, one) => total + one, 0);
  if (sum === width) return widths;
  throw refuse(`The record has ${width} values a row, and the model takes ${sum}.`);
}

/** The inputs in their order, those that are held with the same row as often as there are rows. */
function withHeld(
  { runner }: LiveRevision,
  held: ReadonlyMap<string, NamedTensor>,
  numbers: readonly NamedTensor[],
  count: number,
): NamedTensor[] {
  return runner.inputs.map(({ name }) => {
    const one = held.get(name);
    if (!one) return numbers.find((tensor) => tensor.name === name)!;
    const { datatype, shape, data } = one;
    const repeated = allocate(datatype, count * data.length) as unknown as unknown[];
    for (let i = 0; i < repeated.length; i++) repeated[i] = data[i % data.length];
    return {
      name,
      datatype,
      shape: [count, ...shape.slice(1)],
      data: repeated as unknown as NamedTensor['data'],
    };
  });
}

function feedsOf(
  inputs: readonly TensorSpec[],
  widths: readonly number[],
  rows: Float64Array,
  from: number,
  count: number,
): NamedTensor[] {
  const width = widths.reduce((total, one) => total + one, 0);
  let offset = 0;
  return inputs.map((input, i) => {
    const columns = widths[i];
    const data = allocate(input.datatype, count * columns);
    const put = writer(input, data);
    for (let row = 0; row < count; row++) {
      for (let column = 0; column < columns; column++) {
        put(row * columns + column, rows[(from + row) * width + offset + column]);
      }
    }
    offset += columns;
    return { name: input.name, datatype: input.datatype, shape: [count, ...input.shape.slice(1)], data };
  });
}

function writer({ datatype }: TensorSpec, data: NamedTensor['data']): (at: number, value: number) => void {
  if (datatype === 'INT64' || datatype === 'UINT64') {
    const big = data as BigInt64Array;
    return (at, value) => {
      big[at] = BigInt(Math.round(value) || 0);
    };
  }
  const plain = data as Float64Array;
  return (at, value) => {
    plain[at] = value;
  };
}
