// biome-ignore-all lint/a11y/useSemanticElements: virtual rows are absolutely placed, which table elements cannot be
import { TextInput } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp, IconSearch } from '@tabler/icons-react';
import {
  type ColumnDef,
  columnFilteringFeature,
  createFilteredRowModel,
  createSortedRowModel,
  globalFilteringFeature,
  rowSortingFeature,
  type SortingState,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from 'react';
import { toMs } from './format.ts';
import { ExportMenu } from './panel.tsx';
import { useUrlPatch } from './url-state.ts';

export type Cell = string | number | boolean | null | undefined;

export type Column<Row> = {
  key: string;
  title: ReactNode;
  /** The value for sorting, filtering and export; shown as it is when there is no `render`. */
  value: (row: Row) => Cell;
  render?: (row: Row) => ReactNode;
  /** A CSS track, for example '120px' or 'minmax(160px, 2fr)'. */
  width?: string;
  align?: 'right';
  /** False for columns of buttons and pictures. */
  sortable?: boolean;
  /** Left out where the table is too narrow for all columns, the highest first. Filters and exports still have it. */
  spare?: number;
};

export type DataTableProps<Row> = {
  /** Prefix of the sort and filter in the URL; also the name of exports. */
  name: string;
  rows: Row[];
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  /** Called on click and on Enter. */
  onOpen?: (row: Row) => void;
  /** Key of the row that is shown beside the table. */
  active?: string | undefined;
  /** First sort, for example '-time'. */
  sort?: string;
  /** Height of the scrolling area; by default as many rows as there are, up to 15. */
  height?: number;
  /** Shown instead of rows when there are none at all. */
  empty?: ReactNode;
  tools?: ReactNode;
  /** Leave out the local filter, where the server searches. */
  unfiltered?: boolean;
  /** Leave out the tool bar, for short tables inside a panel. */
  bare?: boolean;
  onEnd?: () => void;
};

const ROW = 32;

const features = tableFeatures({
  rowSortingFeature,
  sortedRowModel: createSortedRowModel(),
  columnFilteringFeature,
  globalFilteringFeature,
  filteredRowModel: createFilteredRowModel(),
});

type Wrapped<Row> = { row: Row };

/** A virtual table: sort and filter in the URL, `/` to filter, arrows and Enter to walk, CSV and JSON export. */
export function DataTable<Row>(props: DataTableProps<Row>) {
  const {
    name,
    rows,
    columns,
    rowKey,
    onOpen,
    active,
    sort = '',
    empty,
    tools,
    bare,
    unfiltered,
    onEnd,
  } = props;
  const [search, patch] = useUrlPatch();
  const sortText = search[`${name}.sort`] ?? sort;
  const filter = search[`${name}.q`] ?? '';
  const sorting = useMemo<SortingState>(
    () => (sortText ? [{ id: sortText.replace(/^-/, ''), desc: sortText.startsWith('-') }] : []),
    [sortText],
  );
  const data = useMemo<Wrapped<Row>[]>(() => rows.map((row) => ({ row })), [rows]);
  const defs = useMemo(() => columns.map((column) => definition(column)), [columns]);
  const table = useTable({
    features,
    data,
    columns: defs,
    state: { sorting, globalFilter: filter },
    globalFilterFn: (row, id, wanted) =>
      String(row.getValue(id) ?? '')
        .toLowerCase()
        .includes(String(wanted).toLowerCase()),
  });
  const shown = table.getRowModel().rows;
  const scroller = useRef<HTMLDivElement>(null);
  const [cursor, setCursor] = useState(-1);
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 12,
  });
  const { ref: frame, width } = useElementSize();
  const seen = fitting(columns, width);
  const hidden = columns.filter((column) => !seen.includes(column));
  const template = seen.map((column) => column.width ?? 'minmax(96px, 1fr)').join(' ');
  const height = props.height ?? Math.min(shown.length, 15) * ROW + 30;

  const setSort = (key: string) => {
    const next = sortText === key ? `-${key}` : sortText === `-${key}` ? '' : key;
    patch({ [`${name}.sort`]: next === sort ? undefined : next });
  };
  const walk = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowDown: cursor + 1,
      ArrowUp: cursor - 1,
      Home: 0,
      End: shown.length - 1,
      PageDown: cursor + 12,
      PageUp: cursor - 12,
    };
    const target = moves[event.key];
    if (target !== undefined) {
      event.preventDefault();
      const next = Math.max(0, Math.min(shown.length - 1, target));
      setCursor(next);
      virtual.scrollToIndex(next);
    } else if (event.key === 'Enter' && shown[cursor] && event.target === event.currentTarget) {
      onOpen?.(shown[cursor].original.row);
    }
  };

  if (rows.length === 0 && empty) return <>{empty}</>;
  return (
    <div ref={frame}>
      {bare ? null : (
        <div className="table-tools">
          {unfiltered ? null : (
            <TextInput
              placeholder="Filter"
              aria-label="Filter rows"
              data-filter="true"
              leftSection={<IconSearch size={14} />}
              rightSection={<span className="kbd">/</span>}
              value={filter}
              onChange={(event) => patch({ [`${name}.q`]: event.currentTarget.value || undefined })}
              w={240}
            />
          )}
          {tools}
          <span className="grow" />
          {hidden.length > 0 ? <HiddenColumns columns={hidden} /> : null}
          <span className="dim small">
            {shown.length === rows.length ? `${rows.length}` : `${shown.length} of ${rows.length}`}
          </span>
          <ExportMenu name={name} rows={shown.map((row) => exported(row.original.row, columns))} />
        </div>
      )}
      <div
        ref={scroller}
        className="table-scroll"
        style={{ height }}
        role="grid"
        aria-label={name}
        aria-rowcount={shown.length + 1}
        tabIndex={0}
        onKeyDown={walk}
        onScroll={(event) => {
          const area = event.currentTarget;
          if (onEnd && area.scrollTop + area.clientHeight > area.scrollHeight - 400) onEnd();
        }}
      >
        <div className="grid-table" style={{ minWidth: leastWidth(seen) }}>
          <div
            className="grid-row head"
            style={{ gridTemplateColumns: template, height: 30 }}
            role="row"
            tabIndex={-1}
          >
            {seen.map((column) => (
              <Head key={column.key} column={column} sortText={sortText} setSort={setSort} />
            ))}
          </div>
          <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
            {virtual.getVirtualItems().map((item) => {
              const row = shown[item.index]?.original.row;
              if (row === undefined) return null;
              const key = rowKey(row);
              const marks = `${onOpen ? ' link' : ''}${key === active || item.index === cursor ? ' active' : ''}`;
              return (
                <div
                  key={key}
                  role="row"
                  tabIndex={-1}
                  aria-rowindex={item.index + 2}
                  className={`grid-row body${marks}`}
                  style={{ gridTemplateColumns: template, top: item.start }}
                  onClick={onOpen ? () => onOpen(row) : undefined}
                  onKeyDown={undefined}
                >
                  {seen.map((column) => (
                    <div
                      key={column.key}
                      role="gridcell"
                      tabIndex={-1}
                      className={column.align === 'right' ? 'right' : undefined}
                    >
                      {column.render ? column.render(row) : plain(column.value(row))}
                    </div>
                  ))}
                </div>
              );
            })}
          </div>
        </div>
        {shown.length === 0 ? (
          <div style={{ padding: 12 }} className="dim">
            No row matches the filter.
          </div>
        ) : null}
      </div>
    </div>
  );
}

/** The columns that fit into a width; of those that may be missing, the least important go first. */
function fitting<Row>(columns: Column<Row>[], width: number): Column<Row>[] {
  let seen = columns;
  while (width > 0 && leastWidth(seen) > width) {
    const most = Math.max(...seen.map(({ spare = 0 }) => spare));
    if (most === 0) break;
    seen = seen.filter(({ spare = 0 }) => spare < most);
  }
  return seen;
}

function HiddenColumns<Row>({ columns }: { columns: Column<Row>[] }) {
  const names = columns.map(({ title, key }) => (typeof title === 'string' ? title : key)).join(', ');
  return (
    <span
      className="dim small nowrap"
      title="They show where the window is wider; filters and exports have them"
    >
      without {names}
    </span>
  );
}

/** The sum of what each column needs at least. */
function leastWidth<Row>(columns: Column<Row>[]): number {
  return columns.reduce((sum, column) => sum + Number(column.width?.match(/\d+/)?.[0] ?? 96), 0);
}

function Head<Row>({
  column,
  sortText,
  setSort,
}: {
  column: Column<Row>;
  sortText: string;
  setSort: (key: string) => void;
}) {
  const direction =
    sortText === column.key ? 'ascending' : sortText === `-${column.key}` ? 'descending' : undefined;
  return (
    <div
      role="columnheader"
      tabIndex={-1}
      aria-sort={direction}
      className={column.align === 'right' ? 'right' : undefined}
    >
      {column.sortable === false ? (
        column.title
      ) : (
        <button type="button" className="grid-sort" onClick={() => setSort(column.key)}>
          <span className="truncate">{column.title}</span>
          {direction === 'ascending' ? <IconArrowUp size={11} /> : null}
          {direction === 'descending' ? <IconArrowDown size={11} /> : null}
        </button>
      )}
    </div>
  );
}

function definition<Row>(column: Column<Row>): ColumnDef<typeof features, Wrapped<Row>> {
  return {
    id: column.key,
    accessorFn: (wrapped: Wrapped<Row>) => column.value(wrapped.row) ?? undefined,
    enableSorting: column.sortable !== false,
    sortUndefined: 'last',
    sortFn: (left, right, id) => compare(left.getValue(id), right.getValue(id)),
  } as ColumnDef<typeof features, Wrapped<Row>>;
}

function compare(left: unknown, right: unknown): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return String(left).localeCompare(String(right), 'en', { numeric: true });
}

function plain(value: Cell): string {
  if (value === null || value === undefined || value === '') return '–';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return String(value);
}

function exported<Row>(row: Row, columns: Column<Row>[]): Record<string, unknown> {
  return Object.fromEntries(columns.map((column) => [column.key, column.value(row)]));
}

/** A time for sorting. */
export function timeValue(time: string | number | null | undefined): number | undefined {
  return toMs(time) ?? undefined;
}
