import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Curve } from '../../../api/types.ts';
import { type Palette, tickTexts, usePalette, useWidth } from '../../../ui/charts.ts';
import { duration, plural, significant, utc } from '../../../ui/format.ts';
import { aligned, type XAxis } from './curves.ts';

export type RunLine = { id: string; label: string; color: number };

type CurveChartProps = {
  name: string;
  curves: Curve[];
  runs: RunLine[];
  axis: XAxis;
  smoothing: number;
  log: boolean;
  height?: number;
  /** The range chosen by dragging, on the axis shown; null is all. */
  range: [number, number] | null;
  onRange: (range: [number, number] | null) => void;
};

/** One metric of many runs. Hover names the nearest run on every chart, dragging zooms, a double click shows all. */
export function CurveChart(props: CurveChartProps) {
  const { curves, axis, smoothing, log, height = 220, range } = props;
  const palette = usePalette();
  const [frame, width] = useWidth<HTMLDivElement>();
  const plot = useRef<uPlot | null>(null);
  const [hover, setHover] = useState<Hover | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const data = useMemo(() => aligned(curves, axis, smoothing, log), [curves, axis, smoothing, log]);
  const values = useMemo(() => [data.x, ...data.lines] as uPlot.AlignedData, [data]);
  const current = useRef(values);
  current.current = values;
  const shape = JSON.stringify([curves.map(({ run }) => run), axis, log, height]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for the curves
  useEffect(() => {
    const target = frame.current;
    if (!target || width === 0) return;
    const made = new uPlot(options(latest, palette, width, setHover), current.current, target);
    plot.current = made;
    return () => {
      made.destroy();
      plot.current = null;
    };
  }, [shape, palette, width === 0]);
  useEffect(() => plot.current?.setData(values), [values]);
  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new data must not widen the range
  useEffect(() => {
    const [low, high] = range ?? [data.x[0] ?? 0, data.x.at(-1) ?? 1];
    plot.current?.setScale('x', { min: low, max: high === low ? low + 1 : high });
  }, [range, values, shape]);

  const line = hover && props.runs.find((run) => run.id === curves[hover.series]?.run);
  const shown = hover && data.raw[hover.series]?.[hover.at];
  return (
    <figure style={{ margin: 0 }}>
      <figcaption className="legend" style={{ minHeight: 18, flexWrap: 'nowrap' }}>
        {line && hover ? (
          <>
            <span className="legend-item truncate">
              <span className="swatch" style={{ borderColor: palette.series[line.color % 8] }} />
              <span className="truncate">{line.label}</span>
            </span>
            <span className="grow" />
            <span className="nowrap">{xText(data.x[hover.at] ?? 0, axis)}</span>
            <b className="nowrap" title={String(shown)} style={{ color: 'var(--text)' }}>
              {significant(shown ?? null, 5)}
            </b>
          </>
        ) : (
          <span className="faint truncate">{summary(curves)}</span>
        )}
      </figcaption>
      {data.lines.every((line) => line.every((value) => !Number.isFinite(value))) ? (
        <div className="dim small">No value can be drawn: {log ? 'none is positive' : 'none is finite'}.</div>
      ) : null}
      <div ref={frame} role="img" aria-label={`${props.name} of ${curves.length} runs`} style={{ height }} />
      <table className="sr-only">
        <caption>{props.name}: the last value of each run</caption>
        <tbody>
          {curves.map((curve) => (
            <tr key={curve.run}>
              <th>{props.runs.find((run) => run.id === curve.run)?.label ?? curve.run}</th>
              <td>{significant(curve.values.at(-1) ?? null, 5)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

type Hover = { series: number; at: number };

function summary(curves: Curve[]): string {
  const total = curves.reduce((sum, curve) => sum + curve.count, 0);
  const shown = curves.reduce((sum, curve) => sum + curve.steps.length, 0);
  const points = plural(total, 'point');
  return shown < total ? `${points}, thinned to ${shown}; extremes stay` : points;
}

function xText(value: number, axis: XAxis): string {
  if (axis === 'step') return `step ${value}`;
  return axis === 'time' ? `${utc(value, 'second')} UTC` : `after ${duration(value)}`;
}

type Latest = { current: CurveChartProps };

function options(
  latest: Latest,
  palette: Palette,
  width: number,
  setHover: (hover: Hover | null) => void,
): uPlot.Options {
  const { curves, runs, axis, log, height = 220 } = latest.current;
  const font = '10px Inter, system-ui, sans-serif';
  const common = {
    stroke: palette.faint,
    font,
    grid: { stroke: palette.grid, width: 1 },
    ticks: { show: false },
  };
  const colors = new Map(runs.map((run) => [run.id, palette.series[run.color % palette.series.length]]));
  return {
    width,
    height,
    legend: { show: false },
    padding: [8, 10, 0, 0],
    series: [
      {},
      ...curves.map<uPlot.Series>((curve) => ({
        stroke: colors.get(curve.run) ?? palette.text,
        width: curves.length > 20 ? 1 : 1.5,
        spanGaps: false,
        points: { show: curve.steps.length < 2, size: 5, fill: colors.get(curve.run) ?? palette.text },
      })),
    ],
    cursor: {
      y: false,
      focus: { prox: 24 },
      points: { size: 6 },
      drag: { x: true, y: false, setScale: false },
      // Only what lies on the same axis moves together.
      sync: { key: `runs-${axis}`, setSeries: false },
    },
    focus: { alpha: 0.35 },
    scales: {
      x: { time: false },
      y: { ...(log ? { distr: 3 as const } : {}), range: (_plot, low, high) => yRange(low, high, log) },
    },
    axes: [
      { ...common, size: 24, space: 70, values: (_plot, splits) => splits.map((value) => tick(value, axis)) },
      {
        ...common,
        size: 52,
        space: 30,
        values: (_plot, splits) => tickTexts(splits),
      },
    ],
    hooks: {
      setCursor: [(plot) => setHover(nearest(plot))],
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return;
          const from = plot.posToVal(plot.select.left, 'x');
          const to = plot.posToVal(plot.select.left + plot.select.width, 'x');
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onRange([from, to]);
        },
      ],
      ready: [(plot) => plot.over.addEventListener('dblclick', () => latest.current.onRange(null))],
    },
  };
}

function tick(value: number, axis: XAxis): string {
  if (axis === 'relative') return value === 0 ? '0' : duration(value);
  if (axis === 'time') return utc(value, 'second').slice(5, 16);
  return Math.abs(value) >= 10_000
    ? `${significant(value / 1000, 3)} k`
    : String(Math.round(value * 100) / 100);
}

function yRange(low: number | null, high: number | null, isLog: boolean): [number, number] {
  if (low === null || high === null) return isLog ? [0.1, 1] : [0, 1];
  if (isLog) return [low / 1.3, high * 1.3];
  const room = (high - low || Math.abs(high) * 0.1 || 1) * 0.06;
  return [low - room, high + room];
}

/** The curve whose point is nearest to the cursor; curves have points at different places. */
function nearest(plot: uPlot): Hover | null {
  const { left = -1, top = -1, idx } = plot.cursor;
  if (left < 0 || idx === null || idx === undefined) return null;
  let best: Hover | null = null;
  let least = Number.POSITIVE_INFINITY;
  const [xs, ...lines] = plot.data;
  lines.forEach((line, series) => {
    const at = closest(line, idx, xs.length);
    const value = at === null ? null : line[at];
    if (at === null || value === null || value === undefined) return;
    const across = plot.valToPos(xs[at] ?? 0, 'x') - left;
    // A cursor that another chart moves has no height of its own.
    const down = top < 0 ? 0 : plot.valToPos(value, 'y') - top;
    const distance = across * across + down * down;
    if (distance < least) {
      least = distance;
      best = { series, at };
    }
  });
  return best;
}

function closest(line: ArrayLike<number | null | undefined>, from: number, length: number): number | null {
  for (let gap = 0; gap < Math.min(length, 400); gap++) {
    if (Number.isFinite(line[from + gap])) return from + gap;
    if (Number.isFinite(line[from - gap])) return from - gap;
  }
  return null;
}
