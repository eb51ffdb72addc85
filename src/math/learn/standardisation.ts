/** Centre and spread of each feature, float64, in the feature's own units. */
export interface Standardisation {
  /** Mean of the present values; 0 for a feature without any. Missing values are taken as this mean. */
  means: number[];
  /** Population standard deviation after mean-imputation, over all rows; 1 for a constant feature. */
  scales: number[];
}

/** Measures the columns; NaN means missing. */
export function measureColumns(columns: readonly Float32Array[]): Standardisation {
  const means: number[] = [];
  const scales: number[] = [];
  for (const column of columns) {
    let sum = 0;
    let present = 0;
    let lowest = Number.POSITIVE_INFINITY;
    let highest = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < column.length; i++) {
      const x = column[i];
      if (Number.isNaN(x)) continue;
      sum += x;
      present++;
      if (x < lowest) lowest = x;
      if (x > highest) highest = x;
    }
    if (present === 0 || lowest === highest) {
      means.push(present === 0 ? 0 : lowest);
      scales.push(1);
      continue;
    }
    const mean = sum / present;
    let squares = 0;
    for (let i = 0; i < column.length; i++) {
      const x = column[i];
      if (!Number.isNaN(x)) squares += (x - mean) ** 2;
    }
    means.push(mean);
    scales.push(Math.sqrt(squares / column.length));
  }
  return { means, scales };
}

/** Writes the standardised values of rows `start` to `end - 1` of one column to `out`; missing ones are 0. */
export function standardise(
  column: Float32Array,
  start: number,
  end: number,
  mean: number,
  scale: number,
  out: Float64Array,
): void {
  for (let i = start, k = 0; i < end; i++, k++) {
    const x = column[i];
    out[k] = Number.isNaN(x) ? 0 : (x - mean) / scale;
  }
}
