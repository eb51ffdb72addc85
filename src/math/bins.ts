/**
 * Bins frozen on a reference sample, so that counts of any later window are comparable over time.
 *
 * Every kind of bins ends with a bin for missing values; discrete bins have one for unseen values before it. Bins are plain JSON. Counts, not shares, are what to store: they add up over windows and segments.
 */

import { quantile } from './descriptive.ts';
import { sortedPresent } from './ranks.ts';

/** (−∞, e0], (e0, e1], …, (e_last, ∞), missing. Right-closed, like SQL `histogram(x, [edges])` in DuckDB. */
export interface EdgeBins {
  kind: 'edges';
  /** Ascending and distinct; may be empty (then there is one value bin). */
  edges: number[];
}

/** One bin per value, then unseen, then missing. */
export interface DiscreteBins {
  kind: 'discrete';
  /** Ascending and distinct. */
  values: number[];
}

export type NumericBins = EdgeBins | DiscreteBins;

export type NumericColumn = Float64Array | Float32Array | readonly (number | null)[];

/**
 * Freezes the bins of a numeric column. With at most `maxBins` distinct values, each seen more than twice on
 * average, one bin per value; otherwise `maxBins` quantile bins of the reference, equal edges merged. NaN and
 * null are missing; ±Infinity falls into the outer bins and does not move an edge.
 *
 * Values are compared exactly: count Float32 windows against a Float32 reference.
 *
 * @throws RangeError unless maxBins is an integer of at least 2.
 */
export function freezeNumericBins(values: NumericColumn, maxBins = 10): NumericBins {
  if (!Number.isInteger(maxBins) || maxBins < 2)
    throw new RangeError('Freezing bins needs maxBins of at least 2.');
  const sorted = sortedPresent(presentNumbers(values));
  let first = 0;
  let last = sorted.length;
  while (first < last && sorted[first] === Number.NEGATIVE_INFINITY) first++;
  while (last > first && sorted[last - 1] === Number.POSITIVE_INFINITY) last--;
  const finite = sorted.subarray(first, last);
  const distinct = distinctUpTo(finite, maxBins);
  if (distinct !== undefined && (distinct.length === 1 || finite.length > 2 * distinct.length)) {
    return { kind: 'discrete', values: distinct };
  }
  const edges: number[] = [];
  for (let i = 1; i < maxBins && finite.length > 0; i++) {
    const edge = quantile(finite, i / maxBins);
    // An edge at the maximum would leave a bin that the reference cannot fill.
    if (edge < finite[finite.length - 1] && edge !== edges.at(-1)) edges.push(edge);
  }
  return { kind: 'edges', edges };
}

function presentNumbers(values: NumericColumn): ArrayLike<number> {
  if (!Array.isArray(values)) return values as Float64Array;
  return (values as readonly (number | null)[]).filter((value) => value !== null);
}

/** The distinct values when there are 1 … limit of them, else undefined. */
function distinctUpTo(sorted: Float64Array, limit: number): number[] | undefined {
  const distinct: number[] = [];
  for (let i = 0; i < sorted.length; i++) {
    if (sorted[i] === distinct.at(-1)) continue;
    if (distinct.length === limit) return undefined;
    distinct.push(sorted[i] + 0);
  }
  return distinct.length > 0 ? distinct : undefined;
}

/** Number of bins, the unseen and missing ones included. */
export function binCount(bins: NumericBins): number {
  return (bins.kind === 'edges' ? bins.edges : bins.values).length + 2;
}

/** Position of the unseen bin, or −1 for edges, where nothing is unseen. The missing bin is always last. */
export function unseenBin(bins: NumericBins): number {
  return bins.kind === 'edges' ? -1 : binCount(bins) - 2;
}

/** Counts per bin, shape [binCount(bins)]; NaN, null and undefined count as missing. */
export function countNumeric(bins: NumericBins, values: NumericColumn): Float64Array {
  const counts = new Float64Array(binCount(bins));
  if (bins.kind === 'discrete') countDiscrete(bins.values, values as Float64Array, counts);
  else if (bins.edges.length === 0) countOneBin(values as Float64Array, counts);
  else countEdges(bins.edges, values as Float64Array, counts);
  return counts;
}

function countDiscrete(frozen: readonly number[], values: Float64Array, counts: Float64Array): void {
  const unseen = frozen.length;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (isMissing(value)) {
      counts[unseen + 1]++;
      continue;
    }
    let bin = 0;
    while (bin < unseen && frozen[bin] !== value) bin++;
    counts[bin]++;
  }
}

function countOneBin(values: Float64Array, counts: Float64Array): void {
  for (let i = 0; i < values.length; i++) counts[isMissing(values[i]) ? 1 : 0]++;
}

const CELLS = 1024;

/**
 * A value's bin is the number of edges below it. A table over 1024 uniform cells gives the edges in lower cells
 * at once (the cell of a value never decreases with the value, rounding included); the rest are compared.
 */
function countEdges(frozen: readonly number[], values: Float64Array, counts: Float64Array): void {
  const edges = Float64Array.from(frozen);
  const last = edges.length;
  const lowest = edges[0];
  const highest = edges[last - 1];
  const scale = highest > lowest ? (CELLS - 1) / (highest - lowest) : 0;
  const below = new Int32Array(CELLS + 1);
  for (let e = 0; e < last; e++) below[(((edges[e] - lowest) * scale) | 0) + 1]++;
  for (let cell = 1; cell <= CELLS; cell++) below[cell] += below[cell - 1];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (isMissing(value)) counts[last + 1]++;
    else if (value <= lowest) counts[0]++;
    else if (value > highest) counts[last]++;
    else {
      let bin = below[((value - lowest) * scale) | 0];
      while (edges[bin] < value) bin++;
      counts[bin]++;
    }
  }
}

/** Typed columns hold NaN, plain ones null or undefined as well. */
function isMissing(value: number): boolean {
  return Number.isNaN(value) || value === null || value === undefined;
}

/** One label per bin, in the order of the counts. */
export function binLabels(bins: NumericBins): string[] {
  if (bins.kind === 'discrete') return [...bins.values.map(String), 'other', 'missing'];
  const text = bins.edges.map(formatEdge);
  if (text.length === 0) return ['any value', 'missing'];
  const inner = text.slice(1).map((edge, index) => `(${text[index]}, ${edge}]`);
  return [`≤ ${text[0]}`, ...inner, `> ${text.at(-1)}`, 'missing'];
}

function formatEdge(edge: number): string {
  return String(Number(edge.toPrecision(6)));
}
