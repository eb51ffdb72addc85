import { Tooltip } from '@mantine/core';
import type { Tone } from './state.tsx';

export type IntervalPlotProps = {
  value: number | null;
  interval?: [number, number] | null;
  bound?: number | null;
  /** A bound that must hold is red; one that only compares is grey. */
  boundTone?: 'bad' | 'none';
  /** The side of the bound that is right; the other side is shaded. */
  good?: 'below' | 'above';
  /** What else stands on the same scale: the champion, the baseline. */
  marks?: { value: number | null | undefined; label: string; shape: 'champion' | 'baseline' }[];
  /** The scale; by default whatever holds all that is drawn. */
  domain?: [number, number];
  width?: number;
  height?: number;
  tone?: Tone;
  /** What stands under the cursor and is read out. */
  label: string;
};

/** The scale that holds a value, its interval and its bound, with some air; zero stays in sight where it is near. */
export function intervalDomain(values: (number | null | undefined)[]): [number, number] {
  const known = values.filter(
    (value): value is number => value !== null && value !== undefined && Number.isFinite(value),
  );
  if (known.length === 0) return [0, 1];
  let low = Math.min(...known);
  let high = Math.max(...known);
  if (low >= 0 && low < (high - low) * 1.2) low = 0;
  if (high === low) {
    low -= Math.abs(low) * 0.1 || 1;
    high += Math.abs(high) * 0.1 || 1;
  }
  const room = (high - low) * 0.08;
  return [low === 0 ? 0 : low - room, high + room];
}

const SHAPES = {
  champion: 'M0-4 3.5 0 0 4-3.5 0Z',
  baseline: 'M-3-3H3V3H-3Z',
};

/** One estimate with its interval against its bound, small enough for a table row. */
export function IntervalPlot(props: IntervalPlotProps) {
  const { value, interval, bound, good, marks = [], width = 180, height = 24, tone = 'none', label } = props;
  const domain =
    props.domain ?? intervalDomain([value, bound, ...(interval ?? []), ...marks.map((mark) => mark.value)]);
  const inset = 6;
  const x = (at: number) =>
    inset +
    ((Math.max(domain[0], Math.min(domain[1], at)) - domain[0]) / (domain[1] - domain[0])) *
      (width - 2 * inset);
  const middle = height / 2;
  const color = tone === 'busy' ? 'var(--accent)' : `var(--${tone})`;
  return (
    <Tooltip.Floating label={label} fz={12}>
      <svg width={width} height={height} role="img" aria-label={label} style={{ verticalAlign: 'middle' }}>
        {bound !== null && bound !== undefined && good ? (
          <rect
            x={good === 'below' ? x(bound) : inset}
            width={good === 'below' ? width - inset - x(bound) : x(bound) - inset}
            y={3}
            height={height - 6}
            fill="var(--bad-soft)"
          />
        ) : null}
        <line x1={inset} x2={width - inset} y1={middle} y2={middle} stroke="var(--line)" />
        {domain[0] < 0 && domain[1] > 0 ? (
          <line x1={x(0)} x2={x(0)} y1={middle - 4} y2={middle + 4} stroke="var(--line-strong)" />
        ) : null}
        {bound === null || bound === undefined ? null : (
          <line
            x1={x(bound)}
            x2={x(bound)}
            y1={2}
            y2={height - 2}
            stroke={`var(--${props.boundTone ?? 'bad'})`}
            strokeWidth={1.5}
          />
        )}
        {marks.map((mark) =>
          mark.value === null || mark.value === undefined ? null : (
            <path
              key={mark.label}
              d={SHAPES[mark.shape]}
              transform={`translate(${x(mark.value)} ${middle})`}
              fill="var(--panel)"
              stroke="var(--dim)"
            />
          ),
        )}
        {interval ? (
          <g stroke={color} strokeWidth={2}>
            <line x1={x(interval[0])} x2={x(interval[1])} y1={middle} y2={middle} />
            <line x1={x(interval[0])} x2={x(interval[0])} y1={middle - 3} y2={middle + 3} />
            <line x1={x(interval[1])} x2={x(interval[1])} y1={middle - 3} y2={middle + 3} />
          </g>
        ) : null}
        {value === null ? null : (
          <circle cx={x(value)} cy={middle} r={3.5} fill={color} stroke="var(--panel)" strokeWidth={1} />
        )}
      </svg>
    </Tooltip.Floating>
  );
}
