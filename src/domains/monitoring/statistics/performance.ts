import { benjaminiHochberg } from '../../../math/multiple-testing.ts';
import { normalQuantile, tQuantile, tSf } from '../../../math/special.ts';
import { learnLimits, type Taught } from './control.ts';

/**
 * Realised performance of one window on the champion's labelled rows.
 *
 * Rows of one hour count as one piece of evidence (ratio estimator over clusters), because outcomes of one hour go
 * together. Two figures stay comparable when the base rate moves: the calibration gap (mean score − label rate), and
 * the excess log loss, realised minus what the scores themselves promise, Σ (s − y)·logit(s) / n, which has mean zero
 * for a calibrated model whatever the base rate.
 */
export type HourSums = {
  n: number;
  labels: number;
  scores: number;
  logLoss: number;
  excess: number;
  brier: number;
};

export type Ranking = { auc: number | null; positives: number; negatives: number };

export type PerformanceName = 'logLoss' | 'brier' | 'auc' | 'excessLogLoss' | 'calibrationGap';

export type PerformanceFigure = {
  value: number | null;
  /** 95 % interval. */
  low: number | null;
  high: number | null;
  standardError: number | null;
  /** What it usually is, and learned limits; null while they are being learned, or where one side does not count. */
  centre: number | null;
  limitLow: number | null;
  limit: number | null;
  /** Against the learned centre; null while learning. */
  pValue: number | null;
  qValue: number | null;
  flag: boolean;
};

export type Performance = Record<PerformanceName, PerformanceFigure> & {
  n: number;
  labelRate: number | null;
  meanScore: number | null;
};

/** Values of an earlier window, for learning. */
export type PerformanceValues = Record<
  PerformanceName,
  { value: number | null; standardError: number | null }
>;

/** The champion's own windows and chunks that teach, live ones first, and how many of each give a centre. */
export type Teachers = {
  groups: readonly (readonly PerformanceValues[])[];
  needed: readonly number[];
};

export type PerformanceRule = {
  metric: 'log-loss' | 'brier' | 'auc';
  alpha: number;
  minimumRows: number;
  /** Least calibration gap that matters, as a share of the label rate. */
  calibrationMargin: number;
};

const names: readonly PerformanceName[] = ['logLoss', 'brier', 'auc', 'excessLogLoss', 'calibrationGap'];
const metricName = { 'log-loss': 'logLoss', brier: 'brier', auc: 'auc' } as const;

/** Whether a figure moves with the base rate and the mix of the rows though the model is as good as it was. */
const isSeasonal = (name: PerformanceName) => name !== 'excessLogLoss' && name !== 'calibrationGap';

type Measured = { value: number | null; standardError: number | null; degrees: number };

/** The figures of the outcomes of one window or chunk, before any judgement. */
export function measurePerformance(
  hours: readonly HourSums[],
  ranking: Ranking,
): Record<PerformanceName, Measured> {
  return {
    logLoss: clusteredMean(hours, (hour) => hour.logLoss),
    brier: clusteredMean(hours, (hour) => hour.brier),
    auc: aucFigure(ranking),
    excessLogLoss: clusteredMean(hours, (hour) => hour.excess),
    calibrationGap: clusteredMean(hours, (hour) => hour.scores - hour.labels),
  };
}

const taught = (windows: readonly PerformanceValues[], name: PerformanceName): Taught[] =>
  windows.map((window) => ({
    value: window[name].value ?? Number.NaN,
    error: window[name].standardError ?? Number.NaN,
  }));

/**
 * Judges a window; `referenceRate` is the label rate of the reference, for the margin; `earlier` are the windows and
 * chunks of former champions.
 */
export function judgePerformance(
  hours: readonly HourSums[],
  ranking: Ranking,
  { groups, needed }: Teachers,
  rule: PerformanceRule,
  referenceRate: number | null,
  earlier: readonly (readonly PerformanceValues[])[] = [],
): Performance {
  const n = hours.reduce((sum, hour) => sum + hour.n, 0);
  const measured = measurePerformance(hours, ranking);
  const labelRate = clusteredMean(hours, (hour) => hour.labels).value;
  const meanScore = clusteredMean(hours, (hour) => hour.scores).value;
  const limits = names.map((name) => {
    const { standardError, degrees } = measured[name];
    // Calibration does not move with the season: its centre stays that of the evaluation, where there was one.
    const [own, enough] = isSeasonal(name) ? [groups, needed] : [groups.toReversed(), needed.toReversed()];
    return learnLimits(
      [...own, ...earlier].map((group) => taught(group, name)),
      groups.length,
      {
        needed: enough,
        alpha: rule.alpha,
        error: standardError ?? 0,
        degrees: Math.max(1, degrees),
      },
    );
  });
  const pValues = names.map((name, i) => {
    const { value, standardError, degrees } = measured[name];
    const centre = limits[i]?.centre;
    if (centre === undefined || value === null || !standardError) return Number.NaN;
    return 2 * tSf(Math.abs(value - centre) / standardError, degrees);
  });
  // Only the chosen metric and the two that do not move with the base rate can raise an alert.
  const isJudged = (name: PerformanceName) =>
    name === metricName[rule.metric] || name === 'excessLogLoss' || name === 'calibrationGap';
  const qValues = benjaminiHochberg(names.map((name, i) => (isJudged(name) ? pValues[i] : Number.NaN)));
  const figures = names.map((name, i): [PerformanceName, PerformanceFigure] => {
    const { value, standardError, degrees } = measured[name];
    const limit = limits[i];
    const isOut =
      limit !== null && value !== null && isBeyond(name, value, limit, { labelRate, referenceRate, rule });
    const reach = standardError === null ? null : tQuantile(0.975, Math.max(1, degrees)) * standardError;
    const isTwoSided = name === 'calibrationGap';
    return [
      name,
      {
        value,
        low: value === null || reach === null ? null : bounded(name, value - reach),
        high: value === null || reach === null ? null : bounded(name, value + reach),
        standardError,
        centre: limit?.centre ?? null,
        limitLow: limit && (isTwoSided || name === 'auc') ? limit.lower : null,
        limit: limit && (name === 'auc' ? limit.lower : limit.upper),
        pValue: orNull(pValues[i]),
        qValue: orNull(qValues[i]),
        flag: isOut && n >= rule.minimumRows && qValues[i] < rule.alpha,
      },
    ];
  });
  return {
    ...(Object.fromEntries(figures) as Record<PerformanceName, PerformanceFigure>),
    n,
    labelRate,
    meanScore,
  };
}

function isBeyond(
  name: PerformanceName,
  value: number,
  limit: { lower: number; upper: number },
  context: { labelRate: number | null; referenceRate: number | null; rule: PerformanceRule },
): boolean {
  if (name === 'auc') return value < limit.lower;
  if (name === 'excessLogLoss') return value > limit.upper && value > 0;
  if (name !== 'calibrationGap') return value > limit.upper;
  const rate = context.referenceRate ?? context.labelRate ?? 0;
  return (
    Math.abs(value) > context.rule.calibrationMargin * rate && (value > limit.upper || value < limit.lower)
  );
}

/** Mean per row with the standard error of the ratio estimator over hours. */
function clusteredMean(hours: readonly HourSums[], pick: (hour: HourSums) => number): Measured {
  let n = 0;
  let sum = 0;
  for (const hour of hours) {
    n += hour.n;
    sum += pick(hour);
  }
  if (n === 0) return { value: null, standardError: null, degrees: 0 };
  const value = sum / n;
  if (hours.length < 2) return { value, standardError: null, degrees: 0 };
  let squares = 0;
  for (const hour of hours) squares += (pick(hour) - hour.n * value) ** 2;
  const standardError = Math.sqrt((squares * hours.length) / (hours.length - 1)) / n;
  return { value, standardError, degrees: hours.length - 1 };
}

/** Hanley & McNeil (1982): standard error of an AUC from the AUC and the class sizes. */
function aucFigure({ auc, positives, negatives }: Ranking): Measured {
  if (auc === null || positives < 2 || negatives < 2) return { value: auc, standardError: null, degrees: 0 };
  const q1 = auc / (2 - auc);
  const q2 = (2 * auc * auc) / (1 + auc);
  const variance =
    (auc * (1 - auc) + (positives - 1) * (q1 - auc * auc) + (negatives - 1) * (q2 - auc * auc)) /
    (positives * negatives);
  return { value: auc, standardError: Math.sqrt(variance), degrees: Number.POSITIVE_INFINITY };
}

function bounded(name: PerformanceName, value: number): number {
  if (name === 'excessLogLoss') return value;
  if (name === 'calibrationGap') return Math.min(1, Math.max(-1, value));
  return name === 'logLoss' ? Math.max(0, value) : Math.min(1, Math.max(0, value));
}

const orNull = (value: number) => (Number.isNaN(value) ? null : value);

/** What an earlier window teaches. */
export function valuesOf(performance: Performance): PerformanceValues {
  const pick = ({ value, standardError }: PerformanceFigure) => ({ value, standardError });
  return {
    logLoss: pick(performance.logLoss),
    brier: pick(performance.brier),
    auc: pick(performance.auc),
    excessLogLoss: pick(performance.excessLogLoss),
    calibrationGap: pick(performance.calibrationGap),
  };
}

/** Names of the figures that are flagged, the most telling first. */
export function flagged(performance: Performance): PerformanceName[] {
  const order: readonly PerformanceName[] = ['calibrationGap', 'excessLogLoss', 'logLoss', 'brier', 'auc'];
  return order.filter((name) => performance[name].flag);
}

/** Whether the log loss is significantly above what it usually is, though perhaps within its limit. */
export function isCostlier({ logLoss }: Performance, alpha: number): boolean {
  const { value, centre, pValue } = logLoss;
  return value !== null && centre !== null && pValue !== null && value > centre && pValue < alpha;
}

/**
 * Whether a window of a champion whose limits are not learned yet is acceptable by itself: its calibration gap is
 * within twice the margin, or not clearly (99.9 %) different from it.
 */
export function isTolerable(performance: Performance, margin: number): boolean {
  const { value, standardError } = performance.calibrationGap;
  if (value === null || standardError === null) return true;
  const bound = 2 * margin * (performance.labelRate ?? 0);
  return Math.abs(value) <= bound + normalQuantile(0.999) * standardError;
}
