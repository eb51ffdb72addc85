/**
 * Always-valid inference on the mean of bounded observations.
 *
 * Source: I. Waudby-Smith, A. Ramdas (2023), "Estimating means of bounded random variables by betting", Journal
 * of the Royal Statistical Society B 86.
 */

import { assertAlpha, assertShare, resultOf, type SequentialResult, type WealthState } from './wealth.ts';

/** Observations outside [lower, upper] are cut to it and counted; NaN is skipped and counted. */
interface BoundedState {
  lower: number;
  upper: number;
  n: number;
  clipped: number;
  missing: number;
}

export interface BoundedMeanState extends WealthState, BoundedState {
  kind: 'bounded-mean';
  /** The null: mean ≤ nullMean when the alternative is greater, mean ≥ nullMean when it is less. */
  nullMean: number;
  alternative: 'greater' | 'less';
  /** Running Σ of observations scaled to [0, 1] (flipped for `less`) and of squared errors of prediction. */
  sum: number;
  squares: number;
}

/** Largest part of the wealth that one observation can take. */
const LARGEST_STAKE = 0.75;

/**
 * One-sided test on the mean of observations in [lower, upper]. Before each observation, scaled to y in [0, 1]
 * with null mean m, it stakes λ = (μ̂ − m)/(σ̂² + (μ̂ − m)²), cut to [0, 0.75/m], from the past only; the wealth
 * is multiplied by 1 + λ(y − m). (Waudby-Smith & Ramdas 2023, approximate GRAPA; nothing is staked while the
 * past mean is on the null's side, so a long good stretch costs no power later.)
 */
export const boundedMeanTest = {
  /** @throws RangeError unless lower < nullMean < upper and alpha is in (0, 1). */
  start(options: {
    nullMean: number;
    lower?: number;
    upper?: number;
    alternative?: 'greater' | 'less';
    alpha?: number;
  }): BoundedMeanState {
    const { nullMean, lower = -1, upper = 1, alternative = 'greater', alpha = 0.05 } = options;
    assertAlpha(alpha);
    if (!(lower < nullMean && nullMean < upper))
      throw new RangeError('The null mean must lie inside the bounds.');
    const counts = { n: 0, clipped: 0, missing: 0, sum: 0, squares: 0 };
    return {
      kind: 'bounded-mean',
      alpha,
      nullMean,
      lower,
      upper,
      alternative,
      ...counts,
      logE: 0,
      maxLogE: 0,
    };
  },

  /** Adds observations in the order they came. */
  update(state: BoundedMeanState, observations: ArrayLike<number>): BoundedMeanState {
    const next = { ...state };
    const isLess = state.alternative === 'less';
    const width = state.upper - state.lower;
    const scaledMean = (state.nullMean - state.lower) / width;
    const m = isLess ? 1 - scaledMean : scaledMean;
    for (let i = 0; i < observations.length; i++) {
      const scaled = scaleInto(next, observations[i]);
      if (scaled === undefined) continue;
      const y = isLess ? 1 - scaled : scaled;
      const edge = (m + next.sum) / (next.n + 1) - m;
      if (edge > 0) {
        const variance = (0.25 + next.squares) / (next.n + 1);
        const stake = Math.min(edge / (variance + edge * edge), LARGEST_STAKE / m);
        next.logE += Math.log1p(stake * (y - m));
        if (next.logE > next.maxLogE) next.maxLogE = next.logE;
      }
      next.n++;
      next.sum += y;
      next.squares += (y - (m + next.sum) / (next.n + 1)) ** 2;
    }
    return next;
  },

  result: resultOf as (state: BoundedMeanState) => SequentialResult,
} as const;

/** Counts the value and scales it to [0, 1]; undefined for NaN. */
function scaleInto(counts: BoundedState, value: number): number | undefined {
  if (Number.isNaN(value)) {
    counts.missing++;
    return undefined;
  }
  if (value < counts.lower || value > counts.upper) counts.clipped++;
  const scaled = (value - counts.lower) / (counts.upper - counts.lower);
  return Math.min(1, Math.max(0, scaled));
}

export interface ConfidenceSequenceState extends BoundedState {
  kind: 'confidence-sequence';
  alpha: number;
  sum: number;
  squares: number;
  sumStakes: number;
  weightedSum: number;
  spent: number;
  /** Tightest bounds so far, scaled to [0, 1]. */
  best: [lower: number, upper: number];
}

export interface ConfidenceSequenceResult {
  estimate: number;
  lower: number;
  upper: number;
  /** 1 − alpha: the chance that the mean is inside at every time at once. */
  confidence: number;
  n: number;
  /** False when the bounds crossed: the mean cannot have been constant. */
  isConsistent: boolean;
}

/**
 * Time-uniform confidence interval for the mean of observations in [lower, upper] whose expectation given the
 * past is constant: empirical-Bernstein, predictable plug-in (Waudby-Smith & Ramdas 2023, theorem 2), with the
 * running intersection. To decide one margin, `boundedMeanTest` is stronger.
 */
export const confidenceSequence = {
  start(options: { lower?: number; upper?: number; alpha?: number } = {}): ConfidenceSequenceState {
    const { lower = 0, upper = 1, alpha = 0.05 } = options;
    assertAlpha(alpha);
    if (!(lower < upper)) throw new RangeError('The lower bound must be below the upper one.');
    const sums = { sum: 0, squares: 0, sumStakes: 0, weightedSum: 0, spent: 0 };
    const counts = { n: 0, clipped: 0, missing: 0 };
    return { kind: 'confidence-sequence', alpha, lower, upper, ...counts, ...sums, best: [0, 1] };
  },

  /** Adds observations in the order they came. */
  update(state: ConfidenceSequenceState, observations: ArrayLike<number>): ConfidenceSequenceState {
    const next = { ...state };
    let [low, high] = state.best;
    const level = Math.log(2 / state.alpha);
    for (let i = 0; i < observations.length; i++) {
      const y = scaleInto(next, observations[i]);
      if (y === undefined) continue;
      const t = next.n + 1;
      const past = (0.5 + next.sum) / t;
      const variance = (0.25 + next.squares) / t;
      const stake = Math.min(0.5, Math.sqrt((2 * level) / (variance * t * Math.log1p(t))));
      next.sumStakes += stake;
      next.weightedSum += stake * y;
      next.spent += (y - past) ** 2 * (-Math.log1p(-stake) - stake);
      next.n = t;
      next.sum += y;
      next.squares += (y - (0.5 + next.sum) / (t + 1)) ** 2;
      const centre = next.weightedSum / next.sumStakes;
      const reach = (level + next.spent) / next.sumStakes;
      low = Math.max(low, centre - reach);
      high = Math.min(high, centre + reach);
    }
    next.best = [low, high];
    return next;
  },

  result(state: ConfidenceSequenceState): ConfidenceSequenceResult {
    const width = state.upper - state.lower;
    const [low, high] = state.best;
    return {
      estimate: state.lower + (width * state.sum) / state.n,
      lower: state.lower + width * low,
      upper: state.lower + width * high,
      confidence: 1 - state.alpha,
      n: state.n,
      isConsistent: low <= high,
    };
  },
} as const;

/**
 * One request of a randomised split as an observation in [−1, 1] for `boundedMeanTest` with nullMean 0. Its
 * mean is at most 0 exactly when the treatment's mean value exceeds the control's by at most `margin`:
 * s·[(A/ρ − (1 − A)/(1 − ρ))·(value − baseline) − margin], s = 1/(max(1/ρ, 1/(1 − ρ)) + |margin|).
 *
 * Alternative `greater` with large values bad is the harm test. Alternative `less` is the non-inferiority test:
 * rejecting says the treatment is worse by less than the margin. The share may change between requests.
 *
 * `value` and `baseline` lie in [0, 1]. The baseline, such as the control's mean so far, must be known before
 * the request; a good one cuts the variance, a bad one costs power but not validity.
 */
export function armContrast(request: {
  inTreatment: boolean;
  value: number;
  treatmentShare: number;
  margin?: number;
  baseline?: number;
}): number {
  const { inTreatment, value, treatmentShare, margin = 0, baseline = 0.5 } = request;
  assertShare(treatmentShare);
  const weight = inTreatment ? 1 / treatmentShare : -1 / (1 - treatmentShare);
  const scale = 1 / (Math.max(1 / treatmentShare, 1 / (1 - treatmentShare)) + Math.abs(margin));
  return scale * (weight * (value - baseline) - margin);
}
