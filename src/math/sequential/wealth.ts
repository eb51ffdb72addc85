/** Shared parts of the always-valid tests; see `../sequential.ts`. */

export interface SequentialResult {
  /** Natural logarithm of the wealth now; 0 at the start. */
  logE: number;
  /** Wealth now, evidence against the null; cut at the largest double so that it stays JSON. */
  eValue: number;
  /** Always-valid p-value: 1 over the largest wealth so far, in (0, 1]. */
  pValue: number;
  /** The largest wealth so far is at least 1/alpha. */
  rejects: boolean;
  /** Observations used. */
  n: number;
}

/** What every wealth process carries. */
export interface WealthState {
  alpha: number;
  n: number;
  logE: number;
  maxLogE: number;
}

/** Reads a wealth process. */
export function resultOf(state: WealthState): SequentialResult {
  const { logE, maxLogE, n, alpha } = state;
  const eValue = Math.min(Number.MAX_VALUE, Math.exp(logE));
  return { logE, eValue, pValue: Math.exp(-maxLogE), rejects: maxLogE >= -Math.log(alpha), n };
}

/** @throws RangeError unless 0 < alpha < 1. */
export function assertAlpha(alpha: number): void {
  if (!(alpha > 0 && alpha < 1))
    throw new RangeError('The level of a sequential test must lie between 0 and 1.');
}

/** @throws RangeError unless 0 < share < 1. */
export function assertShare(share: number): void {
  if (!(share > 0 && share < 1)) throw new RangeError('A traffic share must lie strictly between 0 and 1.');
}
