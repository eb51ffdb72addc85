/** Test of "both samples come from one distribution" on their counts. Oracle: scipy.stats, see test/fixtures/math. */

import { chiSquareSf } from './special.ts';

export interface HomogeneityResult {
  statistic: number;
  /** In [0, 1], or NaN when a sample is empty. */
  pValue: number;
  degreesOfFreedom: number;
}

/**
 * Pearson's χ² on the 2×K table of counts, without Yates' correction. Columns empty in both samples are
 * dropped; a single remaining column gives statistic 0, p = 1.
 *
 * @throws RangeError when the samples do not have the same number of bins.
 */
export function chiSquareHomogeneity(first: ArrayLike<number>, second: ArrayLike<number>): HomogeneityResult {
  if (first.length !== second.length) throw new RangeError('Both samples need the same bins.');
  let n = 0;
  let m = 0;
  for (let i = 0; i < first.length; i++) {
    n += first[i];
    m += second[i];
  }
  if (!(n > 0 && m > 0)) return { statistic: Number.NaN, pValue: Number.NaN, degreesOfFreedom: 0 };
  let statistic = 0;
  let columns = 0;
  for (let i = 0; i < first.length; i++) {
    const column = first[i] + second[i];
    if (column === 0) continue;
    columns++;
    statistic += cell(first[i], (column * n) / (n + m)) + cell(second[i], (column * m) / (n + m));
  }
  if (columns === 1) return { statistic: 0, pValue: 1, degreesOfFreedom: 0 };
  return { statistic, pValue: chiSquareSf(statistic, columns - 1), degreesOfFreedom: columns - 1 };
}

function cell(observed: number, expected: number): number {
  return ((observed - expected) * (observed - expected)) / expected;
}
