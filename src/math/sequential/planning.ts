/** How long a sequential test will take, before it starts. */

import { DEFAULT_RATIOS, logMean, ratioGains } from './events.ts';
import { assertAlpha, assertShare } from './wealth.ts';

/** What one expects to see; rates and shares per request, in (0, 1). */
export type SamplePlan =
  | {
      test: 'ratio-grid';
      controlRate: number;
      treatmentRate: number;
      treatmentShare: number;
      toleratedRatio?: number;
      ratios?: readonly number[];
      alpha?: number;
    }
  | {
      test: 'bounded-mean';
      /** Distance of the true mean from the null mean, in the alternative's direction. */
      effect: number;
      standardDeviation: number;
      alpha?: number;
    }
  | {
      test: 'arm-contrast';
      /** Treatment minus control minus margin, in the alternative's direction. */
      effect: number;
      /** Of the value within an arm; the larger of the two. */
      standardDeviation: number;
      treatmentShare: number;
      alpha?: number;
    };

/**
 * Rough number of requests (of both arms together) until the test rejects, when the plan is true: where the
 * wealth, growing at its expected rate, meets 1/alpha. Real runs scatter around it by a factor of about two.
 * Infinity when there is no effect to find.
 *
 * @throws RangeError for shares, rates or levels outside (0, 1).
 */
export function expectedSamples(plan: SamplePlan): number {
  const alpha = plan.alpha ?? 0.05;
  assertAlpha(alpha);
  const goal = -Math.log(alpha);
  if (plan.test === 'ratio-grid') return ratioGridSamples(plan, goal);
  if (!(plan.effect > 0)) return Number.POSITIVE_INFINITY;
  let variance = plan.standardDeviation ** 2;
  if (plan.test === 'arm-contrast') {
    assertShare(plan.treatmentShare);
    variance /= plan.treatmentShare * (1 - plan.treatmentShare);
  }
  // Growth of the best constant stake, and a quarter more for learning it.
  const growth = plan.effect ** 2 / (2 * (variance + plan.effect ** 2));
  return Math.ceil((1.25 * goal) / growth);
}

function ratioGridSamples(plan: Extract<SamplePlan, { test: 'ratio-grid' }>, goal: number): number {
  const { controlRate, treatmentRate, treatmentShare, toleratedRatio = 1, ratios = DEFAULT_RATIOS } = plan;
  assertShare(treatmentShare);
  if (!(controlRate >= 0 && controlRate <= 1 && treatmentRate >= 0 && treatmentRate <= 1)) {
    throw new RangeError('A failure rate must lie between 0 and 1.');
  }
  const treatment = treatmentShare * treatmentRate;
  const control = (1 - treatmentShare) * controlRate;
  const growths = ratios.map((ratio) => {
    const [treatmentGain, controlGain] = ratioGains(ratio, toleratedRatio, treatmentShare);
    return treatment * treatmentGain + control * controlGain;
  });
  if (Math.max(...growths) <= 0) return Number.POSITIVE_INFINITY;
  const logE = (n: number): number => logMean(growths.map((growth) => growth * n));
  let high = 1;
  while (logE(high) < goal) high *= 2;
  let low = high / 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (logE(middle) < goal) low = middle;
    else high = middle;
  }
  return Math.ceil(high);
}
