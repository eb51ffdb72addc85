import { IconPhoto } from '@tabler/icons-react';
import { useEffect, useId, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { type Palette, usePalette, useWidth } from './charts.ts';
import { significant, utc } from './format.ts';
import { aligned, colorOf, type Line, options, type TimeSeriesProps } from './time-series-plot.ts';

export type { Line, Marker, Shade } from './time-series-plot.ts';

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
