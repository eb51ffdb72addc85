import { type Columns, makeColumns } from '../points/columns.model.ts';

/*
 * Down-sampling by M4: the range of steps is cut into equal parts, and of each part the first, the last, the least and
 * the greatest point stay, so that a line through them covers the same pixels as a line through all.
 * U. Jugel, Z. Jerzak, G. Hackenbroich, V. Markl: M4: A Visualization-Oriented Time Series Data Aggregation.
 * PVLDB 7(10), 2014.
 */

/**
 * Of points in order of steps: all of them when there are at most four per part, else finite ones only, the first, the
 * last, the least and the greatest of each part. For clients that never count steps, parts of time instead.
 */
export function samplePoints(points: Columns, parts: number): { points: Columns; isSampled: boolean } {
  const count = points.steps.length;
  if (count <= parts * 4) return { points, isSampled: false };
  const axis = points.steps[0] === points.steps[count - 1] ? points.times : points.steps;
  const [from, to] = [axis[0]!, axis[count - 1]!];
  const width = (to - from + 1) / parts;
  const places: number[] = [];
  for (let at = 0, part = 0; at < count; part++) {
    const end = part === parts - 1 ? Number.POSITIVE_INFINITY : from + (part + 1) * width;
    const start = at;
    while (at < count && axis[at]! < end) at++;
    places.push(...cornersOf(points.values, start, at));
  }
  const kept = makeColumns(places.length);
  places.forEach((place, i) => {
    kept.steps[i] = points.steps[place]!;
    kept.times[i] = points.times[place]!;
    kept.values[i] = points.values[place]!;
  });
  return { points: kept, isSampled: true };
}

/** Places of the first, last, least and greatest finite value from `from` on, before `to`; each once, in order. */
function cornersOf(values: Float64Array, from: number, to: number): number[] {
  let [first, last, least, greatest] = [-1, -1, -1, -1];
  for (let i = from; i < to; i++) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    if (first < 0) first = least = greatest = i;
    if (value < values[least]!) least = i;
    if (value > values[greatest]!) greatest = i;
    last = i;
  }
  if (first < 0) return [];
  return [...new Set([first, least, greatest, last])].sort((a, b) => a - b);
}
