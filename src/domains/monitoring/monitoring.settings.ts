import type { MonitorSpecInput } from './monitoring.contract.ts';
import { monitoringError } from './monitoring.errors.ts';

/** Every choice of a monitor, filled in. Durations in milliseconds. */
export type MonitorSettings = {
  window: number;
  labelHorizon: number;
  metric: 'log-loss' | 'brier' | 'auc';
  minimumRows: number;
  minimumCoverage: number;
  alpha: number;
  persistence: { windows: number; of: number };
  learningWindows: number;
  calibrationMargin: number;
  cooldownWindows: number;
  paused: boolean;
};

const unitMs: Record<string, number> = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const duration = (text: string) => Number(text.slice(0, -1)) * unitMs[text.slice(-1)];

/** Fills in the safe defaults. @throws monitoring.settings.invalid */
export function monitorSettings(spec: MonitorSpecInput): MonitorSettings {
  const persistence = spec.persistence ?? { windows: 2, of: 3 };
  if (persistence.windows > persistence.of) {
    throw monitoringError(
      'monitoring.settings.invalid',
      'persistence.windows must not exceed persistence.of.',
    );
  }
  return {
    window: duration(spec.window ?? '1d'),
    labelHorizon: duration(spec.labelHorizon ?? '1d'),
    metric: spec.metric ?? 'log-loss',
    minimumRows: spec.minimumRows ?? 200,
    minimumCoverage: spec.minimumCoverage ?? 0.5,
    alpha: spec.alpha ?? 0.01,
    persistence,
    learningWindows: spec.learningWindows ?? 7,
    calibrationMargin: spec.calibrationMargin ?? 0.1,
    cooldownWindows: spec.cooldownWindows ?? 14,
    paused: spec.paused ?? false,
  };
}
