/**
 * Many tests at once. Each function returns adjusted p-values in the order given, to compare with the level
 * directly. NaN (a test that could not be made) stays NaN and is not counted.
 */

import { argsort } from './ranks.ts';

/** q-values that control the false discovery rate; Benjamini & Hochberg (1995). */
export function benjaminiHochberg(pValues: ArrayLike<number>): Float64Array {
  return stepUp(pValues, () => 1);
}

/** q-values valid under any dependence between the tests; Benjamini & Yekutieli (2001). */
export function benjaminiYekutieli(pValues: ArrayLike<number>): Float64Array {
  return stepUp(pValues, (count) => {
    let harmonic = 0;
    for (let i = 1; i <= count; i++) harmonic += 1 / i;
    return harmonic;
  });
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

function stepUp(pValues: ArrayLike<number>, penaltyOf: (count: number) => number): Float64Array {
  const { order, count } = orderPresent(pValues);
  const adjusted = new Float64Array(pValues.length).fill(Number.NaN);
  const penalty = penaltyOf(count);
  let smallest = 1;
  for (let i = count - 1; i >= 0; i--) {
    smallest = Math.min(smallest, pValues[order[i]] * ((count / (i + 1)) * penalty));
    adjusted[order[i]] = smallest;
  }
  return adjusted;
}

function orderPresent(pValues: ArrayLike<number>): { order: Uint32Array; count: number } {
  const order = argsort(pValues);
  let count = 0;
  for (let i = 0; i < pValues.length; i++) if (!Number.isNaN(pValues[i])) count++;
  return { order, count };
}
