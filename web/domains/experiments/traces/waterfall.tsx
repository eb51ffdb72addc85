import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, memo, useEffect, useId, useRef } from 'react';
import type { SpanColumns } from '../../../api/types.ts';
import { count, duration } from '../../../ui/format.ts';
import { ToneMark } from '../../../ui/state.tsx';
import { hasChildren } from './span-tree.ts';

const ROW = 26;
const PAGE = 15;

export type WaterfallProps = {
  columns: SpanColumns;
  /** Places of the spans in sight. */
  rows: Int32Array;
  closed: ReadonlySet<number>;
  toggle: (at: number, open: boolean) => void;
  chosen: number;
  choose: (at: number) => void;
  found: ReadonlySet<number>;
  critical: ReadonlySet<number>;
  self: (number | null)[];
  /** Microseconds after the origin that the timeline shows. */
  view: [number, number];
};

/** The spans as a tree beside their times on one scale; arrows walk it. */
export function Waterfall(props: WaterfallProps) {
  const { columns, rows, closed, toggle, chosen, choose, view } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const prefix = useId();
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 10,
  });
  const place = placeIn(rows, chosen);
  const scrollTo = useRef(virtual.scrollToIndex);
  scrollTo.current = virtual.scrollToIndex;
  useEffect(() => {
    if (place >= 0) scrollTo.current(place, { align: 'auto' });
  }, [place]);

  const walk = (event: KeyboardEvent) => {
    const target = targetOf(event.key, place, rows.length);
    const isOpen = hasChildren(columns, chosen) && !closed.has(chosen);
    if (target !== undefined) choose(rows[target] ?? chosen);
    else if (event.key === 'ArrowLeft') {
      if (isOpen) toggle(chosen, false);
      else if ((columns.parent[chosen] ?? -1) >= 0) choose(columns.parent[chosen] ?? chosen);
    } else if (event.key === 'ArrowRight') {
      if (closed.has(chosen)) toggle(chosen, true);
      else if (isOpen) choose(chosen + 1);
    } else return;
    event.preventDefault();
  };

  return (
    <div className="spans">
      <div className="spans-head">
        <span>Span</span>
        <span className="right">Self</span>
        <span className="right">Took</span>
        <Axis view={view} />
      </div>
      <div
        ref={scroller}
        className="spans-scroll"
        role="tree"
        aria-label="Spans"
        tabIndex={0}
        aria-activedescendant={place >= 0 ? `${prefix}${chosen}` : undefined}
        onKeyDown={walk}
      >
        <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
          {virtual.getVirtualItems().map((item) => {
            const at = rows[item.index] ?? 0;
            return (
              <SpanRow
                key={at}
                {...props}
                id={`${prefix}${at}`}
                at={at}
                top={item.start}
                isChosen={at === chosen}
                isClosed={closed.has(at)}
                isFound={props.found.has(at)}
                isCritical={props.critical.has(at)}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}

function targetOf(key: string, place: number, length: number): number | undefined {
  const moves: Record<string, number> = {
    ArrowDown: place + 1,
    ArrowUp: place - 1,
    Home: 0,
    End: length - 1,
    PageDown: place + PAGE,
    PageUp: place - PAGE,
  };
  const target = moves[key];
  return target === undefined ? undefined : Math.max(0, Math.min(length - 1, target));
}

/** Rows stand in ascending order. */
function placeIn(rows: Int32Array, at: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = rows[middle] ?? 0;
    if (found === at) return middle;
    if (found < at) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

type SpanRowProps = WaterfallProps & {
  id: string;
  at: number;
  top: number;
  isChosen: boolean;
  isClosed: boolean;
  isFound: boolean;
  isCritical: boolean;
};

const SpanRow = memo(
  function SpanRow(props: SpanRowProps) {
    const { columns, at, view, isClosed, isChosen, isCritical, isFound } = props;
    const name = columns.names[columns.name[at] ?? -1] ?? '';
    const type = columns.types[columns.type[at] ?? -1] ?? '';
    const isFailed = columns.statuses[columns.status[at] ?? -1] === 'ERROR';
    const own = columns.duration[at] ?? null;
    const isParent = hasChildren(columns, at);
    const tokens = columns.tokens[at] ?? null;
    const marks = `${isChosen ? ' chosen' : ''}${isFound ? ' found' : ''}${isFailed ? ' failed' : ''}`;
    return (
      <div
        id={props.id}
        role="treeitem"
        tabIndex={-1}
        aria-level={(columns.depth[at] ?? 0) + 1}
        aria-selected={isChosen}
        aria-expanded={isParent ? !isClosed : undefined}
        aria-label={`${name}${isFailed ? ', failed' : ''}`}
        className={`spans-row${marks}`}
        style={{ top: props.top }}
        onClick={() => props.choose(at)}
        onKeyDown={undefined}
      >
        <span
          className="spans-name"
          style={{ paddingLeft: `min(${8 + (columns.depth[at] ?? 0) * 14}px, 55%)` }}
        >
          {isParent ? (
            <span
              className="spans-open"
              aria-hidden="true"
              onClick={(event) => {
                event.stopPropagation();
                props.toggle(at, isClosed);
              }}
            >
              {isClosed ? <IconChevronRight size={13} /> : <IconChevronDown size={13} />}
            </span>
          ) : (
            <span className="spans-open" />
          )}
          <span className="spans-kind" style={{ background: colorOf(columns, at) }} />
          <span className="truncate" title={`${name}${type === 'UNKNOWN' ? '' : `, ${type}`}`}>
            {name}
          </span>
          {isFailed ? (
            <span className="spans-failed">
              <ToneMark tone="bad" size={9} />
            </span>
          ) : null}
          {tokens === null ? null : <span className="faint small nowrap">{count(tokens)} tokens</span>}
        </span>
        <span className="right dim">{duration(milli(props.self[at] ?? null))}</span>
        <span className="right">{own === null ? 'goes on' : duration(milli(own))}</span>
        <span className="spans-track">
          <Bar
            start={columns.start[at] ?? 0}
            own={own}
            view={view}
            color={isFailed ? 'var(--bad)' : colorOf(columns, at)}
            isCritical={isCritical}
          />
        </span>
      </div>
    );
  },
  (before, after) =>
    before.top === after.top &&
    before.isChosen === after.isChosen &&
    before.isClosed === after.isClosed &&
    before.isFound === after.isFound &&
    before.isCritical === after.isCritical &&
    before.view === after.view &&
    before.columns === after.columns &&
    before.closed === after.closed,
);

const milli = (us: number | null) => (us === null ? null : us / 1000);

/** Types by identity: the same type has the same colour everywhere in the trace. */
export function colorOf(columns: SpanColumns, at: number): string {
  return typeColor(columns.type[at] ?? 0);
}

export const typeColor = (type: number) => `var(--s${(type % 8) + 1})`;

type BarProps = {
  start: number;
  own: number | null;
  view: [number, number];
  color: string;
  isCritical: boolean;
};

function Bar({ start, own, view: [from, to], color, isCritical }: BarProps) {
  const share = (us: number) => Math.max(0, Math.min(1, (us - from) / (to - from)));
  const left = share(start);
  const right = share(own === null ? to : start + own);
  if (start > to || (own !== null && start + own < from)) return null;
  return (
    <i
      className={isCritical ? 'critical' : undefined}
      style={{
        left: `${left * 100}%`,
        width: `max(2px, ${(right - left) * 100}%)`,
        background: color,
        opacity: own === null ? 0.4 : 1,
      }}
    />
  );
}

function Axis({ view: [from, to] }: { view: [number, number] }) {
  return (
    <span className="spans-axis" aria-hidden="true">
      {[0, 0.25, 0.5, 0.75].map((share) => (
        <span key={share} style={{ left: `${share * 100}%` }}>
          {share === 0 && from === 0 ? '0' : duration((from + share * (to - from)) / 1000)}
        </span>
      ))}
    </span>
  );
}
