import type { MonitorWindow, PerformanceFigure } from '../../api/types.ts';
import { duration, metric, percent } from '../../ui/format.ts';
import type { Marker } from '../../ui/time-series.tsx';

export type MetricWords = { label: string; unit: string; hint: string; decimals: number };

const metrics: Record<string, MetricWords> = {
  logLoss: { label: 'Log loss', unit: 'nats', hint: 'lower is better', decimals: 3 },
  auc: { label: 'AUC', unit: '', hint: 'higher is better: how well the order is right', decimals: 3 },
  brier: { label: 'Brier score', unit: '', hint: 'lower is better', decimals: 3 },
  calibrationGap: {
    label: 'Calibration gap',
    unit: 'share',
    hint: 'mean score minus observed share; 0 is right',
    decimals: 3,
  },
  excessLogLoss: {
    label: 'Excess log loss',
    unit: 'nats',
    hint: 'log loss beyond what the scores themselves promise; 0 is right',
    decimals: 3,
  },
};

/** The name, unit and meaning of a metric. */
export function metricWords(key: string): MetricWords {
  return metrics[key] ?? { label: key, unit: '', hint: '', decimals: 3 };
}

/** The key under which windows carry what a monitor judges by: "log-loss" → "logLoss". */
export function metricKey(name: string): string {
  return name.replace(/-(\w)/g, (_match, letter: string) => letter.toUpperCase());
}

export function figureWords(key: string, figure: PerformanceFigure | undefined): string {
  if (!figure || figure.value === null) return '–';
  const { decimals } = metricWords(key);
  const interval =
    figure.low === null || figure.high === null
      ? ''
      : ` (${metric(figure.low, decimals)} to ${metric(figure.high, decimals)})`;
  return `${metric(figure.value, decimals)}${interval}`;
}

const rules: Record<string, string> = {
  performance: 'Lost quality',
  'costly-drift': 'Costly drift',
  'prediction-drift': 'Score drift',
  'feature-drift': 'Input drift',
  'model-crash': 'Model dies',
  'model-hang': 'Model hangs',
  'model-memory': 'Model leaks',
  upstream: 'Upstream fails',
  'invalid-outputs': 'Invalid scores',
  'error-rate': 'Requests fail',
  'prediction-log': 'Log refused',
  database: 'Database away',
};

const stands: Record<string, string> = {
  champion: 'the champion answers',
  previous: 'the champion before answers again',
  fallback: 'the declared fallback answers',
  nobody: 'nobody answers: requests are told 503',
};

/** Who answers instead of a revision in quarantine. */
export function standInWords(answeredBy: string): string {
  return stands[answeredBy] ?? answeredBy;
}

export function ruleWords(rule: string): string {
  return rules[rule] ?? rule;
}

/** Severities of alerts: a page wakes somebody, a ticket waits for the morning. */
export function severityWords(severity: string): string {
  return { page: 'page: look now', ticket: 'ticket: look today' }[severity] ?? severity;
}

/** The state of a window for strips: what drifts while outcomes are fine stays healthy and says so. */
export function windowTitle(window: MonitorWindow): string {
  return `${window.start.slice(0, 10)}: ${window.verdict}. ${window.reason}`;
}

/** Changes of the answering version and incidents, on the axis of event time. */
export function windowMarkers(
  windows: MonitorWindow[],
  incidents: { window: string; resolvedWindow: string | null; id: string; evidence: { fault?: unknown } }[],
): Marker[] {
  const made: Marker[] = [];
  windows.forEach((window, at) => {
    const before = windows[at - 1];
    if (before && window.version !== null && window.version !== before.version)
      made.push({
        time: Date.parse(window.start),
        label: `version ${window.version}`,
        tone: 'ok',
      });
  });
  for (const incident of incidents) {
    // Faults happen at the time of the clock, which is not that of the events.
    if (incident.evidence.fault) continue;
    made.push({ time: Date.parse(incident.window), label: 'incident', tone: 'bad' });
    if (incident.resolvedWindow)
      made.push({ time: Date.parse(incident.resolvedWindow), label: 'resolved', tone: 'ok' });
  }
  return made.sort((left, right) => left.time - right.time);
}

/** What a monitor does with nothing configured or as it is set, in pairs for a list. */
export function settingWords(settings: {
  window: number;
  labelHorizon: number;
  metric: string;
  minimumRows: number;
  minimumCoverage: number;
  alpha: number;
  persistence: { windows: number; of: number };
  learningWindows: number;
  calibrationMargin: number;
  cooldownWindows: number;
}): [key: string, label: string, value: string][] {
  return [
    ['window', 'Window', `${duration(settings.window)} of event time`],
    ['labelHorizon', 'Outcomes are known', `${duration(settings.labelHorizon)} after the window ends`],
    [
      'metric',
      'Judged by',
      `${metricWords(metricKey(settings.metric)).label}, with calibration gap and excess log loss`,
    ],
    ['minimumRows', 'Enough rows', `${settings.minimumRows}`],
    ['minimumCoverage', 'Enough outcomes', `${percent(settings.minimumCoverage, 0)} of the rows`],
    ['alpha', 'Level', `${settings.alpha} per window, before persistence`],
    [
      'persistence',
      'Fires',
      `when ${settings.persistence.windows} of the newest ${settings.persistence.of} windows are flagged`,
    ],
    [
      'learningWindows',
      'Limits',
      `from at least ${settings.learningWindows} chunks of the champion's evaluation, else from its first ${settings.learningWindows} windows`,
    ],
    [
      'calibrationMargin',
      'Calibration matters from',
      `${percent(settings.calibrationMargin, 0)} of the label rate`,
    ],
    ['cooldownWindows', 'After an incident', `none opens for ${settings.cooldownWindows} windows`],
  ];
}
