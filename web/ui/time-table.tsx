import type { ReactNode } from 'react';
import { utc } from './format.ts';

type TimeTableProps = {
  /** What stands over the times. */
  head: string;
  rows: { key: string; label: string }[];
  /** Milliseconds. */
  times: number[];
  precision?: 'second';
  cell: (row: number, column: number) => ReactNode;
  caption: string;
};

/** A map of rows × time as a table: a line for each time. */
export function TimeTable({ head, rows, times, precision, cell, caption }: TimeTableProps) {
  return (
    <div style={{ overflow: 'auto', maxHeight: 480 }}>
      <table className="plain-table">
        <caption className="sr-only">{caption}</caption>
        <thead>
          <tr>
            <th>{head}</th>
            {rows.map((row) => (
              <th key={row.key} className="right">
                {row.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.map((time, column) => (
            <tr key={time}>
              <td className="nowrap">{utc(time, precision)}</td>
              {rows.map((row, index) => (
                <td key={row.key} className="right">
                  {cell(index, column)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
