import { Button, TextInput } from '@mantine/core';
import { IconChevronDown, IconChevronUp, IconSearch } from '@tabler/icons-react';
import { type CSSProperties, type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import type { Trace } from '../../../api/types.ts';
import { group, plural } from '../../../ui/format.ts';
import { Panel } from '../../../ui/panel.tsx';
import { useUrlState } from '../../../ui/url-state.ts';
import { SpanPane } from './span-pane.tsx';
import {
  criticalPath,
  endOf,
  failures,
  hasChildren,
  lengthOf,
  matches,
  opened,
  openRows,
  selfTimes,
} from './span-tree.ts';
import { typeColor, Waterfall } from './waterfall.tsx';

const nothing: ReadonlySet<number> = new Set();

/** The spans of a trace: tree and timeline, search within it, and beside them what the chosen span holds. */
export function SpansPanel({ trace }: { trace: Trace }) {
  const { columns } = trace;
  const [wanted, setWanted] = useUrlState('span', columns.id[0] ?? '');
  const places = useMemo(() => new Map(columns.id.map((one, at) => [one, at])), [columns]);
  const [id, setId] = useState(wanted);
  const chosen = places.get(id) ?? 0;
  const [closed, setClosed] = useState<ReadonlySet<number>>(nothing);
  // The places of a trace that goes on change with every span that arrives.
  const [before, setBefore] = useState(columns);
  if (before !== columns) {
    setBefore(columns);
    setClosed(nothing);
  }
  const [text, setText] = useState('');
  const [zoomed, setZoomed] = useState(false);
  const self = useMemo(() => selfTimes(columns), [columns]);
  const critical = useMemo(() => criticalPath(columns), [columns]);
  const rows = useMemo(() => openRows(columns, closed), [columns, closed]);
  const found = useMemo(() => matches(columns, text), [columns, text]);
  const foundSet = useMemo(() => new Set(found), [found]);
  const failed = useMemo(() => failures(columns), [columns]);
  const zoom = zoomed ? chosen : -1;
  const view = useMemo((): [number, number] => {
    const start = columns.start[zoom] ?? 0;
    const own = columns.duration[zoom] ?? 0;
    return own > 0 ? [start, start + own] : [0, lengthOf(columns)];
  }, [columns, zoom]);

  const choose = (at: number) => {
    setId(columns.id[at] ?? '');
    setClosed((was) => opened(columns, was, at));
  };
  useAddress({
    id: columns.id[chosen] ?? '',
    wanted,
    setWanted,
    follow: (next) => choose(places.get(next) ?? 0),
  });
  const toggle = (at: number, open: boolean) => {
    if (!open && chosen > at && chosen < endOf(columns, at)) setId(columns.id[at] ?? '');
    setClosed((was) => {
      const next = new Set(was);
      if (open) next.delete(at);
      else next.add(at);
      return next;
    });
  };
  const closeAll = () => {
    const next = new Set<number>();
    for (let at = 1; at < columns.id.length; at++) if (hasChildren(columns, at)) next.add(at);
    setClosed(next);
    let top = chosen;
    while ((columns.depth[top] ?? 0) > 1) top = columns.parent[top] ?? 0;
    setId(columns.id[Math.max(0, top)] ?? '');
  };
  const walk = (among: number[], step: 1 | -1) => {
    const next = step > 0 ? among.find((at) => at > chosen) : among.findLast((at) => at < chosen);
    const target = next ?? (step > 0 ? among[0] : among.at(-1));
    if (target !== undefined) choose(target);
  };

  const shown = places.get(wanted) ?? chosen;
  return (
    <Panel
      title="Spans"
      note={`${group(columns.id.length)}; the line below a bar marks the critical path`}
      flush
      actions={<TypeLegend types={columns.types} />}
    >
      <div className="table-tools spans-tools">
        <Search
          text={text}
          setText={setText}
          found={found}
          chosen={chosen}
          walk={(step) => walk(found, step)}
        />
        {failed.length > 0 ? (
          <Button variant="default" color="red" onClick={() => walk(failed, 1)}>
            Next of {plural(failed.length, 'failed span')}
          </Button>
        ) : null}
        <span className="grow" />
        <Button variant="subtle" onClick={() => setZoomed(!zoomed)}>
          {zoomed ? 'Whole timeline' : 'Zoom to the span'}
        </Button>
        <Button variant="subtle" onClick={closed.size > 0 ? () => setClosed(nothing) : closeAll}>
          {closed.size > 0 ? 'Expand all' : 'Collapse all'}
        </Button>
      </div>
      <div className="spans-split" style={{ '--spans': columns.id.length } as CSSProperties}>
        <Waterfall
          columns={columns}
          rows={rows}
          closed={closed}
          toggle={toggle}
          chosen={chosen}
          choose={choose}
          found={foundSet}
          critical={critical}
          self={self}
          view={view}
        />
        <section className="spans-pane" aria-label="The chosen span">
          <SpanPane
            trace={trace.id}
            span={columns.id[shown] ?? ''}
            startUs={columns.start[shown] ?? 0}
            selfUs={self[shown] ?? null}
          />
        </section>
      </div>
    </Panel>
  );
}

type AddressProps = {
  id: string;
  wanted: string;
  setWanted: (id: string) => void;
  follow: (id: string) => void;
};

/** Keeps the chosen span in the address, and follows the address where others change it. */
function useAddress({ id, wanted, setWanted, follow }: AddressProps) {
  const seen = useRef(wanted);
  const latest = useRef(follow);
  latest.current = follow;
  useEffect(() => {
    if (wanted !== seen.current) {
      seen.current = wanted;
      latest.current(wanted);
      return;
    }
    if (id === wanted) return;
    // Held arrows pass many spans; the address and the content follow where they stop.
    const timer = setTimeout(() => {
      seen.current = id;
      setWanted(id);
    }, 120);
    return () => clearTimeout(timer);
  }, [id, wanted, setWanted]);
}

type SearchProps = {
  text: string;
  setText: (text: string) => void;
  found: number[];
  chosen: number;
  walk: (step: 1 | -1) => void;
};

function Search({ text, setText, found, chosen, walk }: SearchProps) {
  const keys = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    walk(event.shiftKey ? -1 : 1);
  };
  const place = found.indexOf(chosen);
  return (
    <>
      <TextInput
        aria-label="Search the spans"
        data-filter="true"
        placeholder="Name, type, status or id"
        leftSection={<IconSearch size={14} />}
        rightSection={<span className="kbd">/</span>}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={keys}
        w={240}
      />
      {text.trim() === '' ? null : (
        <span className="row" style={{ gap: 0 }}>
          <span className="dim small nowrap" role="status">
            {place >= 0 ? `${place + 1} of ${group(found.length)}` : plural(found.length, 'match', 'matches')}
          </span>
          <button
            type="button"
            className="icon-btn"
            aria-label="Previous match"
            disabled={found.length === 0}
            onClick={() => walk(-1)}
          >
            <IconChevronUp size={14} />
          </button>
          <button
            type="button"
            className="icon-btn"
            aria-label="Next match"
            disabled={found.length === 0}
            onClick={() => walk(1)}
          >
            <IconChevronDown size={14} />
          </button>
        </span>
      )}
    </>
  );
}

function TypeLegend({ types }: { types: string[] }) {
  if (types.length < 2) return null;
  return (
    <span className="legend spans-legend">
      {types.slice(0, 8).map((type, at) => (
        <span key={type} className="legend-item">
          <span className="swatch block" style={{ background: typeColor(at) }} />
          {type === 'UNKNOWN' ? 'no type' : type.toLowerCase().replaceAll('_', ' ')}
        </span>
      ))}
    </span>
  );
}
