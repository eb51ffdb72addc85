import type { Incident, MonitorSettings, MonitorWindow, PerformanceFigure } from '../../api/types.ts';
import { metric, percent, significant } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { useSetTimeRange } from '../../ui/time-range.tsx';
import { type Line, type Shade, TimeSeries } from '../../ui/time-series.tsx';
import { metricKey, metricWords, windowMarkers } from './monitor-words.ts';

const SYNC = 'monitor';

/** One chart per metric: value with its interval, learned limits, provisional points hollow. */
export function PerformanceCharts({
  windows,
  settings,
  incidents,
}: {
  windows: MonitorWindow[];
  settings: MonitorSettings;
  incidents: Incident[];
}) {
  const setRange = useSetTimeRange();
  const primary = metricKey(settings.metric);
  const known = new Set(windows.flatMap((window) => Object.keys(window.performance)));
  const keys = [primary, ...[...known].filter((key) => key !== primary)].filter((key) => known.has(key));
  const times = windows.map((window) => Date.parse(window.start));
  const shared = {
    times,
    sync: SYNC,
    onRange: setRange,
    markers: windowMarkers(windows, incidents),
    shades: learningShades(windows),
  };
  if (keys.length === 0) {
    return (
      <Panel title="Performance">
        <span className="dim">
          No window has enough outcomes yet: {settings.minimumRows} rows, and outcomes for{' '}
          {percent(settings.minimumCoverage, 0)} of them. Send outcomes by prediction id to{' '}
          <code>POST /api/serving/feedback</code>.
        </span>
      </Panel>
    );
  }
  return (
    <>
      {keys.map((key, at) => {
        const words = metricWords(key);
        return (
          <Panel
            key={key}
            title={words.label}
            note={`${words.hint}; band 95 %${at === 0 && shared.shades.length > 0 ? '; grey ground: limits are being learned' : ''}`}
            span={at === 0 ? 12 : 6}
            data={{ name: `performance-${key}`, rows: exported(windows, key) }}
          >
            <TimeSeries
              {...shared}
              height={at === 0 ? 260 : 190}
              unit={words.unit || words.label}
              format={(value) => metric(value, words.decimals)}
              lines={linesOf(windows, key)}
            />
          </Panel>
        );
      })}
    </>
  );
}

function linesOf(windows: MonitorWindow[], key: string): Line[] {
  const figures = windows.map((window) => window.performance[key]);
  const final = windows.map((window) => window.phase === 'final');
  // A metric that is bad when low carries its one limit in both places.
  const isUpper = (figure: PerformanceFigure | undefined) =>
    figure !== undefined && figure.limit !== null && figure.limit !== figure.limitLow;
  const limits = figures.some(isUpper);
  const lows = figures.some((figure) => figure && figure.limitLow !== null);
  const provisional = figures.some((figure, at) => figure && !final[at]);
  const flagged = figures.some((figure) => figure?.flag);
  return [
    {
      label: 'realised',
      color: 0,
      values: figures.map((figure, at) => (final[at] ? figure?.value : null)),
      low: figures.map((figure, at) => (final[at] ? figure?.low : null)),
      high: figures.map((figure, at) => (final[at] ? figure?.high : null)),
    },
    ...(provisional
      ? [
          {
            label: 'provisional, outcomes are due',
            color: 0,
            points: 'hollow' as const,
            values: figures.map((figure, at) => (final[at] ? null : figure?.value)),
          },
        ]
      : []),
    ...(flagged
      ? [
          {
            label: 'flagged',
            color: 'bad' as const,
            points: 'solid' as const,
            values: figures.map((figure) => (figure?.flag ? figure.value : null)),
          },
        ]
      : []),
    {
      label: 'usual',
      color: 'none',
      dash: true,
      values: figures.map((figure) => figure?.centre ?? null),
    },
    ...(limits
      ? [
          {
            label: 'upper limit',
            color: 'warn' as const,
            dash: true,
            stepped: true,
            values: figures.map((figure) => (isUpper(figure) ? figure?.limit : null)),
          },
        ]
      : []),
    ...(lows
      ? [
          {
            label: 'lower limit',
            color: 'warn' as const,
            dash: true,
            stepped: true,
            values: figures.map((figure) => figure?.limitLow ?? null),
          },
        ]
      : []),
  ];
}

/** The windows in which limits were not known yet. */
function learningShades(windows: MonitorWindow[]): Shade[] {
  const shades: Shade[] = [];
  for (const window of windows) {
    if (window.verdict !== 'learning') continue;
    const last = shades.at(-1);
    if (last && last.to >= Date.parse(window.start)) last.to = Date.parse(window.end);
    else
      shades.push({
        from: Date.parse(window.start),
        to: Date.parse(window.end),
        label: '',
      });
  }
  return shades;
}

function exported(windows: MonitorWindow[], key: string): Record<string, unknown>[] {
  return windows.map((window) => ({
    start: window.start,
    end: window.end,
    phase: window.phase,
    version: window.version,
    rows: window.rows,
    labelled: window.labelled,
    ...window.performance[key],
  }));
}

/** Rows, outcomes and what the scores said against what happened. */
export function CoverageCharts({
  windows,
  settings,
  incidents,
}: {
  windows: MonitorWindow[];
  settings: MonitorSettings;
  incidents: Incident[];
}) {
  const setRange = useSetTimeRange();
  const times = windows.map((window) => Date.parse(window.start));
  const shared = {
    times,
    sync: SYNC,
    onRange: setRange,
    height: 170,
    markers: windowMarkers(windows, incidents),
  };
  return (
    <>
      <Panel title="Prediction drift" note="PSI of the score against its learned limit" span={6}>
        <TimeSeries
          {...shared}
          unit="PSI"
          min={0}
          lines={[
            { label: 'score', color: 0, values: windows.map((window) => window.prediction?.effect ?? null) },
            {
              label: 'limit',
              color: 'warn',
              dash: true,
              stepped: true,
              values: windows.map((window) => window.prediction?.threshold ?? null),
            },
          ]}
        />
      </Panel>
      <Panel title="Said and happened" note="mean score against the observed share" span={6}>
        <TimeSeries
          {...shared}
          unit="share"
          format={(value) => percent(value)}
          lines={[
            { label: 'mean score', color: 0, values: windows.map((window) => window.meanScore) },
            { label: 'observed', color: 1, values: windows.map((window) => window.labelRate) },
          ]}
        />
      </Panel>
      <Panel title="Label coverage" note="share of the champion's rows with an outcome" span={6}>
        <TimeSeries
          {...shared}
          unit="share"
          min={0}
          max={1.05}
          format={(value) => percent(value, 0)}
          lines={[{ label: 'labelled', color: 2, values: windows.map((window) => window.coverage) }]}
          thresholds={[{ value: settings.minimumCoverage, label: 'judged from', tone: 'none' }]}
        />
      </Panel>
      <Panel title="Rows" note="per window, and those that failed" span={6}>
        <TimeSeries
          {...shared}
          unit="rows"
          min={0}
          format={(value) => significant(value, 4)}
          lines={[
            { label: 'rows', color: 4, values: windows.map((window) => window.rows) },
            { label: 'failed', color: 'bad', values: windows.map((window) => window.errors) },
          ]}
          thresholds={[{ value: settings.minimumRows, label: 'judged from', tone: 'none' }]}
        />
      </Panel>
    </>
  );
}
