// biome-ignore-all lint/a11y/useSemanticElements: virtual rows are absolutely placed, which table elements cannot be
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { type MouseEvent, memo } from 'react';
import { ago, duration, MISSING, plain, toMs, utc } from '../../../ui/format.ts';
import { StateBadge } from '../../../ui/state.tsx';
import { kindOf } from './columns.ts';
import type { Cell, Row } from './rows.ts';

export type Place = { column: string; start: number; width: number };

type GridRowProps = {
  index: number;
  top: number;
  row: Row | undefined;
  fixed: Place[];
  places: Place[];
  edge: number;
  isActive: boolean;
  isPicked: boolean;
  isNested: boolean;
  isOpen: boolean;
  toggle: (index: number, isRange: boolean) => void;
  toggleOpen: (id: string) => void;
  open: (index: number) => void;
};

/** One run; grey bars until it is read. */
export const GridRow = memo(Body, (before, after) => {
  const sameRow = before.row === after.row && before.index === after.index && before.top === after.top;
  const sameMarks =
    before.isActive === after.isActive &&
    before.isPicked === after.isPicked &&
    before.isNested === after.isNested &&
    before.isOpen === after.isOpen;
  return (
    sameRow && sameMarks && samePlaces(before.places, after.places) && samePlaces(before.fixed, after.fixed)
  );
});

function samePlaces(left: Place[], right: Place[]): boolean {
  return (
    left.length === right.length &&
    left.every((one, at) => {
      const other = right[at];
      return other?.column === one.column && other.start === one.start && other.width === one.width;
    })
  );
}

function Body(props: GridRowProps) {
  const { index, top, row, fixed, places, edge, isActive, isPicked } = props;
  const marks = `${isActive ? ' active' : ''}${isPicked ? ' picked' : ''}`;
  const follow = (event: MouseEvent) => {
    if (!(event.target as HTMLElement).closest('a, button, input')) props.open(index);
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Enter on the grid opens the row under the cursor
    <div
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-selected={isPicked}
      className={`runs-row${marks}`}
      style={{ top }}
      onClick={follow}
    >
      <div className="runs-fixed" style={{ width: edge }}>
        <div role="gridcell" tabIndex={-1} className="runs-cell tick" style={{ left: 0, width: 36 }}>
          {row ? (
            <input
              type="checkbox"
              className="pick"
              aria-label={`Compare ${row.name || row.id}`}
              checked={isPicked}
              onClick={(event) => props.toggle(index, event.shiftKey)}
              onChange={() => {}}
            />
          ) : null}
        </div>
        <div role="gridcell" tabIndex={-1} className="runs-cell" style={{ left: 36, width: 240 }}>
          {row ? <Name {...props} row={row} /> : <span className="runs-wait" />}
        </div>
        {fixed.map((place) => (
          <RunCell key={place.column} {...place} row={row} />
        ))}
      </div>
      {places.map((place) => (
        <RunCell key={place.column} {...place} row={row} />
      ))}
    </div>
  );
}

function Name({ row, index, isNested, isOpen, toggleOpen, open }: GridRowProps & { row: Row }) {
  const Mark = isOpen ? IconChevronDown : IconChevronRight;
  return (
    <span className="row" style={{ gap: 6, paddingLeft: row.depth * 14 }}>
      {isNested ? (
        <span style={{ width: 16, flex: 'none', display: 'inline-flex' }}>
          {row.children > 0 ? (
            <button
              type="button"
              className="runs-open"
              aria-label={`${isOpen ? 'Hide' : 'Show'} the ${row.children} runs below ${row.name}`}
              aria-expanded={isOpen}
              onClick={() => toggleOpen(row.id)}
            >
              <Mark size={13} />
            </button>
          ) : null}
        </span>
      ) : null}
      <StateBadge state={row.status} bare word="" />
      <a
        href={`/experiments/runs/${encodeURIComponent(row.id)}`}
        className="truncate runs-name"
        title={`${row.name || row.id}: ${row.status}`}
        onClick={(event) => {
          // A new tab is the browser's matter.
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          open(index);
        }}
      >
        {row.name || row.id}
      </a>
      {row.children > 0 ? <span className="faint small">{row.children}</span> : null}
    </span>
  );
}

/** Drawn again only when its row or its place changes. */
const RunCell = memo(CellBody);

function CellBody({ column, start, width, row }: Place & { row: Row | undefined }) {
  const kind = kindOf(column);
  const cell = kind === 'attributes' ? undefined : row?.cells.get(column);
  const isWaiting = row === undefined || (kind !== 'attributes' && cell === undefined);
  const isRight = kind === 'metrics' || column === 'duration';
  const shown = row && kind === 'attributes' ? attribute(column, row) : undefined;
  return (
    <div
      role="gridcell"
      tabIndex={-1}
      className={isRight ? 'runs-cell right' : 'runs-cell'}
      style={{ left: start, width }}
      title={isWaiting ? undefined : (shown?.title ?? (cell === null ? 'not logged' : String(cell)))}
    >
      {isWaiting ? <span className="runs-wait" /> : (shown?.text ?? cellText(cell ?? null))}
    </div>
  );
}

function cellText(cell: Cell) {
  if (cell === null) return <span className="faint">{MISSING}</span>;
  return typeof cell === 'number' ? plain(cell, 4) : cell;
}

function attribute(column: string, row: Row): { text: string; title: string } {
  const start = toMs(row.startedAt);
  const end = toMs(row.endedAt);
  const at = (time: string | null) => ({
    text: ago(time),
    title: time ? `${utc(time, 'second')} UTC` : 'has not ended',
  });
  if (column === 'start_time') return at(row.startedAt);
  if (column === 'end_time') return at(row.endedAt);
  if (column === 'duration') {
    const took = start === null || end === null ? null : end - start;
    return { text: duration(took), title: took === null ? 'has not ended' : `${took} ms` };
  }
  const text = column === 'run_id' ? row.id : column === 'parent' ? (row.parent ?? MISSING) : row.user;
  return { text, title: text };
}
