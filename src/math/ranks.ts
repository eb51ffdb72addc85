/**
 * Sorting with positions: the shared kernel of rank tests, ROC curves and calibration curves.
 */

const RADIX_THRESHOLD = 2048;

/**
 * Positions that sort `values` ascending. Stable; NaN last; −0 equals +0. O(n): above 2048 values a
 * least-significant-digit radix sort on the IEEE bits, 16 bits a pass.
 */
export function argsort(values: ArrayLike<number>): Uint32Array {
  const n = values.length;
  if (n < RADIX_THRESHOLD) {
    const order = new Uint32Array(n);
    for (let i = 0; i < n; i++) order[i] = i;
    return order.sort((i, j) => compareNumbers(values[i], values[j]) || i - j);
  }
  const copy = new Float64Array(n);
  for (let i = 0; i < n; i++) copy[i] = values[i] + 0;
  const words = new Uint32Array(copy.buffer);
  const low = new Uint32Array(n);
  const high = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    if (Number.isNaN(copy[i])) {
      low[i] = high[i] = 0xffffffff;
      continue;
    }
    // Flip so that unsigned order is numeric order.
    const top = words[2 * i + 1];
    const negative = top >>> 31 === 1;
    low[i] = negative ? ~words[2 * i] : words[2 * i];
    high[i] = negative ? ~top : top | 0x80000000;
  }
  let order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  let spare = new Uint32Array(n);
  for (const [keys, shift] of [
    [low, 0],
    [low, 16],
    [high, 0],
    [high, 16],
  ] as const) {
    if (radixPass(keys, shift, order, spare)) [order, spare] = [spare, order];
  }
  return order;
}

/** One counting pass; false (and nothing written) when every key has the same digit. */
function radixPass(keys: Uint32Array, shift: number, from: Uint32Array, to: Uint32Array): boolean {
  const n = from.length;
  const starts = new Uint32Array(65536);
  for (let i = 0; i < n; i++) starts[(keys[i] >>> shift) & 0xffff]++;
  if (starts[(keys[0] >>> shift) & 0xffff] === n) return false;
  let total = 0;
  for (let digit = 0; digit < 65536; digit++) {
    const count = starts[digit];
    starts[digit] = total;
    total += count;
  }
  for (let i = 0; i < n; i++) {
    const position = from[i];
    to[starts[(keys[position] >>> shift) & 0xffff]++] = position;
  }
  return true;
}

function compareNumbers(a: number, b: number): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Midranks (1-based; equal values share their mean rank), in the order of `values`.
 * `tieTerm` is Σ(t³ − t) over groups of t equal values, as rank tests need.
 */
export function midranks(values: ArrayLike<number>): { ranks: Float64Array; tieTerm: number } {
  const n = values.length;
  const order = argsort(values);
  const sorted = new Float64Array(n);
  for (let k = 0; k < n; k++) sorted[k] = values[order[k]];
  const ranks = new Float64Array(n);
  let tieTerm = 0;
  for (let start = 0; start < n; ) {
    let end = start + 1;
    while (end < n && sorted[end] === sorted[start]) end++;
    const rank = 0.5 * (start + 1 + end);
    for (let k = start; k < end; k++) ranks[order[k]] = rank;
    const tied = end - start;
    tieTerm += tied * tied * tied - tied;
    start = end;
  }
  return { ranks, tieTerm };
}

/** The values without NaN, copied and sorted ascending. */
export function sortedPresent(values: ArrayLike<number>): Float64Array {
  const kept = new Float64Array(values.length);
  let n = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isNaN(value)) kept[n++] = value;
  }
  return kept.subarray(0, n).sort();
}
