// biome-ignore-all lint/suspicious/noArrayIndexKey: bins have no identity but their place
import { Tooltip } from '@mantine/core';
import { ticks, useWidth } from './charts.ts';
import { brief, count, percent, significant, utc } from './format.ts';

export type HistogramProps = {
  /** Names of the bins; or `edges` (one more than bins). */
  labels?: string[];
  edges?: (number | string | null)[];
  /** Counts per bin. */
  reference: number[];
  /** Counts on the same bins; drawn beside the reference. */
  current?: number[];
  names?: [string, string];
  height?: number;
  /** Leave out axes and legend: for a row of small multiples. */
  small?: boolean;
  unit?: string;
  /** Bins that are no numbers (missing, unseen) stand apart at the right. */
  apart?: number;
};

/** Names of bins made from their edges; infinite edges read "< 3" and "≥ 9". */
export function binLabels(edges: (number | string | null)[]): string[] {
  return edges.slice(0, -1).map((low, at) => {
    const high = edges[at + 1];
    if (low === null || low === undefined || low === Number.NEGATIVE_INFINITY || low === '-Infinity')
      return `< ${edge(high)}`;
    if (high === null || high === undefined || high === Number.POSITIVE_INFINITY || high === 'Infinity')
      return `≥ ${edge(low)}`;
    return `${edge(low)} to ${edge(high)}`;
  });
}

function edge(value: number | string | null | undefined): string {
  if (typeof value === 'number') return value > 1e11 ? utc(value, 'day') : significant(value, 3);
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) return utc(value, 'day');
  return brief(value);
}

function shares(counts: number[]): number[] {
  const total = counts.reduce((sum, value) => sum + value, 0);
  return counts.map((value) => (total > 0 ? value / total : 0));
}

/** Counts as shares per bin; reference and current on the same bins and the same scale. */
export function Histogram(props: HistogramProps) {
  const {
    reference,
    current,
    names = ['reference', 'current'],
    height = props.small ? 36 : 180,
    small,
    unit,
  } = props;
  const [frame, width] = useWidth<HTMLDivElement>();
  const labels = props.labels ?? binLabels(props.edges ?? []);
  const left = shares(reference);
  const right = current ? shares(current) : null;
  const top = Math.max(1e-9, ...left, ...(right ?? []));
  const pad = small ? { left: 0, bottom: 0, top: 1, right: 0 } : { left: 44, bottom: 18, top: 6, right: 4 };
  const inner = { width: Math.max(0, width - pad.left - pad.right), height: height - pad.top - pad.bottom };
  const bins = Math.max(1, reference.length);
  const gapAt = props.apart ? bins - props.apart : bins;
  const gap = props.apart ? 8 : 0;
  const step = (inner.width - gap) / bins;
  const y = (share: number) => pad.top + inner.height * (1 - share / top);
  const x = (at: number) => pad.left + at * step + (at >= gapAt ? gap : 0);
  const every = Math.max(1, Math.ceil(bins / Math.max(1, Math.floor(inner.width / 74))));
  return (
    <div ref={frame} style={{ minHeight: height }}>
      {small ? null : (
        <div className="legend">
          <span className="legend-item">
            <span className="swatch block" style={{ background: right ? 'var(--s5)' : 'var(--s1)' }} />
            {names[0]} n = {count(reference.reduce((sum, value) => sum + value, 0))}
          </span>
          {current ? (
            <span className="legend-item">
              <span className="swatch block" style={{ background: 'var(--s2)' }} />
              {names[1]} n = {count(current.reduce((sum, value) => sum + value, 0))}
            </span>
          ) : null}
          {unit ? <span>{unit}</span> : null}
        </div>
      )}
      {width > 0 ? (
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`Share per bin: ${labels.map((label, at) => `${label} ${percent(left[at])}`).join(', ')}`}
        >
          {small
            ? null
            : ticks(0, top, 3).map((value) => (
                <g key={value}>
                  <line
                    x1={pad.left}
                    x2={width - pad.right}
                    y1={y(value)}
                    y2={y(value)}
                    stroke="var(--grid)"
                  />
                  <text className="axis" x={pad.left - 6} y={y(value) + 3} textAnchor="end">
                    {percent(value, top < 0.1 ? 1 : 0)}
                  </text>
                </g>
              ))}
          {left.map((share, at) => (
            <Tooltip.Floating
              key={`${labels[at]}-${at}`}
              label={tip(labels[at], share, right?.[at], reference[at], current?.[at])}
              fz={12}
            >
              <g>
                <rect x={x(at)} y={pad.top} width={step} height={inner.height} fill="transparent" />
                <rect
                  x={x(at) + 0.5}
                  y={y(share)}
                  width={Math.max(0.5, (right ? step / 2 : step) - 1)}
                  height={pad.top + inner.height - y(share)}
                  fill={right ? 'var(--s5)' : 'var(--s1)'}
                  opacity={0.85}
                />
                {right ? (
                  <rect
                    x={x(at) + step / 2}
                    y={y(right[at] ?? 0)}
                    width={Math.max(0.5, step / 2 - 1)}
                    height={pad.top + inner.height - y(right[at] ?? 0)}
                    fill="var(--s2)"
                  />
                ) : null}
              </g>
            </Tooltip.Floating>
          ))}
          <line
            x1={pad.left}
            x2={width - pad.right}
            y1={height - pad.bottom - 0.5}
            y2={height - pad.bottom - 0.5}
            stroke="var(--line-strong)"
          />
          {small
            ? null
            : labels.map((label, at) =>
                at % every === 0 ? (
                  <text
                    key={`${label}-${at}`}
                    className="axis"
                    x={x(at) + step / 2}
                    y={height - 5}
                    textAnchor="middle"
                  >
                    {label.length > 14 ? `${label.slice(0, 13)}…` : label}
                  </text>
                ) : null,
              )}
        </svg>
      ) : null}
    </div>
  );
}

function tip(
  label: string | undefined,
  left: number,
  right: number | undefined,
  leftCount: number | undefined,
  rightCount: number | undefined,
): string {
  const first = `${label ?? ''}: ${percent(left)} (${count(leftCount)})`;
  return right === undefined ? first : `${first} → ${percent(right)} (${count(rightCount)})`;
}
