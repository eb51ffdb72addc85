import type { Difference, EvaluationReport, Figure } from '../evaluation/evaluation.contract.ts';
import type { GateMetric } from '../registry.contract.ts';
import {
  blank,
  type CheckResult,
  type CheckSettings,
  type GateEvidence,
  lacking,
  noEvaluation,
  none,
} from './evidence.model.ts';

/** Fewest test rows, and fewest of either class, from which a figure decides. */
export const FEWEST_ROWS = 500;
const FEWEST_OF_CLASS = 50;

/** How much worse than the champion a candidate may provably be: AUC points, or a share of the champion's loss. */
export const MARGINS: Record<GateMetric, number> = { auc: 0.01, logLoss: 0.02, brier: 0.02 };

const METRIC_WORDS: Record<GateMetric, string> = { auc: 'AUC', logLoss: 'log loss', brier: 'Brier score' };

/** Non-inferiority: the whole interval of (candidate − champion) decides, not the point. */
export function championRule(
  { report, champion }: GateEvidence,
  { bound: margin, metric }: CheckSettings,
): CheckResult {
  if (!champion) return none('There is no champion yet.');
  if (!report) return lacking(noEvaluation);
  const { versusChampion, champion: figures, championProblem } = report;
  if (championProblem) return lacking(`The champion could not be judged on these rows: ${championProblem}`);
  if (!versusChampion || !figures || figures.digest !== champion.digest) {
    return lacking('The evaluation compares with another champion than the one that serves now.');
  }
  if (!isEnough(report)) return lacking(tooFew(report));
  const theirs = figures[metric].value ?? Number.NaN;
  // Losses are judged relative to the champion's, AUC in points; above 0 is always worse for the candidate.
  const worse = worseBy(versusChampion[metric], metric, theirs);
  if (!worse) return lacking(`The ${METRIC_WORDS[metric]} is not defined on these rows.`);
  const shared = {
    ...blank,
    value: worse.value,
    bound: margin,
    unit:
      metric === 'auc' ? 'AUC worse than the champion' : `of the champion's ${METRIC_WORDS[metric]} worse`,
    interval: [worse.lower, worse.upper] as [number, number],
    champion: theirs,
    baseline: report.baseline[metric].value,
  };
  const words = METRIC_WORDS[metric];
  if (worse.upper <= margin) {
    const isBetter = worse.upper < 0;
    const reason = isBetter
      ? `Better than the champion in ${words}.`
      : `Not worse than the champion in ${words} by the margin.`;
    return { ...shared, decision: 'pass', reason };
  }
  if (worse.lower > margin) {
    return {
      ...shared,
      decision: 'fail',
      reason: `Worse than the champion in ${words} by more than the margin.`,
    };
  }
  return {
    ...shared,
    decision: 'not-enough-data',
    reason: `The interval of the ${words} difference spans the margin.`,
  };
}

function worseBy(
  { value, lower, upper }: Difference,
  metric: GateMetric,
  theirs: number,
): { value: number; lower: number; upper: number } | undefined {
  if (value === null || lower === null || upper === null) return undefined;
  if (metric === 'auc') return { value: -value, lower: -upper, upper: -lower };
  return theirs > 0 ? { value: value / theirs, lower: lower / theirs, upper: upper / theirs } : undefined;
}

/** A model must beat the baseline for certain; with enough rows, not proven better is not good enough. */
export function baselineRule({ report }: GateEvidence, { metric, bound }: CheckSettings): CheckResult {
  if (!report) return lacking(noEvaluation);
  if (!isEnough(report)) return lacking(tooFew(report));
  const difference = report.versusBaseline[metric];
  const { value, lower, upper } = difference;
  if (value === null || lower === null || upper === null)
    return lacking('The difference is not defined on these rows.');
  const sign = metric === 'auc' ? 1 : -1;
  const interval: [number, number] = sign === 1 ? [lower, upper] : [-upper, -lower];
  const words = METRIC_WORDS[metric];
  const loss = report.versusBaseline.logLoss;
  const isBetter = interval[0] > bound;
  // A model that ranks well and has surely a higher log loss states wrong probabilities.
  const isSkilful = (loss.lower ?? 0) <= 0;
  return {
    ...blank,
    decision: isBetter && isSkilful ? 'pass' : 'fail',
    value: sign * value,
    bound,
    unit: `${words} better than the baseline`,
    interval,
    baseline: report.baseline[metric].value,
    champion: report.champion?.[metric].value ?? null,
    reason: !isBetter
      ? `Not better than the baseline in ${words}.`
      : isSkilful
        ? `Better than the baseline in ${words}.`
        : 'Ranks better than the baseline, but the log loss of its probabilities is surely higher.',
  };
}

/** No worse calibrated than the bound, or than what serves now on the same rows. */
export function calibrationRule({ report }: GateEvidence, { bound }: CheckSettings): CheckResult {
  if (!report) return lacking(noEvaluation);
  if (!isEnough(report)) return lacking(tooFew(report));
  const value = report.candidate.ece;
  if (value === null) return lacking('The calibration error is not defined on these rows.');
  const champion = report.champion?.ece ?? null;
  const limit = Math.max(bound, champion ?? 0);
  return {
    ...blank,
    decision: value <= limit ? 'pass' : 'fail',
    value,
    bound: limit,
    unit: 'expected calibration error',
    champion,
    baseline: report.baseline.ece,
    reason:
      value <= bound
        ? 'Predicted shares are near the observed ones.'
        : value <= limit
          ? 'Beyond the bound, but no worse calibrated than the champion on these rows.'
          : 'Predicted shares are too far from the observed ones.',
  };
}

/** Fails when some slice is worse than the champion (or, without one, the baseline), surely and by the bound. */
export function slicesRule({ report, champion }: GateEvidence, { bound }: CheckSettings): CheckResult {
  if (!report) return lacking(noEvaluation);
  const against = champion && report.champion?.digest === champion.digest ? 'champion' : 'baseline';
  const judged = report.slices
    .map((slice) => {
      const difference = against === 'champion' ? slice.versusChampion : slice.versusBaseline;
      const own = slice.logLoss.value;
      if (!difference || difference.value === null || own === null) return undefined;
      const theirs = own - difference.value;
      return { slice, share: difference.value / theirs, difference, theirs };
    })
    .filter((one) => one !== undefined);
  if (report.slices.length === 0) return none('The test table has no slice columns.');
  if (judged.length === 0) return lacking('No slice could be compared.');
  const worst = judged.reduce((a, b) => (b.share > a.share ? b : a));
  const bad = judged.filter(({ share, difference }) => share > bound && (difference.pValue ?? 1) < 0.05);
  const name = ({ slice }: (typeof judged)[number]) => `${slice.column} ${slice.value}`;
  const { lower, upper } = worst.difference;
  return {
    ...blank,
    decision: bad.length === 0 ? 'pass' : 'fail',
    value: worst.share,
    bound,
    unit: `of the ${against}'s log loss worse, in the worst slice`,
    interval: lower === null || upper === null ? null : [lower / worst.theirs, upper / worst.theirs],
    reason:
      bad.length === 0
        ? `No slice of ${judged.length} is surely and much worse than the ${against}; the worst is ${name(worst)}.`
        : `Much worse than the ${against} in ${bad.map(name).slice(0, 5).join(', ')}.`,
  };
}

/** A floor (AUC) or a ceiling (losses) that the model's owner sets; the interval must lie on the right side. */
export function metricRule({ report }: GateEvidence, { bound, metric }: CheckSettings): CheckResult {
  if (!report) return lacking(noEvaluation);
  const { value, lower, upper }: Figure = report.candidate[metric];
  if (value === null || lower === null || upper === null)
    return lacking('The metric is not defined on these rows.');
  const [surely, surelyNot] =
    metric === 'auc' ? [lower >= bound, upper < bound] : [upper <= bound, lower > bound];
  const words = METRIC_WORDS[metric];
  return {
    ...blank,
    decision: surely ? 'pass' : surelyNot ? 'fail' : 'not-enough-data',
    value,
    bound,
    unit: words,
    interval: [lower, upper],
    champion: report.champion?.[metric].value ?? null,
    baseline: report.baseline[metric].value,
    reason: surely
      ? `The ${words} keeps the bound.`
      : surelyNot
        ? `The ${words} misses the bound.`
        : `The interval of the ${words} spans the bound.`,
  };
}

function isEnough({ rows, positives }: EvaluationReport): boolean {
  return rows >= FEWEST_ROWS && Math.min(positives, rows - positives) >= FEWEST_OF_CLASS;
}

function tooFew({ rows, positives }: EvaluationReport): string {
  return `Only ${rows} test rows (${positives} positive): ${FEWEST_ROWS} with ${FEWEST_OF_CLASS} of each class are needed.`;
}
