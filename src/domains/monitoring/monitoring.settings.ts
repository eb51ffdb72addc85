import Type, { type Static } from 'typebox';
import { monitoringError } from './monitoring.errors.ts';

const Duration = (description: string) =>
  Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,4}(m|h|d|w)$', description }));

/** `monitors:` of houston.yaml, by deployment. What is left out keeps the safe default. */
export const MonitorSpec = Type.Object(
  {
    window: Duration('Length of a window of event time (1d)'),
    labelHorizon: Duration('After the end of a window: by then its outcomes are known (1d)'),
    metric: Type.Optional(
      Type.Union([Type.Literal('log-loss'), Type.Literal('brier'), Type.Literal('auc')], {
        description: 'Judged beside the calibration gap and the excess log loss (log-loss)',
      }),
    ),
    minimumRows: Type.Optional(
      Type.Integer({
        minimum: 30,
        maximum: 1_000_000,
        description: 'Rows below which nothing is judged (200)',
      }),
    ),
    minimumCoverage: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'Share of outcomes below which performance is not judged (0.5)',
      }),
    ),
    alpha: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 0.2,
        description: 'Level of tests and learned limits of one window, before persistence (0.01)',
      }),
    ),
    persistence: Type.Optional(
      Type.Object(
        {
          windows: Type.Integer({ minimum: 1, maximum: 20, description: 'Flagged windows needed (2)' }),
          of: Type.Integer({ minimum: 1, maximum: 20, description: 'Among so many of the newest (3)' }),
        },
        { additionalProperties: false },
      ),
    ),
    learningWindows: Type.Optional(
      Type.Integer({
        minimum: 3,
        maximum: 100,
        description: 'First windows of a champion, from which its limits are learned (7)',
      }),
    ),
    calibrationMargin: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'Least calibration gap that matters, as a share of the label rate (0.1)',
      }),
    ),
    cooldownWindows: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 365, description: 'After an incident opened: none opens (14)' }),
    ),
    paused: Type.Optional(Type.Boolean({ description: 'Windows are kept; nothing alerts (false)' })),
  },
  { additionalProperties: false },
);
export type MonitorSpecInput = Static<typeof MonitorSpec>;

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
