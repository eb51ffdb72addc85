import { SegmentedControl, Slider, Switch, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type ApiError, api } from '../../../api/client.ts';
import type { Curve } from '../../../api/types.ts';
import { ErrorPanel, Skeleton } from '../../../ui/feedback.tsx';
import { Panel } from '../../../ui/panel.tsx';
import { useUrlPatch } from '../../../ui/url-state.ts';
import { CurveChart, type RunLine } from './curve-chart.tsx';
import { type XAxis, xOf } from './curves.ts';
import { LastValues } from './last-values.tsx';
import { useSeen } from './use-seen.ts';

type MetricChartsProps = {
  runs: RunLine[];
  /** Keys of metrics, one chart each. */
  metrics: string[];
  /** The curves go on: look again now and then. */
  live: boolean;
  /** Columns of twelve for each chart. */
  span?: 4 | 6 | 12;
};

/** A chart for each metric with all runs in it; one choice of axis, smoothing and scale for all. */
export function MetricCharts({ runs, metrics, live, span = 4 }: MetricChartsProps) {
  const [search, patch] = useUrlPatch();
  const axis = (['step', 'time', 'relative'].find((one) => one === search.x) ?? 'step') as XAxis;
  const smoothing = Math.min(0.99, Math.max(0, Number(search.smooth ?? 0) || 0));
  const isLog = search.log === 'yes';
  const wanted = (search.metric ?? '').toLowerCase();
  const shown = metrics.filter((key) => key.toLowerCase().includes(wanted));
  return (
    <>
      <Panel>
        <div className="row wrap" style={{ gap: 16 }}>
          <TextInput
            placeholder="Search metrics"
            aria-label="Search metrics"
            data-filter="true"
            leftSection={<IconSearch size={14} />}
            value={search.metric ?? ''}
            onChange={(event) => patch({ metric: event.currentTarget.value || undefined })}
            w={200}
          />
          <SegmentedControl
            aria-label="Horizontal axis"
            data={[
              { value: 'step', label: 'Step' },
              { value: 'relative', label: 'Time since start' },
              { value: 'time', label: 'Time (UTC)' },
            ]}
            value={axis}
            onChange={(next) => patch({ x: next === 'step' ? undefined : next })}
          />
          <span className="row">
            <span className="dim small">Smoothing</span>
            <Slider
              aria-label="Smoothing"
              min={0}
              max={0.99}
              step={0.01}
              w={120}
              size="sm"
              label={(value) => value.toFixed(2)}
              defaultValue={smoothing}
              onChangeEnd={(value) => patch({ smooth: value > 0 ? value.toFixed(2) : undefined })}
            />
          </span>
          <Switch
            label="Logarithmic"
            checked={isLog}
            onChange={(event) => patch({ log: event.currentTarget.checked ? 'yes' : undefined })}
          />
          <span className="grow" />
          <span className="dim small">
            {shown.length} of {metrics.length} metrics, {runs.length} {runs.length === 1 ? 'run' : 'runs'}
          </span>
        </div>
      </Panel>
      {shown.map((key) => (
        <MetricPanel
          key={key}
          name={key}
          runs={runs}
          axis={axis}
          smoothing={smoothing}
          log={isLog}
          live={live}
          span={shown.length === 1 ? 12 : shown.length === 2 ? 6 : span}
        />
      ))}
    </>
  );
}

type MetricPanelProps = {
  name: string;
  runs: RunLine[];
  axis: XAxis;
  smoothing: number;
  log: boolean;
  live: boolean;
  span: 4 | 6 | 12;
};

function MetricPanel({ name, runs, axis, smoothing, log, live, span }: MetricPanelProps) {
  const [place, seen] = useSeen<HTMLDivElement>();
  const [zoom, setZoom] = useState<Zoom | null>(null);
  const body = { runs: runs.map(({ id }) => id), key: name, ...(zoom && { from: zoom.from, to: zoom.to }) };
  const query = useQuery<{ curves: Curve[] }, ApiError>({
    queryKey: ['curves', body],
    queryFn: ({ signal }) =>
      api.post<{ curves: Curve[] }>('/api/experiments/metrics/curves', body, undefined, signal),
    enabled: seen,
    placeholderData: keepPreviousData,
    ...(live ? { refetchInterval: 5_000 } : {}),
  });
  const curves = query.data?.curves ?? [];
  const height = span === 12 ? 320 : 220;
  const choose = (range: [number, number] | null) => setZoom(range && zoomOf(curves, axis, range));
  return (
    <Panel
      title={<span title={name}>{name}</span>}
      note={zoom ? 'zoomed in; double click shows all' : undefined}
      span={span}
      data={{ name, rows: curves.flatMap((curve) => exported(curve, runs)) }}
    >
      <div ref={place} style={{ minHeight: height + 18 }}>
        {query.isError ? (
          <ErrorPanel error={query.error} retry={() => void query.refetch()} />
        ) : query.data && curves.every((curve) => curve.steps.length < 2) ? (
          <LastValues name={name} curves={curves} runs={runs} height={height + 18} />
        ) : query.data ? (
          <CurveChart
            name={name}
            curves={curves}
            runs={runs}
            axis={axis}
            smoothing={smoothing}
            log={log}
            height={height}
            range={zoom && zoom.axis === axis ? zoom.range : null}
            onRange={choose}
          />
        ) : (
          <Skeleton height={height + 18} />
        )}
      </div>
    </Panel>
  );
}

type Zoom = { axis: XAxis; range: [number, number]; from: number; to: number };

/** The steps that lie in a range of the axis, so that the server can show them more finely. */
function zoomOf(curves: Curve[], axis: XAxis, range: [number, number]): Zoom | null {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const curve of curves) {
    curve.steps.forEach((step, at) => {
      const x = xOf(curve, at, axis);
      if (x < range[0] || x > range[1]) return;
      // A neighbour on each side, so that lines reach the border.
      from = Math.min(from, curve.steps[at - 1] ?? step);
      to = Math.max(to, curve.steps[at + 1] ?? step);
    });
  }
  return from < to ? { axis, range, from, to } : null;
}

function exported(curve: Curve, runs: RunLine[]): Record<string, unknown>[] {
  const label = runs.find((run) => run.id === curve.run)?.label;
  return curve.steps.map((step, at) => ({
    run: curve.run,
    name: label,
    step,
    time: new Date(curve.startedAt + (curve.times[at] ?? 0)).toISOString(),
    value: curve.values[at],
  }));
}
