/*
 * Points of one metric as three columns of numbers, and as bytes: eight bytes that say how steps and times are kept
 * (0: each one, 1: the first and the distance, for those that keep one distance), then steps, times and values as
 * 64-bit floats, little-endian like every machine that this runs on. NaN and infinities are values like any other.
 */

/** Points of one metric; all columns have the same length. Times in milliseconds since 1970 UTC. */
export type Columns = {
  readonly steps: Float64Array;
  readonly times: Float64Array;
  readonly values: Float64Array;
};

export const makeColumns = (count: number): Columns => ({
  steps: new Float64Array(count),
  times: new Float64Array(count),
  values: new Float64Array(count),
});

export const cutColumns = ({ steps, times, values }: Columns, from: number, to?: number): Columns => ({
  steps: steps.subarray(from, to),
  times: times.subarray(from, to),
  values: values.subarray(from, to),
});

/** Points as bytes. */
export function packColumns({ steps, times, values }: Columns): Uint8Array {
  const head = new Uint8Array(8);
  const parts = [steps, times].map((column, i) => {
    const distance = distanceOf(column);
    if (distance === undefined) return column;
    head[i] = 1;
    return Float64Array.of(column[0]!, distance);
  });
  const bytes = new Uint8Array(8 + [...parts, values].reduce((sum, { byteLength }) => sum + byteLength, 0));
  bytes.set(head);
  let at = 8;
  for (const part of [...parts, values]) {
    bytes.set(new Uint8Array(part.buffer, part.byteOffset, part.byteLength), at);
    at += part.byteLength;
  }
  return bytes;
}

/** The distance of neighbours where it is the same for all of three or more. */
function distanceOf(column: Float64Array): number | undefined {
  if (column.length < 3) return undefined;
  const distance = column[1]! - column[0]!;
  for (let i = 2; i < column.length; i++) {
    if (column[i]! - column[i - 1]! !== distance) return undefined;
  }
  return distance;
}

/** Numbers of bytes as they came from a database, which may lie anywhere in memory. */
export function numbersOf(bytes: Uint8Array): Float64Array {
  const { buffer, byteOffset, byteLength } = byteOffsetIsEven(bytes) ? bytes : bytes.slice();
  return new Float64Array(buffer, byteOffset, byteLength >> 3);
}

const byteOffsetIsEven = ({ byteOffset }: Uint8Array) => byteOffset % 8 === 0;

/** Reads `count` points of `packColumns` into columns from place `at` on. */
export function unpackInto(target: Columns, at: number, bytes: Uint8Array, count: number): void {
  const numbers = numbersOf(bytes);
  let from = 1;
  for (const [i, column] of [target.steps, target.times].entries()) {
    if (bytes[i] === 0) {
      column.set(numbers.subarray(from, from + count), at);
      from += count;
    } else {
      fillEvenly(column.subarray(at, at + count), [numbers[from]!, numbers[from + 1]!], 0);
      from += 2;
    }
  }
  target.values.set(numbers.subarray(from, from + count), at);
}

/** Where the parts of bytes of `packColumns` lie that begin with this head. */
export function layoutOf(head: Uint8Array, count: number) {
  const [stepsAreEven, timesAreEven] = [head[0] === 1, head[1] === 1];
  const timesAt = 8 + (stepsAreEven ? 16 : 8 * count);
  return { stepsAreEven, timesAreEven, timesAt, valuesAt: timesAt + (timesAreEven ? 16 : 8 * count) };
}

/** Fills a column with numbers at one distance, beginning with the one at place `from`. */
export function fillEvenly(
  target: Float64Array,
  [first, distance]: readonly [number, number],
  from: number,
): void {
  for (let i = 0; i < target.length; i++) target[i] = first + (from + i) * distance;
}

/** Whether each number is greater than the one before it. */
export function isAscending(column: Float64Array): boolean {
  for (let i = 1; i < column.length; i++) if (!(column[i]! > column[i - 1]!)) return false;
  return true;
}

type Comparison = (a: number, b: number) => number;

/** By step or by time first, then by the other, then by value, with NaN at 0. */
function comparison({ steps, times, values }: Columns, first: 'step' | 'time'): Comparison {
  const [major, minor] = first === 'step' ? [steps, times] : [times, steps];
  return (a, b) => major[a]! - major[b]! || minor[a]! - minor[b]! || compareValues(values[a]!, values[b]!);
}

function compareValues(a: number, b: number): number {
  const [left, right] = [Number.isNaN(a) ? 0 : a, Number.isNaN(b) ? 0 : b];
  if (left !== right) return left < right ? -1 : 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/** The points in order, each once; the columns themselves when they are so already. */
export function inOrder(points: Columns, first: 'step' | 'time'): Columns {
  if (isAscending(first === 'step' ? points.steps : points.times)) return points;
  const compare = comparison(points, first);
  const count = points.steps.length;
  let isOrdered = true;
  for (let i = 1; i < count && isOrdered; i++) isOrdered = compare(i - 1, i) < 0;
  if (isOrdered) return points;
  // Pieces that are ordered in themselves, as batches mostly are, are merged and not sorted anew.
  const places = Array.from({ length: count }, (_, i) => i).sort(compare);
  const kept = places.filter((place, i) => i === 0 || compare(places[i - 1]!, place) !== 0);
  const ordered = makeColumns(kept.length);
  kept.forEach((place, i) => {
    ordered.steps[i] = points.steps[place]!;
    ordered.times[i] = points.times[place]!;
    ordered.values[i] = points.values[place]!;
  });
  return ordered;
}

/** First place whose number is not below `least`, in a column that ascends. */
export function lowerBound(column: Float64Array, least: number): number {
  let [low, high] = [0, column.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column[middle]! < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

type Range = { from: number; to: number };

const placesWithin = (steps: Float64Array, { from, to }: Range) =>
  [lowerBound(steps, from), lowerBound(steps, to + 1)] as const;

/** Steps in order, those from `from` to `to`. */
export const stepsWithin = (steps: Float64Array, range: Range): Float64Array =>
  steps.subarray(...placesWithin(steps, range));

/** Points in order of steps, those with a step from `from` to `to`. */
export const withinSteps = (points: Columns, range: Range): Columns =>
  cutColumns(points, ...placesWithin(points.steps, range));
