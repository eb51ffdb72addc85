import type { SideBySide } from '../../api/types.ts';
import { ticks, useWidth } from '../../ui/charts.ts';
import { significant } from '../../ui/format.ts';

const pad = { left: 48, right: 12, top: 8, bottom: 36 };

/** Two scores of each row as a cloud of points; on the diagonal the versions agree. */
export function ScorePairs({ found, height = 300 }: { found: SideBySide; height?: number }) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const values = found.points.flatMap(({ a, b }) => [a, b]);
  const isShare = values.every((value) => value >= 0 && value <= 1);
  const [low, high] = isShare ? [0, 1] : [Math.min(...values), Math.max(...values)];
  const span = high - low || 1;
  const inner = { width: Math.max(0, width - pad.left - pad.right), height: height - pad.top - pad.bottom };
  const x = (value: number) => pad.left + ((value - low) / span) * inner.width;
  const y = (value: number) => pad.top + (1 - (value - low) / span) * inner.height;
  const marks = ticks(low, high, 5);
  const cut = found.threshold;
  const hasLabels = found.points.some(({ label }) => label !== null);
  return (
    <figure style={{ margin: 0 }}>
      <figcaption className="legend small">
        {hasLabels ? (
          <>
            <Key color="var(--s1)" text="outcome yes" />
            <Key color="var(--s2)" text="outcome no" />
          </>
        ) : null}
        <Key color="var(--s5)" text={hasLabels ? 'unknown' : 'row'} />
        <span className="dim">dashed: the threshold {significant(cut, 2)}</span>
      </figcaption>
      <div ref={frame}>
        <svg
          width={width}
          height={height}
          role="img"
          aria-label={`Scores of ${found.points.length} rows by both versions`}
        >
          {marks.map((mark) => (
            <g key={mark}>
              <line x1={x(mark)} x2={x(mark)} y1={pad.top} y2={pad.top + inner.height} stroke="var(--grid)" />
              <line
                x1={pad.left}
                x2={pad.left + inner.width}
                y1={y(mark)}
                y2={y(mark)}
                stroke="var(--grid)"
              />
              <text x={x(mark)} y={height - 20} textAnchor="middle" fontSize={11} fill="var(--dim)">
                {significant(mark, 2)}
              </text>
              <text x={pad.left - 6} y={y(mark) + 4} textAnchor="end" fontSize={11} fill="var(--dim)">
                {significant(mark, 2)}
              </text>
            </g>
          ))}
          <line x1={x(low)} y1={y(low)} x2={x(high)} y2={y(high)} stroke="var(--line-strong)" />
          {cut > low && cut < high ? (
            <g stroke="var(--faint)" strokeDasharray="4 3">
              <line x1={x(cut)} x2={x(cut)} y1={pad.top} y2={pad.top + inner.height} />
              <line x1={pad.left} x2={pad.left + inner.width} y1={y(cut)} y2={y(cut)} />
            </g>
          ) : null}
          {found.points.map(({ id, a, b, label }) => (
            <circle
              key={id}
              cx={x(a)}
              cy={y(b)}
              r={2.2}
              fillOpacity={0.5}
              fill={label === 1 ? 'var(--s1)' : label === 0 ? 'var(--s2)' : 'var(--s5)'}
            />
          ))}
          <text
            x={pad.left + inner.width / 2}
            y={height - 4}
            textAnchor="middle"
            fontSize={11}
            fill="var(--dim)"
          >
            score of version {found.a}
          </text>
          <text
            transform={`translate(11 ${pad.top + inner.height / 2}) rotate(-90)`}
            textAnchor="middle"
            fontSize={11}
            fill="var(--dim)"
          >
            score of version {found.b}
          </text>
        </svg>
      </div>
    </figure>
  );
}

function Key({ color, text }: { color: string; text: string }) {
  return (
    <span className="legend-item">
      <svg width={8} height={8} aria-hidden="true">
        <circle cx={4} cy={4} r={3} fill={color} />
      </svg>
      {text}
    </span>
  );
}
