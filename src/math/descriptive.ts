/** Descriptive statistics of one column. */

/** Summary of the finite values; every figure is NaN when there are none. */
export interface Description {
  /** Finite values. */
  n: number;
  /** NaN values. */
  missing: number;
  /** ±Infinity, left out of every other figure. */
  infinite: number;
  mean: number;
  /** Divisor n − 1; NaN for one value. */
  std: number;
  min: number;
  max: number;
  /** Values equal to 0. */
  zeros: number;
  /** Population skewness m3 / m2^1.5; NaN for a constant column. */
  skewness: number;
  quantiles: { p5: number; p25: number; p50: number; p75: number; p95: number };
}

/** Describes a column; quantiles interpolate linearly. Sorts a copy: O(n log n). */
export function describe(values: Float64Array | Float32Array): Description {
  const sorted = new Float64Array(values.length);
  let n = 0;
  let missing = 0;
  let zeros = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (Number.isNaN(value)) missing++;
    else if (value - value === 0) {
      if (value === 0) zeros++;
      sorted[n++] = value;
    }
  }
  const kept = sorted.subarray(0, n).sort();
  const quantiles = {
    p5: quantile(kept, 0.05),
    p25: quantile(kept, 0.25),
    p50: quantile(kept, 0.5),
    p75: quantile(kept, 0.75),
    p95: quantile(kept, 0.95),
  };
  const min = n > 0 ? kept[0] : Number.NaN;
  const max = n > 0 ? kept[n - 1] : Number.NaN;
  return {
    n,
    missing,
    infinite: values.length - n - missing,
    ...momentsOf(kept),
    min,
    max,
    zeros,
    quantiles,
  };
}

function momentsOf(values: Float64Array): { mean: number; std: number; skewness: number } {
  const n = values.length;
  if (n === 0) return { mean: Number.NaN, std: Number.NaN, skewness: Number.NaN };
  if (values[0] === values[n - 1])
    return { mean: values[0], std: n > 1 ? 0 : Number.NaN, skewness: Number.NaN };
  let sum = 0;
  for (let i = 0; i < n; i++) sum += values[i];
  let mean = sum / n;
  let residual = 0;
  for (let i = 0; i < n; i++) residual += values[i] - mean;
  mean += residual / n;
  let second = 0;
  let third = 0;
  for (let i = 0; i < n; i++) {
    const deviation = values[i] - mean;
    const square = deviation * deviation;
    second += square;
    third += square * deviation;
  }
  const skewness = third / n / (second / n) ** 1.5;
  return { mean, std: Math.sqrt(second / (n - 1)), skewness };
}

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
