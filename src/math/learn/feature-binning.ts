import { sampleRows } from './row-sample.ts';

/** Bin of missing values in every feature; values take the bins 0 to 254. */
export const MISSING_BIN = 255;
/** Quantiles are estimated on at most this many rows. */
const QUANTILE_ROWS = 200_000;
const LARGEST_FLOAT32 = 3.4028234663852886e38;

/**
 * Features as small integers. Value `x` of feature `f` is in bin `b` iff
 * `thresholds[f][b - 1] < x <= thresholds[f][b]`; NaN is in `MISSING_BIN`.
 */
export interface BinnedTable {
  /** Bins of four features per row in one 32-bit word: feature `f` is byte `f & 3` of `groups[f >> 2][row]`. */
  readonly groups: readonly Int32Array[];
  /** Ascending, distinct, finite float32; one fewer than the feature has bins. */
  readonly thresholds: readonly Float32Array[];
  readonly hasMissing: readonly boolean[];
}

/** The float32 nearest the middle of `low < high` that still separates them: `low <= m < high`. */
function separator(low: number, high: number): number {
  const middle = Math.fround((low + high) / 2);
  return middle < high ? middle : low;
}

/**
 * Thresholds between the values of one feature: the midpoints when it has at most `bins` distinct values,
 * else the quantiles k/bins as averaged inverse of the distribution function (Hyndman & Fan, Sample
 * Quantiles in Statistical Packages, 1996, definition 2). Ascending, distinct, float32.
 * `values` is sorted in place and must hold neither NaN nor infinities; `bins` is in [2, 255].
 */
export function binThresholds(values: Float32Array, bins: number): Float32Array {
  values.sort();
  const n = values.length;
  const found: number[] = [];
  let distinct = n > 0 ? 1 : 0;
  for (let i = 1; i < n; i++) if (values[i] !== values[i - 1]) distinct++;
  if (distinct <= bins) {
    for (let i = 1; i < n; i++) {
      const low = values[i - 1];
      const high = values[i];
      if (low !== high) found.push(separator(low, high));
    }
    return Float32Array.from(found);
  }
  for (let k = 1; k < bins; k++) {
    const rank = Math.floor((n * k) / bins);
    const upper = values[rank];
    const isBetween = (n * k) % bins === 0;
    const quantile = isBetween ? Math.fround((values[rank - 1] + upper) / 2) : upper;
    if (found.length === 0 || quantile > found[found.length - 1]) found.push(quantile);
  }
  return Float32Array.from(found);
}

/**
 * Writes the bin of each value into the byte at `shift` of its row's word, which must be 0; returns whether a
 * value is missing. The bin is the number of thresholds below the value, found without unpredictable branches.
 */
function binColumn(
  column: Float32Array,
  thresholds: Float32Array,
  words: Int32Array,
  shift: number,
): boolean {
  const padded = new Float32Array(256).fill(LARGEST_FLOAT32);
  padded.set(thresholds);
  let hasMissing = false;
  for (let i = 0; i < column.length; i++) {
    const x = column[i];
    if (Number.isNaN(x)) {
      hasMissing = true;
      words[i] = words[i] | (MISSING_BIN << shift);
      continue;
    }
    let low = padded[127] < x ? 128 : 0;
    low += padded[low + 63] < x ? 64 : 0;
    low += padded[low + 31] < x ? 32 : 0;
    low += padded[low + 15] < x ? 16 : 0;
    low += padded[low + 7] < x ? 8 : 0;
    low += padded[low + 3] < x ? 4 : 0;
    low += padded[low + 1] < x ? 2 : 0;
    low += padded[low] < x ? 1 : 0;
    words[i] = words[i] | (low << shift);
  }
  return hasMissing;
}

/** Words with varied bytes where the last group has no feature, so that no sum there waits for the one before. */
function emptyGroup(rows: number, features: number): Int32Array {
  const words = new Int32Array(rows);
  for (let f = features; f < 4; f++) {
    for (let i = 0; i < rows; i++) words[i] = words[i] | ((i & 127) << (8 * f));
  }
  return words;
}

/**
 * Bins every column. Thresholds come from `rows` (a seeded sample of them beyond 200 000), so that held-out
 * rows do not shape the bins; all rows are binned.
 */
export function binTable(
  columns: readonly Float32Array[],
  rows: Int32Array,
  bins: number,
  seed: number,
): BinnedTable {
  const sample = sampleRows(rows.length, QUANTILE_ROWS, seed);
  const scratch = new Float32Array(sample.length);
  const groups: Int32Array[] = [];
  const thresholds: Float32Array[] = [];
  const hasMissing: boolean[] = [];
  for (let f = 0; f < columns.length; f++) {
    const column = columns[f];
    if (f % 4 === 0) groups.push(emptyGroup(column.length, Math.min(4, columns.length - f)));
    let present = 0;
    for (let k = 0; k < sample.length; k++) {
      const x = column[rows[sample[k]]];
      if (!Number.isNaN(x)) scratch[present++] = x;
    }
    const edges = binThresholds(scratch.subarray(0, present), bins);
    thresholds.push(edges);
    hasMissing.push(binColumn(column, edges, groups[f >> 2], 8 * (f & 3)));
  }
  return { groups, thresholds, hasMissing };
}
