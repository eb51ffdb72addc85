import uPlot from 'uplot';
import { type Palette, tickTexts } from './charts.ts';
import { utc } from './format.ts';
import { drawOver, drawShades } from './time-series-marks.ts';

export type Line = {
  label: string;
  values: (number | null | undefined)[];
  /** Index into the series palette (0 to 7) or a tone. */
  color?: number | 'ok' | 'warn' | 'bad' | 'none';
  dash?: boolean;
  /** Step line, for weights and states. */
  stepped?: boolean;
  /** Points instead of a line: solid, or hollow for provisional values. */
  points?: 'solid' | 'hollow';
  /** Bounds of the interval around the line. */
  low?: (number | null | undefined)[];
  high?: (number | null | undefined)[];
};
export type Threshold = { value: number; label: string; tone?: 'warn' | 'bad' | 'none' };
export type Marker = { time: number; label: string; tone?: 'ok' | 'warn' | 'bad' | 'none' };
export type Shade = { from: number; to: number; label: string };

export type TimeSeriesProps = {
  /** Milliseconds, ascending; shared by all lines. */
  times: number[];
  lines: Line[];
  /** Stands at the value axis. */
  unit: string;
  format?: (value: number) => string;
  height?: number;
  thresholds?: Threshold[];
  /** Deploys, incidents, data versions. */
  markers?: Marker[];
  /** The reference period. */
  shades?: Shade[];
  min?: number;
  max?: number;
  /** Keep these values in sight, for example a threshold. */
  include?: number[];
  log?: boolean;
  onRange?: (from: number, to: number) => void;
  /** Charts with the same key share the cursor. */
  sync?: string;
};

/** Seconds, then a row per line, each followed by its bounds where it has any. */
export function aligned(times: number[], lines: Line[]): uPlot.AlignedData {
  const rows: (number | null | undefined)[][] = [times.map((time) => time / 1000)];
  for (const line of lines) {
    rows.push(line.values.map((value) => (Number.isFinite(value) ? value : null)));
    if (line.low && line.high) rows.push([...line.low], [...line.high]);
  }
  return rows as uPlot.AlignedData;
}

export function colorOf(line: Line, index: number, palette: Palette): string {
  if (typeof line.color === 'string') return palette[line.color];
  return palette.series[(line.color ?? index) % palette.series.length] ?? palette.text;
}

/** What the plot reads at the moment it draws, so that it need not be made anew. */
type Latest = { current: TimeSeriesProps };

/** How uPlot draws the lines. */
export function options(
  latest: Latest,
  palette: Palette,
  width: number,
  setHover: (at: number | null) => void,
): uPlot.Options {
  const { lines, unit, height = 220, sync, onRange, log, format } = latest.current;
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  lines.forEach((line, index) => {
    const color = colorOf(line, index, palette);
    series.push({
      label: line.label,
      stroke: line.points ? 'transparent' : color,
      width: 1.5,
      ...(line.dash ? { dash: [5, 4] } : {}),
      ...(line.stepped && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
      points: line.points
        ? {
            show: true,
            size: 6,
            stroke: color,
            fill: line.points === 'hollow' ? palette.panel : color,
            width: 1.5,
          }
        : { show: (_plot, _series, from, to) => to - from < 2, size: 4, fill: color },
    });
    if (line.low && line.high) {
      const at = series.length;
      series.push(
        { stroke: 'transparent', points: { show: false } },
        { stroke: 'transparent', points: { show: false } },
      );
      bands.push({ series: [at + 1, at], fill: mixed(color) });
    }
  });
  const font = '10px Inter, system-ui, sans-serif';
  const axis = {
    stroke: palette.faint,
    font,
    grid: { stroke: palette.grid, width: 1 },
    ticks: { show: false },
  };
  return {
    width,
    height,
    series,
    bands,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    legend: { show: false },
    padding: [10, 18, 0, 0],
    cursor: {
      y: false,
      points: { size: 6 },
      drag: { x: Boolean(onRange), y: false, setScale: false },
      ...(sync ? { sync: { key: sync, setSeries: false } } : {}),
    },
    scales: {
      x: { time: true },
      y: {
        ...(log ? { distr: 3 as const } : {}),
        range: (_plot, low, high) => yRange(latest.current, low, high),
      },
    },
    axes: [
      { ...axis, size: 26, space: 70, values: timeTicks },
      {
        ...axis,
        size: 58,
        space: 34,
        label: unit,
        labelSize: 18,
        labelFont: font,
        values: (_plot, splits) =>
          format ? splits.map((value) => (value === null ? '' : format(value))) : tickTexts(splits),
        ...(log
          ? { splits: (_plot, _axis, low, high) => powersOfTen(low, high), filter: (_plot, splits) => splits }
          : {}),
      },
    ],
    hooks: {
      setCursor: [(plot) => setHover(plot.cursor.idx ?? null)],
      setSelect: [
        (plot) => {
          if (plot.select.width < 4) return;
          const from = plot.posToVal(plot.select.left, 'x') * 1000;
          const to = plot.posToVal(plot.select.left + plot.select.width, 'x') * 1000;
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          latest.current.onRange?.(from, to);
        },
      ],
      drawClear: [(plot) => drawShades(plot, latest.current, palette)],
      draw: [(plot) => drawOver(plot, latest.current, palette)],
    },
  };
}

/** Lines of a log axis: whole powers of ten, at most about six of them. */
function powersOfTen(low: number, high: number): number[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const step = Math.max(1, Math.ceil((last - first) / 5));
  const made: number[] = [];
  for (let power = first; power <= last; power += step) made.push(10 ** power);
  return made.length > 0 ? made : [low, high];
}

function mixed(color: string): string {
  return color.startsWith('#') && color.length === 7 ? `${color}2b` : color;
}

function timeTicks(_plot: uPlot, splits: number[], _axis: number, _space: number, step: number): string[] {
  let day = '';
  return splits.map((seconds) => {
    const text = utc(seconds * 1000, 'second');
    const date = text.slice(5, 10);
    if (step >= 86_400) return step >= 28 * 86_400 ? text.slice(0, 7) : date;
    const clock = step < 60 ? text.slice(11, 19) : text.slice(11, 16);
    const first = date !== day;
    day = date;
    return first ? `${date} ${clock}` : clock;
  });
}

function yRange(props: TimeSeriesProps, low: number | null, high: number | null): [number, number] {
  const wanted = [
    low,
    high,
    ...(props.include ?? []),
    ...(props.thresholds ?? []).map((threshold) => threshold.value),
  ].filter((value): value is number => value !== null && value !== undefined && Number.isFinite(value));
  if (wanted.length === 0) return [props.min ?? 0, props.max ?? 1];
  const smallest = Math.min(...wanted);
  const largest = Math.max(...wanted);
  if (props.log) return [props.min ?? smallest / 1.5, props.max ?? largest * 1.5];
  const room = (largest - smallest || Math.abs(largest) * 0.1 || 1) * 0.08;
  return [props.min ?? smallest - room, props.max ?? largest + room];
}
