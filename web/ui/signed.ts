import { MISSING } from './format.ts';

/** A difference with its sign: "+0.012", "−0.031". */
export function signed(value: number | null | undefined, decimals = 3): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return MISSING;
  const text = Math.abs(value).toFixed(decimals);
  if (Number(text) === 0) return `±${text}`;
  return value > 0 ? `+${text}` : `−${text}`;
}

/** A difference with its sign and its 95 % interval. */
export function signedInterval(
  value: number | null | undefined,
  low: number | null | undefined,
  high: number | null | undefined,
  decimals = 3,
): string {
  if (low === null || low === undefined || high === null || high === undefined)
    return signed(value, decimals);
  return `${signed(value, decimals)} (${signed(low, decimals)} to ${signed(high, decimals)})`;
}
