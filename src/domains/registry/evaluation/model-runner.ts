import { readFile } from 'node:fs/promises';
import type { InferenceSession } from 'onnxruntime-node';
import { readOnnx } from '../../../platform/onnx/onnx-reader.ts';
import type { ModelSignature } from '../registry.contract.ts';
import { describeOnnx } from '../versions/signature.model.ts';
import type { Determinism, Latency } from './evaluation.contract.ts';
import type { TestTable } from './test-table.ts';

const BATCH = 8192;

/** A loaded binary classifier that reads named float columns. */
export type ModelRunner = {
  /** Columns that it reads, in its order. */
  features: string[];
  loadMs: number;
  /** P(label = 1) of every row; `columns` in the order of `features`. */
  score(columns: readonly Float32Array[]): Promise<Float32Array>;
  release(): Promise<void>;
};

/**
 * Opens a model with ONNX Runtime on one thread and finds out how rows go in and how a probability comes out: one
 * FP32 matrix with one column per feature, or one input per column by name; the output called probabilities (or
 * the last floating one), its last column when it has two.
 * @throws RangeError, with the reason, when the table has not what the model reads or no probability comes out.
 */
export async function openModel(path: string, tableColumns: readonly string[]): Promise<ModelRunner> {
  const { signature } = describeOnnx(readOnnx(await readFile(path)));
  const features = featuresOf(signature, tableColumns);
  const missing = features.filter((name) => !tableColumns.includes(name));
  if (missing.length > 0) throw new RangeError(`The test table lacks the columns ${missing.join(', ')}.`);
  const output = outputOf(signature);
  const ort = await import('onnxruntime-node');
  const started = performance.now();
  const session = await ort.InferenceSession.create(path, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    logSeverityLevel: 3,
  });
  const loadMs = performance.now() - started;
  const isMatrix =
    signature.inputs.length === 1 && (features.length > 1 || signature.inputs[0]!.shape?.length === 2);
  const feed = (columns: readonly Float32Array[], from: number, to: number) => {
    const feeds: Record<string, InferenceSession.OnnxValueMapType[string]> = {};
    if (isMatrix) {
      const width = columns.length;
      const data = new Float32Array((to - from) * width);
      for (let f = 0; f < width; f++) {
        const column = columns[f]!;
        for (let row = from, at = f; row < to; row++, at += width) data[at] = column[row]!;
      }
      feeds[signature.inputs[0]!.name] = new ort.Tensor('float32', data, [to - from, width]);
    } else {
      for (let f = 0; f < columns.length; f++) {
        const rank = signature.inputs[f]!.shape?.length ?? 1;
        feeds[features[f]!] = new ort.Tensor(
          'float32',
          columns[f]!.slice(from, to),
          rank === 2 ? [to - from, 1] : [to - from],
        );
      }
    }
    return feeds;
  };
  return {
    features,
    loadMs,
    async score(columns) {
      const rows = columns[0]?.length ?? 0;
      const scores = new Float32Array(rows);
      for (let from = 0; from < rows; from += BATCH) {
        const to = Math.min(rows, from + BATCH);
        const result = (await session.run(feed(columns, from, to), [output]))[output]!;
        const data = result.data as ArrayLike<number>;
        const width = data.length / (to - from);
        if (width !== 1 && width !== 2) {
          throw new RangeError(`Its output "${output}" has ${width} values per row, not one or two.`);
        }
        for (let row = 0; row < to - from; row++) scores[from + row] = Number(data[row * width + width - 1]);
      }
      return scores;
    },
    release: () => session.release(),
  };
}

function featuresOf(signature: ModelSignature, tableColumns: readonly string[]): string[] {
  const { inputs, features } = signature;
  const wrong = inputs.find(({ datatype }) => datatype !== 'FP32');
  if (wrong)
    throw new RangeError(
      `Its input "${wrong.name}" is ${wrong.datatype}; only FP32 inputs can be evaluated.`,
    );
  if (features) return features;
  if (inputs.length !== 1) return inputs.map(({ name }) => name);
  const width = inputs[0]!.shape?.at(-1);
  if (inputs[0]!.shape?.length === 2 && (width === tableColumns.length || width === -1))
    return [...tableColumns];
  if (tableColumns.includes(inputs[0]!.name)) return [inputs[0]!.name];
  throw new RangeError(
    `The model reads ${width ?? 'an unknown number of'} columns, the table has ${tableColumns.length}.`,
  );
}

function outputOf({ outputs }: ModelSignature): string {
  const floating = outputs.filter(({ datatype }) => datatype.startsWith('FP'));
  const chosen =
    floating.find(({ name }) => /^(probabilit(y|ies)|scores?|output_probability)$/i.test(name)) ??
    floating.at(-1);
  if (!chosen) {
    throw new RangeError(
      'No output is a tensor of probabilities (export scikit-learn models with zipmap=False).',
    );
  }
  return chosen.name;
}

/** The columns of a table in a model's order. */
export function columnsFor(model: ModelRunner, table: TestTable): Float32Array[] {
  return model.features.map((name) => table.columns.get(name)!);
}

/** Cost of one row at a time over rows spread through the table, after a warm-up. */
export async function measureLatency(
  model: ModelRunner,
  columns: readonly Float32Array[],
  runs = 400,
): Promise<Latency> {
  const rows = columns[0]!.length;
  const costs = new Float64Array(runs);
  for (let i = -40; i < runs; i++) {
    const row = Math.floor((Math.abs(i) * rows) / (runs + 40));
    const one = columns.map((column) => column.subarray(row, row + 1));
    const started = performance.now();
    await model.score(one);
    if (i >= 0) costs[i] = performance.now() - started;
  }
  costs.sort();
  const at = (share: number) => costs[Math.min(runs - 1, Math.ceil(share * runs) - 1)]!;
  return { p50: at(0.5), p99: at(0.99), runs, loadMs: model.loadMs };
}

/** Scores the same rows again, together and one by one. */
export async function measureDeterminism(
  model: ModelRunner,
  columns: readonly Float32Array[],
  scores: Float32Array,
): Promise<Determinism> {
  const rows = Math.min(2000, scores.length);
  const head = columns.map((column) => column.subarray(0, rows));
  const [first, second] = [await model.score(head), await model.score(head)];
  const repeatable = first.every((score, row) => Object.is(score, second[row]));
  let batchDifference = 0;
  for (let row = 0; row < Math.min(200, rows); row++) {
    const alone = await model.score(columns.map((column) => column.subarray(row, row + 1)));
    const difference = Math.abs(alone[0]! - first[row]!);
    if (!(difference <= batchDifference))
      batchDifference = Number.isNaN(difference) ? batchDifference : difference;
  }
  return { repeatable, batchDifference };
}
