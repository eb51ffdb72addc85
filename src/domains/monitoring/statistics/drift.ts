import { unseenBin } from '../../../math/bins.ts';
import { jensenShannonDistance, psi } from '../../../math/distances.ts';
import { benjaminiHochberg } from '../../../math/multiple-testing.ts';
import { chiSquareHomogeneity } from '../../../math/two-sample.ts';
import { type Limits, learnLimits } from './control.ts';
import { type ColumnProfile, columnsOf, type ReferenceProfile, scoreColumn } from './reference.ts';

/**
 * Drift of one window against the frozen reference.
 *
 * A column is flagged when three things hold: the two-sample test is significant after Benjamini-Hochberg over all
 * columns, the effect passes the limit learned from how much it moves between the first windows (rolling features are
 * autocorrelated and one day is never a sample of a month, so the test alone would always fire), and the effect is
 * not negligible by the field's convention.
 */
export type DriftFigure = {
  feature: string;
  /** PSI on smoothed shares, nats. */
  effect: number;
  /** What the effect must pass; null while it is being learned. */
  threshold: number | null;
  /** Cliff's delta, −1 to 1: chance that a current value is larger than a reference value, minus the reverse. */
  shift: number;
  shiftLow: number | null;
  shiftHigh: number | null;
  /** Jensen-Shannon distance, base 2, 0 to 1. */
  distance: number;
  pValue: number;
  qValue: number;
  n: number;
  /** Shares, 0 to 1. */
  missing: number;
  missingReference: number;
  unseen: number;
  /** How far beyond its limit the worse of effect and shift is: 1 is at the limit; null while learning. */
  ratio: number | null;
  flag: boolean;
};

/** Effects of an earlier window, for learning. */
export type DriftEffects = Record<string, { effect: number; shift: number }>;

export type DriftRule = { alpha: number; learningWindows: number; minimumRows: number };

/** Below this PSI a population counts as stable (Siddiqi, "Credit Risk Scorecards", 2006). */
const negligibleEffect = 0.1;
/** Below this |delta| a difference is negligible (Romano et al., 2006). */
const negligibleShift = 0.147;

/**
 * Features are many, and each has three limits (effect above, shift on either side) that share one level. The score
 * is one column and has a second witness: it becomes an incident only together with its outcomes.
 */
const limitsPerFeature = 3;

/** Figures of every column, features first and the score last. */
export function judgeDrift(
  reference: ReferenceProfile,
  counts: Record<string, readonly number[]>,
  learned: readonly DriftEffects[],
  rule: DriftRule,
): DriftFigure[] {
  const columns = columnsOf(reference).filter(([name]) => counts[name]);
  const pValues = columns.map(([name, column]) => chiSquareHomogeneity(column.counts, counts[name]).pValue);
  const qValues = benjaminiHochberg(pValues);
  return columns.map(([name, column], i) => {
    const figure = measure(name, column, counts[name]);
    const history = learned.map((window) => window[name]).filter((one) => one !== undefined);
    const learn = (pick: (one: { effect: number; shift: number }) => number) =>
      learnLimits(
        history.map(pick),
        rule.learningWindows,
        name === scoreColumn ? rule.alpha : rule.alpha / limitsPerFeature,
      );
    const effects = learn((one) => one.effect);
    const shifts = learn((one) => one.shift);
    const threshold = effects && Math.max(negligibleEffect, effects.upper);
    const ratio =
      threshold === null ? null : Math.max(figure.effect / threshold, shiftRatio(figure.shift, shifts));
    const isEnough = figure.n >= rule.minimumRows;
    return {
      ...figure,
      feature: name,
      threshold,
      shiftLow: shifts && Math.max(-1, shifts.lower),
      shiftHigh: shifts && Math.min(1, shifts.upper),
      pValue: pValues[i],
      qValue: qValues[i],
      ratio,
      flag: isEnough && ratio !== null && ratio > 1 && qValues[i] < rule.alpha,
    };
  });
}

/** Distance from the learned centre over the learned reach; 0 when the shift is negligible. */
function shiftRatio(shift: number, limits: Limits | null): number {
  if (limits === null || Math.abs(shift) < negligibleShift) return 0;
  const away = Math.abs(shift - limits.centre);
  if (away < negligibleShift) return 0;
  return away / Math.max(limits.upper - limits.centre, 1e-9);
}

function measure(name: string, { bins, counts: reference }: ColumnProfile, current: readonly number[]) {
  const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);
  const n = total(current);
  const last = reference.length - 1;
  const unseen = unseenBin(bins);
  const share = (counts: readonly number[], bin: number) =>
    bin < 0 ? 0 : counts[bin] / Math.max(1, total(counts));
  return {
    feature: name,
    effect: n === 0 ? 0 : psi(reference, current),
    shift: cliffsDelta(reference.slice(0, unseen < 0 ? last : unseen), current),
    distance: n === 0 ? 0 : jensenShannonDistance(reference, current),
    n,
    missing: share(current, last),
    missingReference: share(reference, last),
    unseen: share(current, unseen),
  };
}

/**
 * Cliff's delta of the current over the reference counts of the same ordered bins; 0 when a side is empty.
 * N. Cliff, "Dominance statistics" (1993).
 */
export function cliffsDelta(reference: readonly number[], current: readonly number[]): number {
  let n = 0;
  let m = 0;
  let below = 0;
  let sum = 0;
  for (let bin = 0; bin < reference.length; bin++) {
    n += reference[bin];
    m += current[bin];
  }
  if (n === 0 || m === 0) return 0;
  for (let bin = 0; bin < reference.length; bin++) {
    sum += current[bin] * (below - (n - below - reference[bin]));
    below += reference[bin];
  }
  return sum / (n * m);
}

/** What an earlier window's figures teach. */
export function effectsOf(figures: readonly DriftFigure[]): DriftEffects {
  return Object.fromEntries(figures.map(({ feature, effect, shift }) => [feature, { effect, shift }]));
}

/**
 * Score of the whole window: mean of ratio over the features, weighted by importance in the model (equal weights
 * without importance). 1 means that on average the features stand at their limits. Null while learning.
 */
export function datasetScore(
  figures: readonly DriftFigure[],
  importance: Readonly<Record<string, number>> | null,
): number | null {
  let weight = 0;
  let sum = 0;
  for (const { feature, ratio } of figures) {
    if (feature === scoreColumn) continue;
    if (ratio === null) return null;
    const own = importance ? Math.max(0, importance[feature] ?? 0) : 1;
    weight += own;
    sum += own * ratio;
  }
  return weight > 0 ? sum / weight : null;
}
