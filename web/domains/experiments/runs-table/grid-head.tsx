// biome-ignore-all lint/a11y/useSemanticElements: the head stands above rows that are absolutely placed
import { Menu } from '@mantine/core';
import { IconArrowDown, IconArrowUp, IconDotsVertical, IconPinned } from '@tabler/icons-react';
import { type DragEvent, type PointerEvent, useState } from 'react';
import { attributes, kindOf, sortable, titleOf } from './columns.ts';
import type { Place } from './grid-row.tsx';
import type { TableState } from './table-state.ts';

type HeadProps = { table: TableState; fixed: Place[]; places: Place[]; edge: number };

/** The names of the columns: click sorts, dragging moves, the edge resizes, the dots tell the rest. */
export function GridHead({ table, fixed, places, edge }: HeadProps) {
  return (
    <div role="row" tabIndex={-1} className="runs-head">
      <div className="runs-fixed" style={{ width: edge }}>
        <div role="columnheader" tabIndex={-1} className="runs-cell" style={{ left: 0, width: 36 }}>
          <span className="sr-only">Compare</span>
        </div>
        <div role="columnheader" tabIndex={-1} className="runs-cell" style={{ left: 36, width: 240 }}>
          <Sorter table={table} column="run_name" title="Run" />
        </div>
        {fixed.map((place) => (
          <Head key={place.column} table={table} place={place} />
        ))}
      </div>
      {places.map((place) => (
        <Head key={place.column} table={table} place={place} />
      ))}
    </div>
  );
}

const kindWords = { attributes: '', metrics: 'metric', params: 'param', tags: 'tag' };

function Head({ table, place: { column, start, width } }: { table: TableState; place: Place }) {
  const [over, setOver] = useState(false);
  const kind = kindOf(column);
  const isRight = kind === 'metrics' || attributes[column]?.right;
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const moved = event.dataTransfer.getData('text/plain');
    if (!table.columns.includes(moved) || moved === column) return;
    const others = table.columns.filter((one) => one !== moved);
    others.splice(
      others.indexOf(column) + (table.columns.indexOf(moved) < table.columns.indexOf(column) ? 1 : 0),
      0,
      moved,
    );
    table.setColumns(others);
  };
  const direction =
    table.sort === column ? 'ascending' : table.sort === `-${column}` ? 'descending' : undefined;
  return (
    <div
      role="columnheader"
      tabIndex={-1}
      aria-sort={direction}
      className={`runs-cell${isRight ? ' right' : ''}${over ? ' over' : ''}`}
      style={{ left: start, width }}
      draggable
      onDragStart={(event) => event.dataTransfer.setData('text/plain', column)}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <span className="runs-kind">
        {kindWords[kind]}
        {table.pinned.includes(column) ? <IconPinned size={10} /> : null}
      </span>
      <Sorter table={table} column={column} title={titleOf(column)} />
      <HeadMenu table={table} column={column} />
      <Edge table={table} column={column} width={width} />
    </div>
  );
}

function Sorter({ table, column, title }: { table: TableState; column: string; title: string }) {
  const isUp = table.sort === column;
  const isDown = table.sort === `-${column}`;
  if (column !== 'run_name' && !sortable(column)) return <span className="truncate runs-title">{title}</span>;
  return (
    <button
      type="button"
      className="runs-title"
      title={title}
      onClick={() => table.setSort(isDown ? column : isUp ? '' : `-${column}`)}
    >
      <span className="truncate">{title}</span>
      {isUp ? <IconArrowUp size={11} /> : null}
      {isDown ? <IconArrowDown size={11} /> : null}
    </button>
  );
}

function HeadMenu({ table, column }: { table: TableState; column: string }) {
  const kind = kindOf(column);
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <button type="button" className="runs-dots" aria-label={`Column ${titleOf(column)}`}>
          <IconDotsVertical size={12} />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => table.pin(column)}>
          {table.pinned.includes(column) ? 'Let it scroll' : 'Pin to the left'}
        </Menu.Item>
        {sortable(column) ? <Menu.Item onClick={() => table.setSort(column)}>Sort upwards</Menu.Item> : null}
        {sortable(column) ? (
          <Menu.Item onClick={() => table.setSort(`-${column}`)}>Sort downwards</Menu.Item>
        ) : null}
        {kind === 'params' || kind === 'tags' ? (
          <Menu.Item onClick={() => table.setGroup(column)}>Group by it</Menu.Item>
        ) : null}
        <Menu.Item onClick={() => table.setColumns(table.columns.filter((one) => one !== column))}>
          Hide
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

/** The right edge of a column; the width goes to the URL when it is let go. */
function Edge({ table, column, width }: { table: TableState; column: string; width: number }) {
  const grab = (event: PointerEvent<HTMLSpanElement>) => {
    event.preventDefault();
    event.stopPropagation();
    const from = event.clientX;
    const mark = event.currentTarget;
    mark.setPointerCapture(event.pointerId);
    const move = (moved: globalThis.PointerEvent) => {
      mark.style.transform = `translateX(${Math.max(48 - width, moved.clientX - from)}px)`;
    };
    const end = (ended: globalThis.PointerEvent) => {
      mark.removeEventListener('pointermove', move);
      mark.removeEventListener('pointerup', end);
      mark.style.transform = '';
      if (ended.clientX !== from) table.resize(column, width + ended.clientX - from);
    };
    mark.addEventListener('pointermove', move);
    mark.addEventListener('pointerup', end);
  };
  return (
    <span
      className="runs-edge"
      aria-hidden="true"
      draggable
      onDragStart={(event) => {
        event.preventDefault();
        event.stopPropagation();
      }}
      onPointerDown={grab}
    />
  );
}
