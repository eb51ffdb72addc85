import { Tooltip } from '@mantine/core';
import { ticks, useWidth } from '../../ui/charts.ts';
import { count, percent } from '../../ui/format.ts';

/** Rows by score, positives and negatives stacked on the same bins. */
export function ScoreHistogram({ counts, positives }: { counts: number[]; positives: number[] }) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const height = 260;
  const pad = { left: 48, right: 8, top: 6, bottom: 34 };
  const inner = { width: Math.max(0, width - pad.left - pad.right), height: height - pad.top - pad.bottom };
  const top = Math.max(1, ...counts);
  const y = (value: number) => pad.top + inner.height * (1 - value / top);
  const step = inner.width / Math.max(1, counts.length);
  return (
    <div>
      <div className="legend">
        <span className="legend-item">
          <span className="swatch block" style={{ background: 'var(--s2)' }} />
          positive n = {count(positives.reduce((sum, value) => sum + value, 0))}
        </span>
        <span className="legend-item">
          <span className="swatch block" style={{ background: 'var(--s5)' }} />
          negative n = {count(counts.reduce((sum, value, at) => sum + value - (positives[at] ?? 0), 0))}
        </span>
      </div>
      <div ref={frame} style={{ minHeight: height }}>
        {width > 0 ? (
          <svg width={width} height={height} role="img" aria-label="Rows by score and outcome">
            {ticks(0, top, 4).map((value) => (
              <g key={value}>
                <line x1={pad.left} x2={width - pad.right} y1={y(value)} y2={y(value)} stroke="var(--grid)" />
                <text className="axis" x={pad.left - 6} y={y(value) + 3} textAnchor="end">
                  {count(value)}
                </text>
              </g>
            ))}
            {counts.map((all, at) => {
              const yes = positives[at] ?? 0;
              const low = at / counts.length;
              const label = `score ${low.toFixed(2)} to ${(low + 1 / counts.length).toFixed(2)}: ${count(all)} rows, ${count(yes)} positive (${percent(all > 0 ? yes / all : null)})`;
              return (
                <Tooltip.Floating key={low} label={label} fz={12}>
                  <g>
                    <rect
                      x={pad.left + at * step}
                      y={pad.top}
                      width={step}
                      height={inner.height}
                      fill="transparent"
                    />
                    <rect
                      x={pad.left + at * step + 0.5}
                      y={y(all)}
                      width={Math.max(1, step - 1)}
                      height={y(yes) - y(all)}
                      fill="var(--s5)"
                      opacity={0.7}
                    />
                    <rect
                      x={pad.left + at * step + 0.5}
                      y={y(yes)}
                      width={Math.max(1, step - 1)}
                      height={pad.top + inner.height - y(yes)}
                      fill="var(--s2)"
                    />
                  </g>
                </Tooltip.Floating>
              );
            })}
            {[0, 0.2, 0.4, 0.6, 0.8, 1].map((value) => (
              <text
                key={value}
                className="axis"
                x={pad.left + value * inner.width}
                y={height - pad.bottom + 14}
                textAnchor="middle"
              >
                {value}
              </text>
            ))}
            <text className="axis" x={pad.left + inner.width / 2} y={height - 5} textAnchor="middle">
              score
            </text>
            <text
              className="axis"
              transform={`translate(11 ${pad.top + inner.height / 2}) rotate(-90)`}
              textAnchor="middle"
            >
              rows
            </text>
          </svg>
        ) : null}
      </div>
    </div>
  );
}
