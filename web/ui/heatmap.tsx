// biome-ignore-all lint/a11y/noNoninteractiveTabindex: the map is one control, walked with the arrows
import { Button } from '@mantine/core';
import { type KeyboardEvent, useId, useState } from 'react';
import { useWidth } from './charts.ts';
import { significant, utc } from './format.ts';
import { TimeTable } from './time-table.tsx';

export type HeatCell = {
  /** Effect divided by its threshold: 1 is the bound. */
  ratio: number | null;
  state: 'ok' | 'insufficient' | 'none';
  /** A dot: significant after correction for multiple tests. */
  dot?: boolean;
  /** Shown when the cell is under the cursor. */
  text: string;
};
export type HeatmapProps = {
  rows: { key: string; label: string; note?: string }[];
  /** Milliseconds of each column's start. */
  times: number[];
  cell: (row: string, column: number) => HeatCell;
  onOpen?: (row: string, column: number) => void;
  onRange?: (from: number, to: number) => void;
  caption: string;
};

const ROW = 22;

/** Colour of effect/threshold on the one scale: blue below a half, neutral, amber at the bound, red from twice the bound. */
function heatColor(ratio: number): string {
  if (ratio < 0.5)
    return `color-mix(in oklab, var(--heat-low) ${Math.round((1 - ratio / 0.5) * 45)}%, var(--heat-mid))`;
  if (ratio < 1)
    return `color-mix(in oklab, var(--heat-warn) ${Math.round(((ratio - 0.5) / 0.5) * 100)}%, var(--heat-mid))`;
  return `color-mix(in oklab, var(--heat-bad) ${Math.round(Math.min(1, ratio - 1) * 100)}%, var(--heat-warn))`;
}

/** Rows × time on one scale. Arrows move, Enter opens, dragging selects a range; the same as a table on demand. */
export function Heatmap({ rows, times, cell, onOpen, onRange, caption }: HeatmapProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<[number, number] | null>(null);
  const [drag, setDrag] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const hatch = useId();
  const labels = 190;
  const step = times.length > 0 ? Math.max(3, (width - labels - 8) / times.length) : 0;
  const height = rows.length * ROW + 22;
  const here = at && rows[at[0]] && times[at[1]] !== undefined ? cell(rows[at[0]]?.key ?? '', at[1]) : null;
  const every = Math.max(1, Math.ceil(90 / Math.max(1, step)));

  const walk = (event: KeyboardEvent) => {
    const [row, column] = at ?? [0, Math.max(0, times.length - 1)];
    const moves: Record<string, [number, number]> = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [row, 0],
      End: [row, times.length - 1],
    };
    const move = moves[event.key];
    if (move) {
      event.preventDefault();
      setAt([
        Math.max(0, Math.min(rows.length - 1, move[0])),
        Math.max(0, Math.min(times.length - 1, move[1])),
      ]);
    } else if (event.key === 'Enter' && at) {
      onOpen?.(rows[at[0]]?.key ?? '', at[1]);
    }
  };
  const columnAt = (x: number) => Math.max(0, Math.min(times.length - 1, Math.floor((x - labels) / step)));
  const release = (column: number) => {
    if (drag !== null && onRange && Math.abs(column - drag) >= 1) {
      const [first, last] = [Math.min(drag, column), Math.max(drag, column)];
      const width = (times[1] ?? 0) - (times[0] ?? 0);
      onRange(times[first] ?? 0, (times[last] ?? 0) + width);
    } else if (at) {
      onOpen?.(rows[at[0]]?.key ?? '', column);
    }
    setDrag(null);
  };

  return (
    <div className="stack" ref={frame}>
      <div className="legend">
        <HeatScale hatch={hatch} />
        <span className="grow" />
        <Button variant="subtle" size="compact-xs" onClick={() => setAsTable(!asTable)}>
          {asTable ? 'Show as map' : 'Show as table'}
        </Button>
      </div>
      {asTable ? (
        <TimeTable
          head="Window (UTC)"
          rows={rows}
          times={times}
          cell={(row, column) => cellText(cell(rows[row]?.key ?? '', column))}
          caption={caption}
        />
      ) : (
        <div style={{ minHeight: height, overflowX: 'auto' }}>
          {width > 0 ? (
            <svg
              width={Math.max(width, labels + step * times.length + 8)}
              height={height}
              role="application"
              aria-label={`${caption}. Arrow keys move, Enter opens.`}
              tabIndex={0}
              onKeyDown={walk}
              onMouseLeave={() => setDrag(null)}
              onMouseDown={(event) => setDrag(columnAt(event.nativeEvent.offsetX))}
              onMouseUp={(event) => release(columnAt(event.nativeEvent.offsetX))}
              style={{ cursor: onOpen ? 'pointer' : 'default', userSelect: 'none' }}
            >
              <defs>
                <pattern
                  id={hatch}
                  width="5"
                  height="5"
                  patternUnits="userSpaceOnUse"
                  patternTransform="rotate(45)"
                >
                  <line x1="0" y1="0" x2="0" y2="5" stroke="var(--line-strong)" strokeWidth="1.500" />
                </pattern>
              </defs>
              {rows.map((row, index) => (
                <g key={row.key}>
                  <text x={0} y={index * ROW + 15} fontSize={12} fill="var(--text)">
                    {row.label.length > 28 ? `${row.label.slice(0, 27)}…` : row.label}
                    <title>{row.label}</title>
                  </text>
                  {times.map((time, column) => {
                    const found = cell(row.key, column);
                    const fill =
                      found.state === 'none' || found.ratio === null
                        ? 'var(--none-soft)'
                        : found.state === 'insufficient'
                          ? `url(#${hatch})`
                          : heatColor(found.ratio);
                    return (
                      // biome-ignore lint/a11y/noStaticElementInteractions: keyboard users walk the whole map
                      <g key={time} onMouseEnter={() => setAt([index, column])}>
                        <rect
                          x={labels + column * step}
                          y={index * ROW + 1}
                          width={Math.max(1, step - 1)}
                          height={ROW - 2}
                          fill={fill}
                        />
                        {found.dot ? (
                          <circle
                            cx={labels + column * step + (step - 1) / 2}
                            cy={index * ROW + ROW / 2}
                            r={Math.min(2.2, step / 3)}
                            fill="var(--text)"
                          />
                        ) : null}
                      </g>
                    );
                  })}
                </g>
              ))}
              {times.map((time, column) =>
                column % every === 0 &&
                labels + column * step + 34 < Math.max(width, labels + step * times.length) ? (
                  <text key={time} className="axis" x={labels + column * step} y={height - 6}>
                    {utc(time, 'day').slice(times.length > 200 ? 0 : 5)}
                  </text>
                ) : null,
              )}
              {at ? (
                <rect
                  className="heat-focus"
                  x={labels + at[1] * step}
                  y={at[0] * ROW + 1}
                  width={Math.max(2, step - 1)}
                  height={ROW - 2}
                />
              ) : null}
            </svg>
          ) : null}
        </div>
      )}
      <div className="small dim" aria-live="polite" style={{ minHeight: 16 }}>
        {at && here
          ? `${rows[at[0]]?.label} · ${utc(times[at[1]])} UTC · ${here.text}`
          : `${caption}. Times in UTC.`}
      </div>
    </div>
  );
}

function HeatScale({ hatch }: { hatch: string }) {
  return (
    <>
      <span className="legend-item">
        effect / threshold
        {[0, 0.25, 0.5, 0.75, 1, 1.5, 2].map((ratio) => (
          <span key={ratio} className="legend-item" style={{ gap: 2 }}>
            <span className="swatch block" style={{ background: heatColor(ratio), width: 14 }} />
            {ratio === 2 ? '≥ 2' : ratio}
          </span>
        ))}
      </span>
      <span className="legend-item">
        <svg width="14" height="10" aria-hidden="true">
          <rect width="14" height="10" fill={`url(#${hatch})`} />
        </svg>
        too few rows
      </span>
      <span className="legend-item">
        <span className="swatch block" style={{ background: 'var(--none-soft)', width: 14 }} />
        no data
      </span>
      <span className="legend-item">
        <svg width="8" height="8" aria-hidden="true">
          <circle cx="4" cy="4" r="2.200" fill="var(--text)" />
        </svg>
        significant after correction
      </span>
    </>
  );
}

function cellText({ ratio, dot }: HeatCell): string {
  return `${ratio === null ? '–' : significant(ratio, 3)}${dot ? ' •' : ''}`;
}
