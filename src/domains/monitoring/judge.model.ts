import { fixed } from '../../platform/numbers.ts';
import type { Judgement, Reference, WindowFacts, WindowRecord, WindowVerdict } from './monitoring.model.ts';
import type { MonitorSettings } from './monitoring.settings.ts';
import { type Course, type DriftFigure, datasetScore, judgeDrift, type Lesson } from './statistics/drift.ts';
import {
  flagged,
  isTolerable,
  judgePerformance,
  measurePerformance,
  type Performance,
  type PerformanceName,
  type PerformanceValues,
  valuesOf,
} from './statistics/performance.ts';
import { scoreColumn, teachingChunks } from './statistics/reference.ts';

/** A former champion's reference, and its first windows where its limits came from them. */
export type Former = { reference: Reference; windows: readonly WindowRecord[] };

/**
 * What the counts of a window mean, given the earlier windows of the same reference (oldest first). Limits come from
 * the chunks of the champion's evaluation where there are enough, and hold from the first window on. Otherwise the first
 * `learningWindows` windows teach them; those are never judged by limits that they made themselves.
 */
export function judgeWindow(
  facts: WindowFacts,
  phase: 'provisional' | 'final',
  reference: Reference | null,
  history: readonly WindowRecord[],
  settings: MonitorSettings,
  former: readonly Former[] = [],
): Judgement {
  const isEnough = judgedRows(facts) >= settings.minimumRows;
  const drift = reference && isEnough ? driftOf(facts, reference, history, settings, former) : [];
  const prediction = drift.find(({ feature }) => feature === scoreColumn) ?? null;
  const features = drift.filter(({ feature }) => feature !== scoreColumn);
  const performance = hasOutcomes(facts, settings)
    ? performanceOf(facts, reference, history, settings, former)
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
function hasOutcomes(facts: WindowFacts, settings: MonitorSettings): boolean {
  return (
    facts.labelled >= settings.minimumRows && facts.labelled >= settings.minimumCoverage * facts.revisionRows
  );
}

function driftOf(
  facts: WindowFacts,
  reference: Reference,
  history: readonly WindowRecord[],
  settings: MonitorSettings,
  former: readonly Former[],
): DriftFigure[] {
  // A reference frozen from live traffic is its first window: comparing that with itself says nothing.
  if (reference.source === 'live' && history.length === 0) return [];
  const course = (of: Reference, windows: readonly WindowRecord[]): Course => ({
    profile: of.profile,
    groups: lessonsOf(of, windows, settings),
    needed: neededOf(of, settings),
  });
  const earlier = former.map((one) => course(one.reference, one.windows));
  return judgeDrift(course(reference, history), facts.counts, settings, earlier);
}

/** How many of the live windows, and of the chunks, are enough to say where a figure usually lies. */
function neededOf(reference: Reference | null, settings: MonitorSettings): number[] {
  const { learningWindows } = settings;
  const chunks = reference && teachingChunks(reference.profile, settings);
  return chunks ? [learningWindows, Math.min(learningWindows, chunks.length)] : [learningWindows];
}

/** What teaches the limits of drift: the first live windows, and the chunks of the evaluation. */
function lessonsOf(
  { profile }: Reference,
  windows: readonly WindowRecord[],
  settings: MonitorSettings,
): Lesson[][] {
  const live = windows
    .filter(({ judgement }) => judgement.drift.length > 0 || judgement.prediction !== null)
    .slice(0, settings.learningWindows)
    .map(({ facts, judgement }): Lesson => {
      const moved = [...judgement.drift, judgement.prediction].filter((one) => one?.flag);
      const isUsual = ([name]: [string, unknown]) => !moved.some((one) => one?.feature === name);
      return { counts: Object.fromEntries(Object.entries(facts.counts).filter(isUsual)), isPart: false };
    });
  const chunks = teachingChunks(profile, settings)?.map(
    ({ features, score }): Lesson => ({
      counts: { ...features, [scoreColumn]: score },
      isPart: true,
    }),
  );
  return chunks ? [live, chunks] : [live];
}

function performanceOf(
  facts: WindowFacts,
  reference: Reference | null,
  history: readonly WindowRecord[],
  settings: MonitorSettings,
  former: readonly Former[],
): Performance {
  const teach = (of: Reference | null, windows: readonly WindowRecord[]): PerformanceValues[][] => {
    const live = windows
      .filter(({ state, judgement }) => state === 'final' && !judgement.flags.performance)
      .map(({ judgement }) => judgement.performance)
      .filter((one): one is Performance => one !== null)
      .slice(0, settings.learningWindows)
      .map(valuesOf);
    const chunks = of && teachingChunks(of.profile, settings);
    return chunks ? [live, chunks.map(({ hours, ranking }) => measurePerformance(hours, ranking))] : [live];
  };
  const rate = reference?.profile.labelRate ?? null;
  const earlier = former.flatMap((one) => teach(one.reference, one.windows));
  const own = { groups: teach(reference, history), needed: neededOf(reference, settings) };
  return judgePerformance(facts.hours, facts.ranking, own, settings, rate, earlier);
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

const judgedRows = ({ judged, rows }: WindowFacts) => judged ?? rows;

function summarise(findings: Findings): { verdict: WindowVerdict; reason: string } {
  const { facts, phase, reference, features, prediction, performance, figures, settings } = findings;
  const rows = judgedRows(facts);
  if (rows < settings.minimumRows) {
    return { verdict: 'not enough data', reason: `${rows} rows; ${settings.minimumRows} are needed.` };
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

const format = (value: number | null) => (value === null ? 'unknown' : fixed(value, 3));
