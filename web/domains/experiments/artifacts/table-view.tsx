import { useMemo } from 'react';
import { type Column, DataTable } from '../../../ui/data-table.tsx';

const MOST_COLUMNS = 60;
type Line = { cells: string[]; at: number };

/** Rows of texts whose first names the columns; numbers stand right and sort as numbers. */
export function TableView({ name, rows }: { name: string; rows: string[][] }) {
  const [head = []] = rows;
  const lines = useMemo<Line[]>(() => rows.slice(1).map((cells, at) => ({ cells, at })), [rows]);
  const columns = head.slice(0, MOST_COLUMNS).map<Column<Line>>((title, at) => {
    const isNumber = lines
      .slice(0, 50)
      .every(({ cells }) => !cells[at] || Number.isFinite(Number(cells[at])));
    return {
      key: `${at}`,
      title: title || <span className="faint">{at + 1}</span>,
      value: ({ cells }) => {
        const cell = cells[at];
        if (cell === undefined || cell === '') return undefined;
        return isNumber ? Number(cell) : cell;
      },
      render: ({ cells }) => <span title={cells[at]}>{cells[at] || '–'}</span>,
      ...(isNumber && { align: 'right' as const }),
      width: 'minmax(110px, 1fr)',
    };
  });
  return (
    <>
      {head.length > MOST_COLUMNS ? (
        <div className="artifacts-note">
          The first {MOST_COLUMNS} of {head.length} columns are shown.
        </div>
      ) : null}
      <DataTable
        name={name}
        rows={lines}
        columns={columns}
        rowKey={({ at }) => String(at)}
        height={Math.min(lines.length, 17) * 32 + 32}
      />
    </>
  );
}
