/**
 * Many tests at once. Each function returns adjusted p-values in the order given, to compare with the level
 * directly. NaN (a test that could not be made) stays NaN and is not counted.
 */

import { argsort } from './ranks.ts';

/** q-values that control the false discovery rate; Benjamini & Hochberg (1995). */
export function benjaminiHochberg(pValues: ArrayLike<number>): Float64Array {
  const { order, count } = orderPresent(pValues);
  const adjusted = new Float64Array(pValues.length).fill(Number.NaN);
  let smallest = 1;
  for (let i = count - 1; i >= 0; i--) {
    smallest = Math.min(smallest, pValues[order[i]] * (count / (i + 1)));
    adjusted[order[i]] = smallest;
  }
  return adjusted;
}

/** Adjusted p-values that control the chance of any false alarm; Holm (1979). */
export function holm(pValues: ArrayLike<number>): Float64Array {
  const { order, count } = orderPresent(pValues);
  const adjusted = new Float64Array(pValues.length).fill(Number.NaN);
  let largest = 0;
  for (let i = 0; i < count; i++) {
    largest = Math.max(largest, pValues[order[i]] * (count - i));
    adjusted[order[i]] = Math.min(1, largest);
  }
  return adjusted;
}

function orderPresent(pValues: ArrayLike<number>): { order: Uint32Array; count: number } {
  const order = argsort(pValues);
  let count = 0;
  for (let i = 0; i < pValues.length; i++) if (!Number.isNaN(pValues[i])) count++;
  return { order, count };
}
