/**
 * Histograms of gradients. Notation: g, h first and second derivative of the loss by the raw score of a row.
 */

/** Bins of a feature with the one of missing values. */
export const BIN_SLOTS = 256;

/** Sums per bin of all features; bin `b` of feature `f` has slot `f * BIN_SLOTS + b`. */
export interface GradientHistogram {
  /** Sum of g at `2 * slot`, of h at `2 * slot + 1`. */
  readonly sums: Float64Array;
  /** Rows per slot. */
  readonly counts: Int32Array;
}

/** A histogram of zeros, for a whole number of groups of four features. */
export function createHistogram(groups: number): GradientHistogram {
  const slots = groups * 4 * BIN_SLOTS;
  return { sums: new Float64Array(slots * 2), counts: new Int32Array(slots) };
}

/**
 * The (g, h) pairs of `rows[start..end)` in a row, so that every group reads them in order: copied to the front
 * of `ordered`, or the gradients themselves when the range holds all rows, which are then ascending.
 */
function orderGradients(
  gradients: Float32Array,
  rows: Int32Array,
  start: number,
  end: number,
  ordered: Float32Array,
): Float32Array {
  if ((end - start) * 2 === gradients.length) return gradients;
  for (let k = start, j = 0; k < end; k++, j += 2) {
    const at = rows[k] << 1;
    ordered[j] = gradients[at];
    ordered[j + 1] = gradients[at + 1];
  }
  return ordered;
}

/** Adds one group: its four features share the loads of row number, bins and gradients. */
function addGroup(
  words: Int32Array,
  rows: Int32Array,
  start: number,
  end: number,
  ordered: Float32Array,
  sums: Float64Array,
  counts: Int32Array,
): void {
  for (let k = start, j = 0; k < end; k++, j += 2) {
    const word = words[rows[k]];
    const g = ordered[j];
    const h = ordered[j + 1];
    const a = word & 255;
    sums[2 * a] += g;
    sums[2 * a + 1] += h;
    counts[a] += 1;
    const b = 256 + ((word >>> 8) & 255);
    sums[2 * b] += g;
    sums[2 * b + 1] += h;
    counts[b] += 1;
    const c = 512 + ((word >>> 16) & 255);
    sums[2 * c] += g;
    sums[2 * c + 1] += h;
    counts[c] += 1;
    const d = 768 + (word >>> 24);
    sums[2 * d] += g;
    sums[2 * d + 1] += h;
    counts[d] += 1;
  }
}

/**
 * Overwrites `histogram` with the sums over `rows[start..end)`, which is ascending. `gradients` holds (g, h) of row `i` at `2i`
 * and `2i + 1`; `ordered` is scratch for as many pairs as there are rows.
 */
export function fillHistogram(
  groups: readonly Int32Array[],
  rows: Int32Array,
  start: number,
  end: number,
  gradients: Float32Array,
  ordered: Float32Array,
  histogram: GradientHistogram,
): void {
  const pairs = orderGradients(gradients, rows, start, end, ordered);
  histogram.sums.fill(0);
  histogram.counts.fill(0);
  const slots = 4 * BIN_SLOTS;
  for (let q = 0; q < groups.length; q++) {
    const sums = histogram.sums.subarray(q * slots * 2, (q + 1) * slots * 2);
    const counts = histogram.counts.subarray(q * slots, (q + 1) * slots);
    addGroup(groups[q], rows, start, end, pairs, sums, counts);
  }
}

/** Turns a parent's histogram into that of one child by taking the other child's away. */
export function subtractHistogram(parent: GradientHistogram, child: GradientHistogram): void {
  const { sums, counts } = parent;
  for (let i = 0; i < sums.length; i++) sums[i] = sums[i] - child.sums[i];
  for (let i = 0; i < counts.length; i++) counts[i] = counts[i] - child.counts[i];
}
