import { Button, Popover, TextInput } from '@mantine/core';
import { IconColumns3, IconSearch } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { useMemo, useState } from 'react';
import type { Catalogue } from '../../../api/types.ts';
import { count } from '../../../ui/format.ts';
import { attributes, titleOf } from './columns.ts';
import type { TableState } from './table-state.ts';

type Choice = { column: string; runs: number | null } | { heading: string };

/** All columns there could be, with the number of runs that have them; search, tick, pin. */
export function ColumnChooser({ table, catalogue }: { table: TableState; catalogue: Catalogue | undefined }) {
  const [search, setSearch] = useState('');
  const choices = useMemo(() => choicesOf(catalogue, search), [catalogue, search]);
  const found = choices.flatMap((choice) => ('column' in choice ? [choice.column] : []));
  const shown = new Set(table.columns);
  const toggle = (column: string) =>
    table.setColumns(
      shown.has(column) ? table.columns.filter((one) => one !== column) : [...table.columns, column],
    );
  return (
    <Popover position="bottom-start" width={340} trapFocus>
      <Popover.Target>
        <Button variant="default" leftSection={<IconColumns3 size={14} />}>
          Columns {table.columns.length}
        </Button>
      </Popover.Target>
      <Popover.Dropdown p={0}>
        <div style={{ padding: 8 }}>
          <TextInput
            placeholder="Search columns"
            aria-label="Search columns"
            leftSection={<IconSearch size={14} />}
            value={search}
            onChange={(event) => setSearch(event.currentTarget.value)}
            data-autofocus
          />
        </div>
        <Choices choices={choices} shown={shown} toggle={toggle} />
        <div className="row" style={{ padding: 8, borderTop: '1px solid var(--line)' }}>
          <Button
            variant="subtle"
            disabled={found.every((column) => shown.has(column))}
            onClick={() => table.setColumns([...new Set([...table.columns, ...found])].slice(0, 250))}
          >
            {search ? `Show the ${found.length} found` : 'Show all'}
          </Button>
          <Button
            variant="subtle"
            disabled={!found.some((column) => shown.has(column))}
            onClick={() => {
              const left = table.columns.filter((one) => !found.includes(one));
              table.setColumns(left.length > 0 ? left : ['start_time']);
            }}
          >
            Hide {search ? 'them' : 'all'}
          </Button>
          <span className="grow" />
          <Button variant="subtle" disabled={table.isDefault} onClick={() => table.setColumns(null)}>
            Reset
          </Button>
        </div>
        {catalogue && catalogue.counted < catalogue.runs ? (
          <div className="dim small" style={{ padding: '0 12px 8px' }}>
            Counted in {count(catalogue.counted)} of {count(catalogue.runs)} runs so far, the newest first.
          </div>
        ) : null}
      </Popover.Dropdown>
    </Popover>
  );
}

const ROW = 28;

function Choices({
  choices,
  shown,
  toggle,
}: {
  choices: Choice[];
  shown: Set<string>;
  toggle: (column: string) => void;
}) {
  const [scroller, setScroller] = useState<HTMLDivElement | null>(null);
  const virtual = useVirtualizer({
    count: choices.length,
    getScrollElement: () => scroller,
    estimateSize: () => ROW,
    overscan: 8,
  });
  return (
    <div ref={setScroller} style={{ height: 340, overflow: 'auto', borderTop: '1px solid var(--line)' }}>
      {choices.length === 0 ? (
        <div className="dim" style={{ padding: 12 }}>
          No column is called so.
        </div>
      ) : null}
      <div style={{ height: virtual.getTotalSize(), position: 'relative' }}>
        {virtual.getVirtualItems().map((item) => {
          const choice = choices[item.index];
          if (!choice) return null;
          const style = {
            position: 'absolute' as const,
            top: item.start,
            left: 0,
            right: 0,
            height: ROW,
            padding: '0 12px',
          };
          if ('heading' in choice) {
            return (
              <div key={choice.heading} className="row dim small" style={style}>
                {choice.heading}
              </div>
            );
          }
          return (
            <label key={choice.column} className="row" style={{ ...style, cursor: 'pointer' }}>
              <input
                type="checkbox"
                className="pick"
                checked={shown.has(choice.column)}
                onChange={() => toggle(choice.column)}
              />
              <span className="truncate grow" title={choice.column}>
                {titleOf(choice.column)}
              </span>
              {choice.runs === null ? null : <span className="faint small">{count(choice.runs)} runs</span>}
            </label>
          );
        })}
      </div>
    </div>
  );
}

function choicesOf(catalogue: Catalogue | undefined, search: string): Choice[] {
  const wanted = search.trim().toLowerCase();
  const matching = (name: string) => name.toLowerCase().includes(wanted);
  const part = (heading: string, columns: { column: string; runs: number | null }[]): Choice[] =>
    columns.length > 0 ? [{ heading: `${heading} ${columns.length}` }, ...columns] : [];
  const keys = (kind: 'metrics' | 'params' | 'tags') =>
    (catalogue?.[kind] ?? [])
      .filter(({ key }) => matching(key))
      .map(({ key, runs }) => ({ column: `${kind}.${key}`, runs }));
  return [
    ...part(
      'Attributes',
      Object.keys(attributes)
        .filter((column) => matching(titleOf(column)))
        .map((column) => ({ column, runs: null })),
    ),
    ...part('Metrics', keys('metrics')),
    ...part('Params', keys('params')),
    ...part('Tags', keys('tags')),
  ];
}
