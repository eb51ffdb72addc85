import type { Judgement, Reference, WindowFacts, WindowRecord, WindowVerdict } from './monitoring.model.ts';
import type { MonitorSettings } from './monitoring.settings.ts';
import { type DriftFigure, datasetScore, effectsOf, judgeDrift } from './statistics/drift.ts';
import {
  flagged,
  isTolerable,
  judgePerformance,
  type Performance,
  type PerformanceName,
  valuesOf,
} from './statistics/performance.ts';
import { scoreColumn } from './statistics/reference.ts';

/**
 * What the counts of a window mean, given the earlier windows of the same reference (oldest first). The first
 * `learningWindows` of them teach the limits; they are never judged by limits that they made themselves. `earlier` are
 * the first windows of each former reference.
 */
export function judgeWindow(
  facts: WindowFacts,
  phase: 'provisional' | 'final',
  reference: Reference | null,
  history: readonly WindowRecord[],
  settings: MonitorSettings,
  earlier: readonly (readonly WindowRecord[])[] = [],
): Judgement {
  const isEnough = facts.rows >= settings.minimumRows;
  const drift = reference && isEnough ? driftOf(facts, reference, history, settings) : [];
  const prediction = drift.find(({ feature }) => feature === scoreColumn) ?? null;
  const features = drift.filter(({ feature }) => feature !== scoreColumn);
  const performance = hasOutcomes(facts, settings)
    ? performanceOf(facts, reference, history, settings, earlier)
    : null;
  const figures = performance ? flagged(performance) : [];
  const flags = {
    performance: figures.length > 0,
    prediction: prediction?.flag ?? false,
    features: features.some(({ flag }) => flag),
    tolerable: performance === null || isTolerable(performance, settings.calibrationMargin),
  };
  const { verdict, reason } = summarise({
    facts,
    phase,
    reference,
    features,
    prediction,
    performance,
    figures,
    settings,
  });
  return {
    verdict,
    reason,
    drift: features,
    prediction,
    driftScore: drift.length > 0 ? datasetScore(drift, reference?.importance ?? null) : null,
    performance,
    flags,
    flaggedFigures: figures,
  };
}

/** Whether enough outcomes have come to say something about performance. */
export function hasOutcomes(facts: WindowFacts, settings: MonitorSettings): boolean {
  return (
    facts.labelled >= settings.minimumRows && facts.labelled >= settings.minimumCoverage * facts.revisionRows
  );
}

function driftOf(
  facts: WindowFacts,
  reference: Reference,
  history: readonly WindowRecord[],
  settings: MonitorSettings,
): DriftFigure[] {
  // A reference frozen from live traffic is its first window: comparing that with itself says nothing.
  if (reference.source === 'live' && history.length === 0) return [];
  const learned = history
    .map(({ judgement }) => [...judgement.drift, ...(judgement.prediction ? [judgement.prediction] : [])])
    .filter((figures) => figures.length > 0)
    .slice(0, settings.learningWindows)
    .map(effectsOf);
  return judgeDrift(reference.profile, facts.counts, learned, settings);
}

function performanceOf(
  facts: WindowFacts,
  reference: Reference | null,
  history: readonly WindowRecord[],
  settings: MonitorSettings,
  earlier: readonly (readonly WindowRecord[])[],
): Performance {
  const teach = (windows: readonly WindowRecord[]) =>
    windows
      .filter(({ state }) => state === 'final')
      .map(({ judgement }) => judgement.performance)
      .filter((one): one is Performance => one !== null)
      .slice(0, settings.learningWindows)
      .map(valuesOf);
  const rate = reference?.profile.labelRate ?? null;
  return judgePerformance(facts.hours, facts.ranking, teach(history), settings, rate, earlier.map(teach));
}

type Findings = {
  facts: WindowFacts;
  phase: 'provisional' | 'final';
  reference: Reference | null;
  features: readonly DriftFigure[];
  prediction: DriftFigure | null;
  performance: Performance | null;
  figures: readonly PerformanceName[];
  settings: MonitorSettings;
};

function summarise(findings: Findings): { verdict: WindowVerdict; reason: string } {
  const { facts, phase, reference, features, prediction, performance, figures, settings } = findings;
  if (facts.rows < settings.minimumRows) {
    return { verdict: 'not enough data', reason: `${facts.rows} rows; ${settings.minimumRows} are needed.` };
  }
  if (!reference) return { verdict: 'not enough data', reason: 'There is no reference yet.' };
  if (performance && figures.length > 0 && phase === 'final') {
    return {
      verdict: 'degraded',
      reason: `${figures.map((name) => sentence(name, performance)).join('; ')}.`,
    };
  }
  const drifted = features.filter(({ flag }) => flag);
  if (prediction?.flag || drifted.length > 0) {
    const names = drifted.map(({ feature }) => feature);
    const what = [...(prediction?.flag ? ['the scores'] : []), ...names];
    return { verdict: 'drifting', reason: `${listed(what)} moved beyond the learned limits.` };
  }
  if (performance?.calibrationGap.centre === null || (prediction && prediction.threshold === null)) {
    return { verdict: 'learning', reason: `Limits are learned from ${settings.learningWindows} windows.` };
  }
  if (phase === 'provisional') return { verdict: 'provisional', reason: 'Outcomes are still due.' };
  if (!performance) {
    return {
      verdict: 'healthy',
      reason: `No drift; ${facts.labelled} outcomes are too few to judge performance.`,
    };
  }
  return { verdict: 'healthy', reason: 'Every figure is within its limits.' };
}

const words: Record<PerformanceName, string> = {
  logLoss: 'log loss',
  brier: 'Brier score',
  auc: 'AUC',
  excessLogLoss: 'log loss beyond what the scores promise',
  calibrationGap: 'calibration gap',
};

/** One flagged figure in words. */
export function sentence(name: PerformanceName, performance: Performance): string {
  const { value, limit, limitLow } = performance[name];
  const bound = name === 'calibrationGap' && value !== null && value < 0 ? limitLow : limit;
  return `${words[name]} ${format(value)} is beyond its limit ${format(bound)}`;
}

/** Names as a list of at most four. */
export function listed(names: readonly string[]): string {
  if (names.length <= 4) return names.join(', ');
  return `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`;
}

const format = (value: number | null) => (value === null ? 'unknown' : value.toFixed(3));
