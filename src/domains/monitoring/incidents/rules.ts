import { persists } from '../../../math/persistence.ts';
import { listed, sentence } from '../judge.model.ts';
import type { AlertRule, Evidence, WindowRecord } from '../monitoring.model.ts';
import type { MonitorSettings } from '../monitoring.settings.ts';
import { isCostlier } from '../statistics/performance.ts';

/** Whether a rule holds in one window. */
export function holds(rule: AlertRule, { judgement }: WindowRecord, settings: MonitorSettings): boolean {
  const { flags, performance } = judgement;
  switch (rule) {
    case 'performance':
      return flags.performance;
    case 'costly-drift':
      // Scores moved, and outcomes are worse than they use to be: the drift costs something.
      return flags.prediction && performance !== null && isCostlier(performance, settings.alpha);
    case 'prediction-drift':
      return flags.prediction;
    case 'feature-drift':
      return flags.features;
  }
}

/**
 * Whether a rule holds, window by window (oldest first). Features are counted one by one: two features that each moved
 * once are no episode, so when none lasts only the newest window speaks.
 */
export function seriesOf(
  rule: AlertRule,
  windows: readonly WindowRecord[],
  settings: MonitorSettings,
): boolean[] {
  const any = windows.map((window) => holds(rule, window, settings));
  const { windows: m, of: k } = settings.persistence;
  const newest = windows.at(-1);
  if (rule !== 'feature-drift' || !newest || !any.at(-1)) return any;
  const isMoved = ({ judgement }: WindowRecord, feature: string) =>
    judgement.drift.some((one) => one.flag && one.feature === feature);
  const moved = newest.judgement.drift.filter(({ flag }) => flag).map(({ feature }) => feature);
  const lasts = moved.some((feature) =>
    persists(
      windows.map((window) => isMoved(window, feature)),
      m,
      k,
    ),
  );
  return lasts ? any : any.map((_, i) => i === any.length - 1);
}

export type AlertMove = 'pend' | 'fire' | 'keep' | 'drop' | 'resolve' | 'none';

/**
 * The next step of an alert. `series` are the flags of the windows so far, this one last: it fires when it holds now
 * and in m of the last k windows, is dropped when none of the last k holds, and resolves after m windows without.
 */
export function nextMove(
  state: 'pending' | 'firing' | null,
  series: readonly boolean[],
  { windows: m, of: k }: MonitorSettings['persistence'],
): AlertMove {
  const holdsNow = series.at(-1) ?? false;
  const isPersistent = holdsNow && series.length >= m && persists(series, m, k);
  if (state === 'firing') return series.slice(-m).some(Boolean) ? 'keep' : 'resolve';
  if (isPersistent) return 'fire';
  if (state === null) return holdsNow ? 'pend' : 'none';
  return series.slice(-k).some(Boolean) ? 'keep' : 'drop';
}

/** Whether a window is one of those that end an incident. */
export function isFine(window: WindowRecord, settings: MonitorSettings): boolean {
  const { flags, performance } = window.judgement;
  if (window.rows < settings.minimumRows) return false;
  if (performance === null) return !flags.prediction;
  return !flags.performance && flags.tolerable && !holds('costly-drift', window, settings);
}

/** Figures that an alert, a drift event and an incident carry. */
export function evidenceOf(window: WindowRecord): Evidence {
  const { judgement } = window;
  const drifted = [...(judgement.prediction ? [judgement.prediction] : []), ...judgement.drift].filter(
    (one) => one.flag,
  );
  const { performance } = judgement;
  return {
    window: { start: window.start, end: window.end, rows: window.rows, labelled: window.labelled },
    features: drifted
      .sort((a, b) => (b.ratio ?? 0) - (a.ratio ?? 0))
      .map(({ feature, effect, threshold, qValue, ratio }) => ({
        feature,
        effect,
        threshold,
        qValue,
        ratio,
      })),
    performance: performance
      ? judgement.flaggedFigures.map((metric) => {
          const { value, low, high, limit, limitLow } = performance[metric];
          return { metric, value: value ?? 0, low, high, limit, limitLow };
        })
      : [],
    driftScore: judgement.driftScore,
  };
}

/** Why an alert is there, in a sentence. */
export function reasonOf(rule: AlertRule, { judgement }: WindowRecord): string {
  const { performance, flaggedFigures, drift } = judgement;
  if (rule === 'performance' && performance) {
    const text = flaggedFigures.map((name) => sentence(name, performance)).join('; ');
    return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  }
  const features = drift.filter(({ flag }) => flag).map(({ feature }) => feature);
  if (rule === 'feature-drift') return `Inputs drifted: ${listed(features)}.`;
  const inputs = features.length > 0 ? `, with ${listed(features)}` : '';
  if (rule === 'prediction-drift') return `The scores drifted${inputs}.`;
  const loss = performance?.logLoss;
  const figures = loss ? ` (${loss.value?.toFixed(3)} against ${loss.centre?.toFixed(3)})` : '';
  return `The scores drifted${inputs}, and the log loss is higher than usual${figures}.`;
}
