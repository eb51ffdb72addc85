/**
 * Always-valid tests on which arm an event belongs to.
 *
 * Source: M. Lindon, A. Malek, "Anytime-valid inference for multinomial count data", arXiv 2011.03567.
 */

import { logBeta } from '../special.ts';
import { assertAlpha, assertShare, resultOf, type SequentialResult, type WealthState } from './wealth.ts';

/** Ratios of the alternative, relative to the tolerated one. */
export const DEFAULT_RATIOS: readonly number[] = [1.25, 1.5, 2, 3, 5, 10, 30];

export interface RatioGridState extends WealthState {
  kind: 'ratio-grid';
  toleratedRatio: number;
  ratios: number[];
  /** ln of the likelihood ratio per grid point. */
  logRatios: number[];
  treatmentEvents: number;
  controlEvents: number;
}

/**
 * One-sided test on failing requests only. Null: a request of the treatment fails at most `toleratedRatio` times
 * as often as one of the control. Then each failure comes from the treatment with probability at most
 * ρ0 = ρ·r0/(ρ·r0 + 1 − ρ), ρ the treatment's traffic share at that time; the failure rate itself may drift.
 * Wealth: mean over r of ∏ (q_r/ρ0)^x ((1 − q_r)/(1 − ρ0))^(n−x), q_r the same share at ratio r0·r.
 */
export const ratioGridTest = {
  /** @throws RangeError for alpha outside (0, 1), toleratedRatio ≤ 0 or a ratio ≤ 1. */
  start(
    options: { alpha?: number; toleratedRatio?: number; ratios?: readonly number[] } = {},
  ): RatioGridState {
    const { alpha = 0.05, toleratedRatio = 1, ratios = DEFAULT_RATIOS } = options;
    assertAlpha(alpha);
    if (!(toleratedRatio > 0)) throw new RangeError('The tolerated ratio must be above 0.');
    if (ratios.length === 0 || ratios.some((ratio) => !(ratio > 1))) {
      throw new RangeError('The grid needs ratios above 1.');
    }
    const logRatios = ratios.map(() => 0);
    const counts = { treatmentEvents: 0, controlEvents: 0 };
    return {
      kind: 'ratio-grid',
      alpha,
      toleratedRatio,
      ratios: [...ratios],
      logRatios,
      ...counts,
      n: 0,
      logE: 0,
      maxLogE: 0,
    };
  },

  /** Adds failures seen while the treatment had `treatmentShare` of the traffic. */
  update(
    state: RatioGridState,
    batch: { treatmentEvents: number; controlEvents: number; treatmentShare: number },
  ): RatioGridState {
    assertShare(batch.treatmentShare);
    assertCounts(batch.treatmentEvents, batch.controlEvents);
    const logRatios = state.ratios.map((ratio, index) => {
      const [treatmentGain, controlGain] = ratioGains(ratio, state.toleratedRatio, batch.treatmentShare);
      return (
        state.logRatios[index] + batch.treatmentEvents * treatmentGain + batch.controlEvents * controlGain
      );
    });
    const logE = logMean(logRatios);
    return {
      ...state,
      logRatios,
      treatmentEvents: state.treatmentEvents + batch.treatmentEvents,
      controlEvents: state.controlEvents + batch.controlEvents,
      n: state.n + batch.treatmentEvents + batch.controlEvents,
      logE,
      maxLogE: Math.max(state.maxLogE, logE),
    };
  },

  result: resultOf as (state: RatioGridState) => SequentialResult,
} as const;

/** ln(q_r/ρ0) and ln((1 − q_r)/(1 − ρ0)). */
export function ratioGains(ratio: number, toleratedRatio: number, share: number): [number, number] {
  const odds = (share * toleratedRatio) / (1 - share);
  const controlGain = Math.log1p(odds) - Math.log1p(odds * ratio);
  return [Math.log(ratio) + controlGain, controlGain];
}

/** ln of the mean of exp(values). */
export function logMean(values: readonly number[]): number {
  const largest = Math.max(...values);
  let sum = 0;
  for (const value of values) sum += Math.exp(value - largest);
  return largest + Math.log(sum / values.length);
}

export interface BetaShareState extends WealthState {
  kind: 'beta-share';
  priorWeight: number;
  /** ln wealth of earlier stretches with another share. */
  closedLogE: number;
  /** Share of the stretch now open; null before the first batch. */
  share: number | null;
  treatment: number;
  control: number;
}

/**
 * Two-sided test that events fall to the treatment with the probability stated. Over all requests it is the
 * sample-ratio-mismatch check; over failures, a two-sided comparison of rates. Wealth:
 * B(a + x, b + n − x) / (B(a, b) ρ^x (1 − ρ)^(n−x)) with a = wρ, b = w(1 − ρ). When ρ changes, the stretch is
 * closed and a new one starts from its prior; wealths multiply.
 */
export const betaShareTest = {
  /** @throws RangeError for alpha outside (0, 1) or a prior weight ≤ 0. */
  start(options: { alpha?: number; priorWeight?: number } = {}): BetaShareState {
    const { alpha = 0.05, priorWeight = 10 } = options;
    assertAlpha(alpha);
    if (!(priorWeight > 0)) throw new RangeError('The prior weight must be above 0.');
    const open = { closedLogE: 0, share: null, treatment: 0, control: 0 };
    return { kind: 'beta-share', alpha, priorWeight, ...open, n: 0, logE: 0, maxLogE: 0 };
  },

  /** Adds counts per arm, seen while the treatment should get `treatmentShare`. */
  update(
    state: BetaShareState,
    batch: { treatment: number; control: number; treatmentShare: number },
  ): BetaShareState {
    assertShare(batch.treatmentShare);
    assertCounts(batch.treatment, batch.control);
    const isSameStretch = state.share === batch.treatmentShare;
    const closedLogE = isSameStretch ? state.closedLogE : state.logE;
    const treatment = batch.treatment + (isSameStretch ? state.treatment : 0);
    const control = batch.control + (isSameStretch ? state.control : 0);
    const logE = closedLogE + shareLogE(treatment, control, batch.treatmentShare, state.priorWeight);
    return {
      ...state,
      closedLogE,
      share: batch.treatmentShare,
      treatment,
      control,
      n: state.n + batch.treatment + batch.control,
      logE,
      maxLogE: Math.max(state.maxLogE, logE),
    };
  },

  result: resultOf as (state: BetaShareState) => SequentialResult,
} as const;

function shareLogE(x: number, rest: number, share: number, weight: number): number {
  const a = weight * share;
  const b = weight * (1 - share);
  return logBeta(a + x, b + rest) - logBeta(a, b) - x * Math.log(share) - rest * Math.log1p(-share);
}

function assertCounts(treatment: number, control: number): void {
  if (!(treatment >= 0 && control >= 0 && Number.isFinite(treatment + control))) {
    throw new RangeError('Event counts must be 0 or more.');
  }
}
