import { useQueries } from '@tanstack/react-query';
import { api, path } from '../../api/client.ts';
import type { ExperimentRunDetail, List, MetricValue } from '../../api/types.ts';
import { significant } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { XyChart } from '../../ui/xy-chart.tsx';

type Point = { step: number; value: MetricValue };

/** Metrics that were logged more than once, each over its steps with all runs on the same axes. */
export function CompareCurves({ runs }: { runs: ExperimentRunDetail[] }) {
  const keys = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].slice(0, 24);
  const wanted = keys.flatMap((key) =>
    runs.map((run, at) => ({ key, run, at })).filter(({ run: one }) => key in one.metrics),
  );
  const histories = useQueries({
    queries: wanted.map(({ key, run }) => {
      const target = path`/api/experiments/runs/${run.id}/metrics`;
      const query = { key, limit: 1000 };
      return {
        queryKey: ['experiments', target, query],
        queryFn: ({ signal }: { signal: AbortSignal }) => api.get<List<Point>>(target, query, signal),
      };
    }),
  });
  const curves = wanted.map((one, at) => ({
    ...one,
    points: (histories[at]?.data?.items ?? []).flatMap(({ step, value }) =>
      typeof value === 'number' ? [{ x: step, y: value }] : [],
    ),
  }));
  const shown = keys.filter((key) => curves.some((curve) => curve.key === key && curve.points.length > 1));
  return shown.map((key) => {
    const lines = curves.filter((curve) => curve.key === key && curve.points.length > 1);
    const xs = lines.flatMap((line) => line.points.map((point) => point.x));
    const ys = lines.flatMap((line) => line.points.map((point) => point.y));
    const low = Math.min(...ys);
    const high = Math.max(...ys);
    const room = (high - low || 1) * 0.05;
    return (
      <Panel key={key} title={key} note="over its steps" span={shown.length > 1 ? 6 : 12}>
        <XyChart
          lines={lines.map((line) => ({
            label: line.run.name || line.run.id,
            points: line.points,
            color: line.at % 8,
          }))}
          xLabel="step"
          yLabel={key}
          x={[Math.min(...xs), Math.max(...xs)]}
          y={[low - room, high + room]}
          height={240}
          format={(value) => significant(value, 3)}
        />
      </Panel>
    );
  });
}
