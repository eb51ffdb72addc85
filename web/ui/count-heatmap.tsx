// biome-ignore-all lint/a11y/noNoninteractiveTabindex: the map is one control, walked with the arrows
import { Button } from '@mantine/core';
import { type KeyboardEvent, useState } from 'react';
import { useWidth } from './charts.ts';
import { count, utc } from './format.ts';
import type { Marker } from './time-series.tsx';
import { TimeTable } from './time-table.tsx';

export type CountHeatmapProps = {
  /** From the top of the axis down. */
  rows: { key: string; label: string; range: string }[];
  /** Milliseconds of each column's start; equally far apart. */
  times: number[];
  /** How many observations lie in a cell. */
  counts: (row: number, column: number) => number;
  markers?: Marker[];
  onRange?: (from: number, to: number) => void;
  /** What is counted, in the plural. */
  noun: string;
  caption: string;
};

const ROW = 18;
/** As wide as the axis of a time series, so that the two stand below each other. */
const LEFT = 76;
const RIGHT = 12;
const AXIS = 26;
const TOP = 14;

/** Counts in a grid of bins × time; darker is more, on a scale of powers. The same as a table on demand. */
export function CountHeatmap(props: CountHeatmapProps) {
  const { rows, times, counts, markers = [], onRange, noun, caption } = props;
  const [frame, width] = useWidth<HTMLDivElement>();
  const [at, setAt] = useState<[number, number] | null>(null);
  const [drag, setDrag] = useState<number | null>(null);
  const [asTable, setAsTable] = useState(false);
  const step = times.length > 0 ? Math.max(1, (width - LEFT - RIGHT) / times.length) : 0;
  const bottom = TOP + rows.length * ROW;
  const most = rows.reduce(
    (max, _row, row) => times.reduce((high, _time, column) => Math.max(high, counts(row, column)), max),
    1,
  );
  const span = times.length > 1 ? (times[1] ?? 0) - (times[0] ?? 0) : 1000;
  const columnAt = (x: number) => Math.max(0, Math.min(times.length - 1, Math.floor((x - LEFT) / step)));
  const walk = (event: KeyboardEvent) => {
    const [row, column] = at ?? [rows.length - 1, times.length - 1];
    const moves: Record<string, [number, number]> = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    setAt([
      Math.max(0, Math.min(rows.length - 1, move[0])),
      Math.max(0, Math.min(times.length - 1, move[1])),
    ]);
  };
  const release = (column: number) => {
    if (drag !== null && onRange && Math.abs(column - drag) >= 1) {
      onRange(times[Math.min(drag, column)] ?? 0, (times[Math.max(drag, column)] ?? 0) + span);
    }
    setDrag(null);
  };
  const every = Math.max(1, Math.ceil(104 / Math.max(1, step)));
  const first = times[0] ?? 0;

  return (
    <div className="stack" ref={frame}>
      <div className="legend">
        <span className="legend-item">
          {noun}
          {scale(most).map((value) => (
            <span key={value} className="legend-item" style={{ gap: 2 }}>
              <span className="swatch block" style={{ background: shade(value, most), width: 14 }} />
              {count(value)}
            </span>
          ))}
        </span>
        <span className="grow" />
        <Button variant="subtle" size="compact-xs" onClick={() => setAsTable(!asTable)}>
          {asTable ? 'Show as map' : 'Show as table'}
        </Button>
      </div>
      {asTable ? (
        <TimeTable
          head="Time (UTC)"
          rows={rows}
          times={times}
          precision="second"
          cell={(row, column) => count(counts(row, column))}
          caption={caption}
        />
      ) : (
        <div style={{ minHeight: bottom + AXIS }}>
          {width > 0 ? (
            <svg
              width={width}
              height={bottom + AXIS}
              role="application"
              aria-label={`${caption}. Arrow keys move.`}
              tabIndex={0}
              onKeyDown={walk}
              onMouseMove={({ nativeEvent: { offsetX, offsetY } }) => {
                const row = Math.floor((offsetY - TOP) / ROW);
                setAt(row >= 0 && row < rows.length && offsetX >= LEFT ? [row, columnAt(offsetX)] : null);
              }}
              onMouseLeave={() => {
                setAt(null);
                setDrag(null);
              }}
              onMouseDown={(event) => setDrag(columnAt(event.nativeEvent.offsetX))}
              onMouseUp={(event) => release(columnAt(event.nativeEvent.offsetX))}
              style={{ userSelect: 'none' }}
            >
              {rows.map((row, index) => (
                <g key={row.key}>
                  <text className="axis" x={LEFT - 6} y={TOP + index * ROW + 13} textAnchor="end">
                    {row.label}
                  </text>
                  <line
                    x1={LEFT}
                    x2={width - RIGHT}
                    y1={TOP + (index + 1) * ROW}
                    y2={TOP + (index + 1) * ROW}
                    stroke="var(--grid)"
                  />
                  {times.map((time, column) => {
                    const value = counts(index, column);
                    return value === 0 ? null : (
                      <rect
                        key={time}
                        x={LEFT + column * step}
                        y={TOP + index * ROW + 1}
                        width={Math.max(1, step - (step > 4 ? 1 : 0))}
                        height={ROW - 2}
                        fill={shade(value, most)}
                      />
                    );
                  })}
                </g>
              ))}
              {times.map((time, column) =>
                column % every === 0 && LEFT + column * step + 90 < width ? (
                  <text key={time} className="axis" x={LEFT + column * step} y={bottom + 16}>
                    {label(time, column === 0 ? undefined : times[column - every], span)}
                  </text>
                ) : null,
              )}
              {markers.map((marker) => {
                const x = LEFT + ((marker.time - first) / span) * step;
                return x < LEFT || x > width - RIGHT ? null : (
                  <g key={`${marker.time} ${marker.label}`}>
                    <line x1={x} x2={x} y1={TOP - 4} y2={bottom} stroke={`var(--${marker.tone ?? 'none'})`} />
                    <text x={x + 3} y={TOP - 4} className="axis" fill={`var(--${marker.tone ?? 'none'})`}>
                      {marker.label}
                    </text>
                  </g>
                );
              })}
              {drag !== null && at ? (
                <rect
                  x={LEFT + Math.min(drag, at[1]) * step}
                  y={TOP}
                  width={(Math.abs(at[1] - drag) + 1) * step}
                  height={bottom - TOP}
                  fill="var(--band)"
                />
              ) : null}
              {at ? (
                <rect
                  className="heat-focus"
                  x={LEFT + at[1] * step}
                  y={TOP + at[0] * ROW + 1}
                  width={Math.max(2, step - 1)}
                  height={ROW - 2}
                />
              ) : null}
            </svg>
          ) : null}
        </div>
      )}
      <div className="small dim" aria-live="polite" style={{ minHeight: 16 }}>
        {at
          ? `${rows[at[0]]?.range} · ${utc(times[at[1]], 'second')} UTC · ${count(counts(...at))} ${noun}`
          : `${caption}. Times in UTC.`}
      </div>
    </div>
  );
}

/** Share of the ink: equal steps for equal factors, and never so light that one request is lost. */
function shade(value: number, most: number): string {
  const part = most <= 1 ? 1 : Math.log1p(value) / Math.log1p(most);
  return `color-mix(in oklab, var(--s1) ${Math.round(12 + part * 88)}%, var(--panel))`;
}

/** A few round values for the legend. */
function scale(most: number): number[] {
  const made: number[] = [];
  for (let value = 1; value < most; value *= 10) made.push(value);
  return [...made.slice(-4), most];
}

function label(time: number, before: number | undefined, span: number): string {
  const text = utc(time, 'second');
  const clock = span < 60_000 ? text.slice(11, 19) : text.slice(11, 16);
  const isNewDay = before !== undefined && utc(before, 'second').slice(0, 10) !== text.slice(0, 10);
  return isNewDay ? `${text.slice(5, 10)} ${clock}` : clock;
}
