import { servingError } from '../serving.errors.ts';
import { elementCount, type NamedTensor, numberAt, type TensorSpec } from './tensors.ts';

/** Reads one score a row out of a model's outputs. */
export type Scorer = {
  readonly output: string | null;
  /** A probability, so that Brier and log loss are defined. */
  readonly isProbability: boolean;
  /** Rows that were scored for requests since it was loaded, and how many of them had no valid score. */
  readonly seen: { rows: number; invalid: number };
  /** One number a row; NaN where the output is missing, not finite or out of range. */
  scores(outputs: readonly NamedTensor[], rows: number): Float64Array;
};

/**
 * The score of a row: the only column of the score output, the last of two (the positive class), else the largest.
 * Which output: the named one, else the one called probabilities, probability, score or output, else the last
 * of floating point, else the first.
 */
export function createScorer(
  outputs: readonly TensorSpec[],
  options: { scoreOutput?: string; scoreRange?: readonly number[] },
): Scorer {
  const { scoreOutput, scoreRange } = options;
  const numeric = outputs.filter((output) => output.datatype !== 'BYTES');
  const floating = numeric.filter((output) => output.datatype.startsWith('FP'));
  const chosen =
    scoreOutput === undefined
      ? (floating.find((output) => /^(probabilit(y|ies)|scores?|output_probability)$/i.test(output.name)) ??
        floating.at(-1) ??
        numeric[0])
      : outputs.find((output) => output.name === scoreOutput);
  if (scoreOutput !== undefined && !chosen) {
    throw servingError('serving.model.refused', `The model has no output "${scoreOutput}".`);
  }
  const isProbability = chosen !== undefined && /prob/i.test(chosen.name);
  const [low, high] =
    scoreRange ?? (isProbability ? [0, 1] : [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]);
  // Rounding in float32 may leave a probability a hair outside.
  const slack = scoreRange ? 0 : 1e-5;
  return {
    output: chosen?.name ?? null,
    seen: { rows: 0, invalid: 0 },
    isProbability: isProbability || (low === 0 && high === 1),
    scores(results, rows) {
      const scores = new Float64Array(rows).fill(Number.NaN);
      const tensor = results.find((result) => result.name === chosen?.name);
      if (!tensor || rows === 0) return scores;
      const width = elementCount(tensor.shape) / rows;
      if (!Number.isInteger(width) || width < 1) return scores;
      for (let row = 0; row < rows; row++) {
        const score = scoreOfRow(tensor, row * width, width);
        if (score >= low - slack && score <= high + slack && Number.isFinite(score)) {
          scores[row] = score;
        }
      }
      return scores;
    },
  };
}

/** Counts scores for `Scorer.seen`; of a model without a score output there is nothing to count. */
export function countScores({ seen, output }: Scorer, scores: Float64Array): void {
  if (output === null) return;
  seen.rows += scores.length;
  for (let i = 0; i < scores.length; i++) if (Number.isNaN(scores[i])) seen.invalid++;
}

function scoreOfRow({ data }: NamedTensor, at: number, width: number): number {
  if (width <= 2) return numberAt(data, at + width - 1);
  let largest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < width; i++) {
    const value = numberAt(data, at + i);
    if (Number.isNaN(value)) return value;
    if (value > largest) largest = value;
  }
  return largest;
}
