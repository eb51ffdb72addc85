/**
 * The window arithmetic that the offline SQL and the online store share.
 *
 * An aggregated value is kept in whole units of 2^-16, so that sums are exact in any order as long as they stay
 * below 2^37 (1.3e11): tiles can be added, subtracted and replayed, and both back-ends give the same bits.
 */
export const unitsPerOne = 65_536;

/** A value in units of 2^-16, as the SQL `floor(v * 65536 + 0.5)`; NaN when the value does not count. */
export function toUnits(value: number | string | boolean | null): number {
  if (value === null || typeof value === 'string') return Number.NaN;
  const units = Math.floor(Number(value) * unitsPerOne + 0.5);
  return Math.abs(units) <= 1e300 ? units : Number.NaN;
}

/** The tile that a time lies in. */
export function tileOf(time: number, grain: number): number {
  return Math.floor(time / grain);
}
