import { Switch } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMemo, useState } from 'react';
import { path } from '../../api/client.ts';
import type { Json, QueryResult } from '../../api/types.ts';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { brief, count, duration, significant, utc } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { TimeSeries } from '../../ui/time-series.tsx';
import { XyChart } from '../../ui/xy-chart.tsx';

type Row = { key: number; cells: Json[] };

/** Rows of a query, and a picture of them where the first column is a scale and others are numbers. */
export function QueryResultView({ name, found }: { name: string; found: QueryResult }) {
  const [drawn, draw] = useState(true);
  const rows = useMemo(() => found.rows.map((cells, key): Row => ({ key, cells })), [found]);
  const columns = useMemo(() => found.columns.map((column, i) => columnOf(column, i)), [found]);
  const chart = chartOf(found);
  const note = `${count(found.rows.length)} rows in ${duration(found.elapsedMs)}${found.truncated ? '; there are more than the limit lets through' : ''}`;
  return (
    <>
      {chart && drawn ? (
        <Panel
          title="At a glance"
          note={`${chart.lines.map(({ label }) => label).join(', ')} over ${chart.x}`}
        >
          {chart.kind === 'time' ? (
            <TimeSeries
              times={chart.xs}
              lines={chart.lines.map(({ label, ys }, color) => ({
                label,
                values: ys,
                color,
                points: 'solid',
              }))}
              unit=""
              height={220}
            />
          ) : (
            <XyChart
              lines={chart.lines.map(({ label, ys }, color) => ({
                label,
                color,
                dots: true,
                points: chart.xs.flatMap((x, i) => {
                  const y = ys[i];
                  return y === null || y === undefined ? [] : [{ x, y }];
                }),
              }))}
              xLabel={chart.x}
              yLabel=""
              x={extent(chart.xs)}
              y={extent(chart.lines.flatMap(({ ys }) => ys.filter((y): y is number => y !== null)))}
              height={240}
            />
          )}
        </Panel>
      ) : null}
      <Panel
        title="Result"
        note={note}
        flush
        actions={
          chart ? (
            <Switch label="Chart" checked={drawn} onChange={(event) => draw(event.currentTarget.checked)} />
          ) : undefined
        }
      >
        <DataTable
          name={`${name}-query`}
          rows={rows}
          columns={columns}
          rowKey={(row) => String(row.key)}
          height={Math.min(560, rows.length * 32 + 30)}
          empty={<Empty title="No rows">The statement is right and finds nothing.</Empty>}
        />
      </Panel>
    </>
  );
}

const isNumber = (type: string) => /INT|DOUBLE|FLOAT|DECIMAL/.test(type) && !type.endsWith(']');
const isTime = (type: string) => /^(TIMESTAMP|DATE)/.test(type);

function columnOf({ name, type }: { name: string; type: string }, at: number): Column<Row> {
  const number = isNumber(type);
  return {
    key: `${at}-${name}`,
    title: name,
    value: ({ cells }) => plain(cells[at]),
    render: ({ cells }) => <CellView value={cells[at] ?? null} name={name} type={type} />,
    width: number ? 'minmax(90px, 1fr)' : isTime(type) ? '196px' : 'minmax(120px, 1.6fr)',
    ...(number ? { align: 'right' as const } : {}),
  };
}

function plain(value: Json | undefined): string | number | boolean | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'object' ? JSON.stringify(value) : value;
}

function CellView({ value, name, type }: { value: Json; name: string; type: string }) {
  if (value === null) return <span className="faint">–</span>;
  if (name === 'prediction_id')
    return (
      <Link to={path`/serving/predictions/${String(value)}`}>
        <code title={String(value)}>{shortId(String(value))}</code>
      </Link>
    );
  if (isTime(type)) return <span title={String(value)}>{utc(String(value), 'ms')}</span>;
  if (typeof value === 'number')
    return (
      <span title={String(value)}>{Number.isInteger(value) ? count(value) : significant(value, 5)}</span>
    );
  return <span title={String(plain(value))}>{brief(value)}</span>;
}

/** The end of an id tells neighbours apart; the whole one is on hover. */
export const shortId = (id: string) => (id.length > 20 ? `…${id.slice(-16)}` : id);

type Chart = {
  kind: 'time' | 'number';
  x: string;
  xs: number[];
  lines: { label: string; ys: (number | null)[] }[];
};

/** What can be drawn: the first column is a time or a number that grows, and up to four others are numbers. */
function chartOf({ columns, rows }: QueryResult): Chart | null {
  const [first] = columns;
  if (!first || rows.length < 3 || rows.length > 5000) return null;
  const kind = isTime(first.type) ? 'time' : isNumber(first.type) ? 'number' : null;
  if (!kind) return null;
  const xs = rows.map(([x]) => (kind === 'time' ? Date.parse(String(x)) : Number(x ?? Number.NaN)));
  if (xs.some((x, i) => Number.isNaN(x) || (i > 0 && x <= (xs[i - 1] ?? 0)))) return null;
  const lines = columns.flatMap(({ name, type }, i) =>
    i === 0 || !isNumber(type)
      ? []
      : [{ label: name, ys: rows.map((row) => (typeof row[i] === 'number' ? (row[i] as number) : null)) }],
  );
  const drawn = lines.filter(({ ys }) => isOfScale(ys, lines.at(-1)?.ys ?? []));
  return drawn.length === 0 ? null : { kind, x: first.name, xs, lines: drawn.slice(-4) };
}

/** Whether two columns can share an axis: counts and shares cannot. The last column decides, as it is what was asked. */
function isOfScale(one: (number | null)[], other: (number | null)[]): boolean {
  const [a, b] = [one, other].map((ys) => Math.max(...ys.map((y) => Math.abs(y ?? 0)))) as [number, number];
  return a === b || (a > 0 && b > 0 && a / b < 20 && b / a < 20);
}

function extent(values: number[]): [number, number] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const pad = (high - low || Math.abs(high) || 1) * 0.05;
  return [low - pad, high + pad];
}
