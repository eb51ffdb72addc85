/**
 * Quantile of ascending values by linear interpolation at position q·(n − 1) (numpy's default).
 *
 * @throws RangeError when q is outside [0, 1].
 */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError('A quantile level must lie between 0 and 1.');
  const n = sorted.length;
  if (n === 0) return Number.NaN;
  const position = q * (n - 1);
  const below = Math.floor(position);
  const fraction = position - below;
  if (fraction === 0) return sorted[below];
  const low = sorted[below];
  const high = sorted[below + 1];
  // From the nearer end, so that the result never passes either neighbour.
  const step = high - low;
  return fraction < 0.5 ? low + step * fraction : high - step * (1 - fraction);
}

/**
 * Share of the variance that lies between groups (η²), 0 to 1, from counts on the same ordered bins; the position of a
 * bin is its value, and every group weighs the same. Empty groups are left out; NaN where fewer than two are left or
 * nothing varies. 1: each group holds one value.
 *
 * Source: K. Pearson, "On the general theory of skew correlation" (1905), correlation ratio.
 */
export function betweenShare(groups: readonly ArrayLike<number>[]): number {
  let used = 0;
  let means = 0;
  let squaredMeans = 0;
  let within = 0;
  for (const counts of groups) {
    let n = 0;
    let sum = 0;
    let squares = 0;
    for (let bin = 0; bin < counts.length; bin++) {
      n += counts[bin];
      sum += counts[bin] * bin;
      squares += counts[bin] * bin * bin;
    }
    if (n === 0) continue;
    const mean = sum / n;
    used++;
    means += mean;
    squaredMeans += mean * mean;
    within += squares / n - mean * mean;
  }
  if (used < 2) return Number.NaN;
  const between = squaredMeans / used - (means / used) ** 2;
  const all = between + within / used;
  // Positions are whole numbers: less than this is rounding.
  return all < 1e-12 ? Number.NaN : between / all;
}

export interface SampleMoments {
  n: number;
  mean: number;
  variance: number;
}

/** n, mean and variance (divisor n − 1) of the values present; two passes. */
export function sampleMoments(values: ArrayLike<number>): SampleMoments {
  let n = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    n++;
    sum += values[i];
  }
  const mean = sum / n;
  let squares = 0;
  let residual = 0;
  for (let i = 0; i < values.length; i++) {
    if (Number.isNaN(values[i])) continue;
    const deviation = values[i] - mean;
    squares += deviation * deviation;
    residual += deviation;
  }
  return { n, mean, variance: (squares - (residual * residual) / n) / (n - 1) };
}
