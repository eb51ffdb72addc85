import { IconPhoto } from '@tabler/icons-react';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Palette, tickTexts, usePalette, useWidth } from './charts.ts';
import { significant, utc } from './format.ts';

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

/** Lines over time in UTC with bands, thresholds and event markers; dragging selects a range. */
export function TimeSeries(props: TimeSeriesProps) {
  const { times, lines, unit, height = 220, onRange } = props;
  const format = props.format ?? ((value: number) => withUnit(value, unit));
  const palette = usePalette();
  const [frame, width] = useWidth<HTMLDivElement>();
  const plot = useRef<uPlot | null>(null);
  const [hover, setHover] = useState<number | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const label = useId();
  // The plot is made anew only when its shape changes; new values go in without a flicker.
  const shape = JSON.stringify([
    lines.map((line) => [line.label, line.color, line.dash, line.stepped, line.points, Boolean(line.low)]),
    height,
    unit,
    props.log,
    props.sync,
    Boolean(onRange),
  ]);
  const data = useMemo(() => aligned(times, lines), [times, lines]);
  const current = useRef(data);
  current.current = data;

  // biome-ignore lint/correctness/useExhaustiveDependencies: `shape` stands for the lines
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
  useEffect(() => plot.current?.setData(data), [data]);
  useEffect(() => {
    if (width > 0) plot.current?.setSize({ width, height });
  }, [width, height]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: redraw what the hooks read through the ref
  useEffect(() => plot.current?.redraw(false), [props.thresholds, props.markers, props.shades]);

  const at = hover ?? times.length - 1;
  const time = times[at];
  return (
    <figure style={{ margin: 0 }} aria-labelledby={label}>
      <figcaption id={label} className="legend sided" style={{ marginBottom: 4 }}>
        <span className="legend">
          {lines.map((line, index) => (
            <span key={line.label} className="legend-item">
              <span
                className="swatch"
                style={{
                  borderColor: colorOf(line, index, palette),
                  borderTopStyle: line.dash ? 'dashed' : 'solid',
                }}
              />
              {line.label} <b>{shownValue(line, at, format)}</b>
            </span>
          ))}
          {props.thresholds?.map((threshold) => (
            <span key={threshold.label} className="legend-item">
              <span
                className="swatch"
                style={{ borderColor: palette[threshold.tone ?? 'bad'], borderTopStyle: 'dotted' }}
              />
              {threshold.label} {format(threshold.value)}
            </span>
          ))}
        </span>
        <span className="legend-side">
          <span>{time === undefined ? '' : `${utc(time)} UTC`}</span>
          <button
            type="button"
            className="icon-btn"
            style={{ width: 18, height: 18 }}
            aria-label="Save as PNG"
            title="Save as PNG"
            onClick={() => savePng(plot.current, palette)}
          >
            <IconPhoto size={13} />
          </button>
        </span>
      </figcaption>
      <div ref={frame} style={{ height }} />
    </figure>
  );
}

/** Units of one word that belong to each number; longer ones stand at the axis only. */
function withUnit(value: number, unit: string): string {
  return /^(%|MB|ms|s)$/.test(unit) ? `${significant(value, 3)} ${unit}` : significant(value, 3);
}

function aligned(times: number[], lines: Line[]): uPlot.AlignedData {
  const rows: (number | null | undefined)[][] = [times.map((time) => time / 1000)];
  for (const line of lines) {
    rows.push(line.values.map((value) => (Number.isFinite(value) ? value : null)));
    if (line.low && line.high) rows.push([...line.low], [...line.high]);
  }
  return rows as uPlot.AlignedData;
}

function colorOf(line: Line, index: number, palette: Palette): string {
  if (typeof line.color === 'string') return palette[line.color];
  return palette.series[(line.color ?? index) % palette.series.length] ?? palette.text;
}

function shownValue(line: Line, at: number, format: (value: number) => string): string {
  const value = line.values[at];
  if (value === null || value === undefined) return '–';
  const low = line.low?.[at];
  const high = line.high?.[at];
  return low === null || low === undefined || high === null || high === undefined
    ? format(value)
    : `${format(value)} (${format(low)} to ${format(high)})`;
}

function savePng(plot: uPlot | null, palette: Palette): void {
  if (!plot) return;
  const source = plot.ctx.canvas;
  const canvas = document.createElement('canvas');
  canvas.width = source.width;
  canvas.height = source.height;
  const context = canvas.getContext('2d');
  if (!context) return;
  context.fillStyle = palette.panel;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(source, 0, 0);
  canvas.toBlob((blob) => {
    if (!blob) return;
    const url = URL.createObjectURL(blob);
    const link = document.createElement('a');
    link.href = url;
    link.download = 'chart.png';
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 1_000);
  });
}

type Latest = { current: TimeSeriesProps };

function options(
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

function drawShades(plot: uPlot, props: TimeSeriesProps, palette: Palette): void {
  const { ctx, bbox } = plot;
  ctx.save();
  for (const shade of props.shades ?? []) {
    const from = Math.max(bbox.left, plot.valToPos(shade.from / 1000, 'x', true));
    const to = Math.min(bbox.left + bbox.width, plot.valToPos(shade.to / 1000, 'x', true));
    if (to <= from) continue;
    ctx.fillStyle = palette.grid;
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
    ctx.fillStyle = palette.faint;
    ctx.font = `${10 * devicePixelRatio}px Inter, system-ui, sans-serif`;
    ctx.textBaseline = 'top';
    ctx.textAlign = 'left';
    ctx.fillText(shade.label, from + 4 * devicePixelRatio, bbox.top + 3 * devicePixelRatio);
  }
  ctx.restore();
}

function drawOver(plot: uPlot, props: TimeSeriesProps, palette: Palette): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = ratio;
  ctx.font = `${10 * ratio}px Inter, system-ui, sans-serif`;
  for (const threshold of props.thresholds ?? []) {
    const y = Math.round(plot.valToPos(threshold.value, 'y', true)) + 0.5;
    if (y < bbox.top || y > bbox.top + bbox.height) continue;
    ctx.strokeStyle = palette[threshold.tone ?? 'bad'];
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
  }
  ctx.setLineDash([]);
  ctx.textBaseline = 'top';
  ctx.textAlign = 'left';
  let lastEnd = -1;
  for (const marker of props.markers ?? []) {
    const x = Math.round(plot.valToPos(marker.time / 1000, 'x', true)) + 0.5;
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    const color = palette[marker.tone ?? 'none'];
    ctx.strokeStyle = color;
    ctx.globalAlpha = 0.7;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.globalAlpha = 1;
    ctx.fillStyle = color;
    ctx.beginPath();
    ctx.moveTo(x - 4 * ratio, bbox.top);
    ctx.lineTo(x + 4 * ratio, bbox.top);
    ctx.lineTo(x, bbox.top + 6 * ratio);
    ctx.fill();
    const text = marker.label;
    const wide = ctx.measureText(text).width;
    if (x + 6 * ratio > lastEnd && x + 6 * ratio + wide < bbox.left + bbox.width) {
      ctx.fillText(text, x + 6 * ratio, bbox.top + ratio);
      lastEnd = x + 12 * ratio + wide;
    }
  }
  ctx.restore();
}
