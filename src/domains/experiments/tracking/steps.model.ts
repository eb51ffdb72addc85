import { lowerBound } from '../points/columns.model.ts';

/** The different steps of an ascending column; the column itself when they all differ. */
export function distinctSteps(steps: Float64Array): Float64Array {
  let count = 0;
  for (let i = 0; i < steps.length; i++) if (i === 0 || steps[i] !== steps[i - 1]) count++;
  if (count === steps.length) return steps;
  const distinct = new Float64Array(count);
  let at = 0;
  for (let i = 0; i < steps.length; i++) if (i === 0 || steps[i] !== steps[i - 1]) distinct[at++] = steps[i]!;
  return distinct;
}

/** At most `most` of the steps of several ascending columns, evenly spread, with the first and the last of all. */
export function spreadOver(columns: readonly Float64Array[], most: number): Set<number> {
  const [only, ...others] = columns;
  if (!only) return new Set();
  const all = others.length === 0 ? only : distinctSteps(joined(columns).sort());
  if (all.length <= most) return new Set(all);
  const last = all.length - 1;
  return new Set(
    Array.from({ length: most }, (_, i) => all[Math.round((i * last) / Math.max(most - 1, 1))]!),
  );
}

function joined(columns: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(columns.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const column of columns) {
    all.set(column, at);
    at += column.length;
  }
  return all;
}

/** Where the wanted steps stand in an ascending column, from and to, at most `most` places in all. */
export function placesOf(
  steps: Float64Array,
  wanted: Iterable<number>,
  most: number,
): [from: number, to: number][] {
  const places: [number, number][] = [];
  let count = 0;
  for (const step of Float64Array.from(new Set(wanted)).sort()) {
    const from = lowerBound(steps, step);
    const to = Math.min(lowerBound(steps, step + 1), from + most - count);
    if (to <= from) continue;
    places.push([from, to]);
    count += to - from;
    if (count === most) break;
  }
  return places;
}
