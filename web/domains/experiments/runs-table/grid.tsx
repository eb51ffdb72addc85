// biome-ignore-all lint/a11y/useSemanticElements: virtual rows are absolutely placed, which table elements cannot be

import { useNavigate } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { kindOf, widthOf } from './columns.ts';
import { GridHead } from './grid-head.tsx';
import { GridRow, type Place } from './grid-row.tsx';
import type { RunRows } from './rows.ts';
import './runs-table.css';
import type { TableState } from './table-state.ts';

const ROW = 32;
const HEAD = 42;
/** The tick box and the name, which are always there. */
const LEAD = 36 + 240;

/** The runs: rows and columns are drawn as they come in sight, pinned columns stay. */
export function RunsGrid({ rows, table, total }: { rows: RunRows; table: TableState; total: number }) {
  const scroller = useRef<HTMLDivElement>(null);
  const navigate = useNavigate();
  const [cursor, setCursor] = useState(-1);
  const { columns, pinned, widths } = table;
  const width = (column: string) => widths[column] ?? widthOf(column);
  const free = columns.filter((column) => !pinned.includes(column));
  let edge = LEAD;
  const fixed: Place[] = pinned.map((column) => {
    const start = edge;
    edge += width(column);
    return { column, start, width: width(column) };
  });
  const vertical = useVirtualizer({
    count: total,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10,
    scrollPaddingStart: HEAD,
  });
  const horizontal = useVirtualizer({
    horizontal: true,
    count: free.length,
    getScrollElement: () => scroller.current,
    estimateSize: (at) => width(free[at] ?? ''),
    overscan: 3,
    paddingStart: edge,
    getItemKey: (at) => free[at] ?? at,
  });
  const sizes = free.map(width).join();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the sizes of columns are read through `free`
  useEffect(() => horizontal.measure(), [sizes, edge, horizontal]);

  const places: Place[] = horizontal
    .getVirtualItems()
    .map((item) => ({ column: free[item.index] ?? '', start: item.start, width: item.size }));
  const items = vertical.getVirtualItems();
  const from = items[0]?.index ?? 0;
  const to = items.at(-1)?.index ?? 0;
  const sight = [...pinned, ...places.map((place) => place.column)]
    .filter((column) => kindOf(column) !== 'attributes')
    .join(',');
  useEffect(() => rows.look({ from, to, columns: sight ? sight.split(',') : [] }), [rows, from, to, sight]);

  const open = (index: number) => {
    const row = rows.row(index);
    if (row) void navigate({ to: `/experiments/runs/${encodeURIComponent(row.id)}` });
  };
  const toggle = (index: number, isRange: boolean) => {
    const row = rows.row(index);
    if (!row) return;
    const isPicked = table.picked.includes(row.id);
    const [low, high] =
      isRange && cursor >= 0 ? [Math.min(cursor, index), Math.max(cursor, index)] : [index, index];
    const ids = Array.from({ length: high - low + 1 }, (_, at) => rows.row(low + at)?.id ?? '').filter(
      Boolean,
    );
    setCursor(index);
    table.setPicked(
      isPicked
        ? table.picked.filter((id) => !ids.includes(id))
        : [...new Set([...table.picked, ...ids])].slice(0, 100),
    );
  };
  // Rows are drawn again only when they change, so what they call must not: it reads the latest through a ref.
  const latest = useRef({ open, toggle, toggleOpen: table.toggleOpen });
  latest.current = { open, toggle, toggleOpen: table.toggleOpen };
  const acts = useMemo(
    () => ({
      open: (index: number) => latest.current.open(index),
      toggle: (index: number, isRange: boolean) => latest.current.toggle(index, isRange),
      toggleOpen: (id: string) => latest.current.toggleOpen(id),
    }),
    [],
  );
  const walk = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / ROW) - 2);
    const moves: Record<string, number> = {
      ArrowDown: cursor + 1,
      ArrowUp: cursor - 1,
      Home: 0,
      End: total - 1,
      PageDown: cursor + page,
      PageUp: cursor - page,
    };
    const target = moves[event.key];
    if (target !== undefined) {
      const next = Math.max(0, Math.min(total - 1, target));
      setCursor(next);
      vertical.scrollToIndex(next);
    } else if (event.key === 'Enter') open(cursor);
    else if (event.key === ' ') toggle(cursor, false);
    else return;
    event.preventDefault();
  };
  const picked = new Set(table.picked);
  const full = Math.max(horizontal.getTotalSize(), edge);
  return (
    <div
      ref={scroller}
      className="runs-grid"
      role="grid"
      aria-label="runs"
      aria-rowcount={total + 1}
      aria-colcount={columns.length + 2}
      tabIndex={0}
      onKeyDown={walk}
    >
      <div
        style={{
          width: full,
          minWidth: '100%',
          height: vertical.getTotalSize() + HEAD,
          position: 'relative',
        }}
      >
        <GridHead table={table} fixed={fixed} places={places} edge={edge} />
        {items.map((item) => {
          const row = rows.row(item.index);
          return (
            <GridRow
              key={item.index}
              index={item.index}
              top={item.start + HEAD}
              row={row}
              fixed={fixed}
              places={places}
              edge={edge}
              isActive={item.index === cursor}
              isPicked={row !== undefined && picked.has(row.id)}
              isNested={table.question.nested}
              isOpen={row !== undefined && table.question.open.includes(row.id)}
              {...acts}
            />
          );
        })}
      </div>
    </div>
  );
}
