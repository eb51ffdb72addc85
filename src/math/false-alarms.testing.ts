/** Checks of a test's level by simulation: how often does it reject a true null? */

/**
 * Runs `pValueOf` on `pairs` null cases. `isCalibrated` when the number of p-values below alpha lies in the
 * central 99.9 % of the binomial (normal form); `isValid` when it is not above that band.
 */
export function falseAlarms(
  pairs: number,
  alpha: number,
  pValueOf: (pair: number) => number,
): { rate: number; isCalibrated: boolean; isValid: boolean } {
  let alarms = 0;
  for (let pair = 0; pair < pairs; pair++) if (pValueOf(pair) < alpha) alarms++;
  const reach = 3.2905 * Math.sqrt(pairs * alpha * (1 - alpha)) + 0.5;
  const gap = alarms - pairs * alpha;
  return { rate: alarms / pairs, isCalibrated: Math.abs(gap) <= reach, isValid: gap <= reach };
}
