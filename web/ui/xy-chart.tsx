import { Tooltip } from '@mantine/core';
import { ticks, useWidth } from './charts.ts';
import { significant } from './format.ts';

export type XyLine = {
  label: string;
  points: { x: number; y: number; low?: number; high?: number; text?: string }[];
  /** Index into the series palette. */
  color: number;
  dash?: boolean;
  /** Draw a dot with its interval at each point. */
  dots?: boolean;
};

export type XyChartProps = {
  lines: XyLine[];
  xLabel: string;
  yLabel: string;
  x: [number, number];
  y: [number, number];
  /** The line y = x: chance in a ROC curve, perfection in a calibration curve. */
  diagonal?: string;
  height?: number;
  format?: (value: number) => string;
};

/** Curves of one number over another, on stated axes. The same as a table for screen readers. */
export function XyChart(props: XyChartProps) {
  const { lines, xLabel, yLabel, diagonal, height = 280, format = (value) => significant(value, 2) } = props;
  const [frame, width] = useWidth<HTMLDivElement>();
  const pad = { left: 48, right: 12, top: 8, bottom: 36 };
  const inner = { width: Math.max(0, width - pad.left - pad.right), height: height - pad.top - pad.bottom };
  const x = (value: number) => pad.left + ((value - props.x[0]) / (props.x[1] - props.x[0])) * inner.width;
  const y = (value: number) =>
    pad.top + (1 - (value - props.y[0]) / (props.y[1] - props.y[0])) * inner.height;
  const low = Math.max(props.x[0], props.y[0]);
  const high = Math.min(props.x[1], props.y[1]);
  return (
    <figure style={{ margin: 0 }}>
      <figcaption className="legend">
        {lines.map((line) => (
          <span key={line.label} className="legend-item">
            <span
              className="swatch"
              style={{
                borderColor: `var(--s${line.color + 1})`,
                borderTopStyle: line.dash ? 'dashed' : 'solid',
              }}
            />
            {line.label}
          </span>
        ))}
        {diagonal ? (
          <span className="legend-item">
            <span
              className="swatch"
              style={{ borderColor: 'var(--line-strong)', borderTopStyle: 'dotted' }}
            />
            {diagonal}
          </span>
        ) : null}
      </figcaption>
      <div ref={frame} style={{ minHeight: height }}>
        {width > 0 ? (
          <svg width={width} height={height} role="img" aria-label={`${yLabel} over ${xLabel}`}>
            {ticks(props.y[0], props.y[1], 5).map((value) => (
              <g key={value}>
                <line x1={pad.left} x2={width - pad.right} y1={y(value)} y2={y(value)} stroke="var(--grid)" />
                <text className="axis" x={pad.left - 6} y={y(value) + 3} textAnchor="end">
                  {format(value)}
                </text>
              </g>
            ))}
            {ticks(props.x[0], props.x[1], 5).map((value) => (
              <g key={value}>
                <line
                  x1={x(value)}
                  x2={x(value)}
                  y1={pad.top}
                  y2={height - pad.bottom}
                  stroke="var(--grid)"
                />
                <text className="axis" x={x(value)} y={height - pad.bottom + 14} textAnchor="middle">
                  {format(value)}
                </text>
              </g>
            ))}
            <text className="axis" x={pad.left + inner.width / 2} y={height - 6} textAnchor="middle">
              {xLabel}
            </text>
            <text
              className="axis"
              transform={`translate(11 ${pad.top + inner.height / 2}) rotate(-90)`}
              textAnchor="middle"
            >
              {yLabel}
            </text>
            {diagonal ? (
              <line
                x1={x(low)}
                y1={y(low)}
                x2={x(high)}
                y2={y(high)}
                stroke="var(--line-strong)"
                strokeDasharray="2 3"
              />
            ) : null}
            {lines.map((line) => (
              <Curve key={line.label} line={line} x={x} y={y} />
            ))}
          </svg>
        ) : null}
      </div>
      <table className="sr-only">
        <caption>
          {yLabel} over {xLabel}
        </caption>
        <tbody>
          {lines.flatMap((line) =>
            line.points
              .filter((_, at) => at % Math.ceil(line.points.length / 12) === 0)
              .map((point) => (
                <tr key={`${line.label} ${point.x} ${point.y}`}>
                  <th>{line.label}</th>
                  <td>{significant(point.x, 3)}</td>
                  <td>{significant(point.y, 3)}</td>
                </tr>
              )),
          )}
        </tbody>
      </table>
    </figure>
  );
}

function Curve({ line, x, y }: { line: XyLine; x: (value: number) => number; y: (value: number) => number }) {
  const color = `var(--s${line.color + 1})`;
  const drawn = line.points
    .map((point, at) => `${at === 0 ? 'M' : 'L'}${x(point.x).toFixed(1)} ${y(point.y).toFixed(1)}`)
    .join('');
  return (
    <g>
      <path
        d={drawn}
        fill="none"
        stroke={color}
        strokeWidth={1.5}
        {...(line.dash ? { strokeDasharray: '5 4' } : {})}
      />
      {line.dots
        ? line.points.map((point) => (
            <Tooltip.Floating key={`${point.x}`} label={point.text ?? significant(point.y, 3)} fz={12}>
              <g>
                <rect x={x(point.x) - 8} y={y(point.y) - 16} width={16} height={32} fill="transparent" />
                {point.low === undefined || point.high === undefined ? null : (
                  <line
                    x1={x(point.x)}
                    x2={x(point.x)}
                    y1={y(point.low)}
                    y2={y(point.high)}
                    stroke={color}
                    strokeWidth={1.5}
                  />
                )}
                <circle cx={x(point.x)} cy={y(point.y)} r={3} fill={color} />
              </g>
            </Tooltip.Floating>
          ))
        : null}
    </g>
  );
}
