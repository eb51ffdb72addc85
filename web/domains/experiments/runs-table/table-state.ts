import { useMemo } from 'react';
import type { Catalogue } from '../../../api/types.ts';
import { useUrlPatch } from '../../../ui/url-state.ts';
import { defaultColumns, listOf, orderOf, widthOf, widthsOf, widthsText } from './columns.ts';
import type { Question } from './rows.ts';

export type TableState = {
  question: Question;
  filter: string;
  /** "-metrics.auc" sorts downwards; empty is the newest first. */
  sort: string;
  columns: string[];
  /** Columns that stay in sight, left of the others. */
  pinned: string[];
  widths: Record<string, number>;
  isDefault: boolean;
  group: string;
  picked: string[];
  setFilter: (filter: string) => void;
  setSort: (sort: string) => void;
  setColumns: (columns: string[] | null) => void;
  pin: (column: string) => void;
  resize: (column: string, width: number) => void;
  setGroup: (group: string) => void;
  setStage: (stage: 'active' | 'deleted') => void;
  setNested: (nested: boolean) => void;
  toggleOpen: (id: string) => void;
  setPicked: (ids: string[]) => void;
};

/** Everything of the table that a link keeps: filter, order, columns, pins, widths, group, picks. */
export function useTableState(experiment: string, catalogue: Catalogue | undefined): TableState {
  const [search, patch] = useUrlPatch();
  const text = (key: string) => search[key] ?? '';
  const sort = text('sort');
  const filter = text('q');
  const chosen = text('cols');
  const columns = useMemo(() => (chosen ? listOf(chosen) : defaultColumns(catalogue)), [chosen, catalogue]);
  const widths = widthsOf(text('widths'));
  const pinned = listOf(text('pin')).filter((column) => columns.includes(column));
  const open = listOf(text('open'));
  const question: Question = {
    experiment,
    filter,
    order: orderOf(sort),
    stage: text('stage') === 'deleted' ? 'deleted' : 'active',
    nested: text('nested') === 'yes',
    open,
  };
  const set = (key: string, value: string) => patch({ [key]: value || undefined });
  return {
    question,
    filter,
    sort,
    columns,
    pinned,
    widths,
    isDefault: chosen === '',
    group: text('group'),
    picked: listOf(text('pick')),
    setFilter: (next) => set('q', next),
    setSort: (next) => set('sort', next),
    setColumns: (next) =>
      patch({ cols: next?.join(',') || undefined, ...(next === null && { pin: undefined }) }),
    pin: (column) =>
      patch({
        cols: columns.join(','),
        pin:
          (pinned.includes(column) ? pinned.filter((one) => one !== column) : [...pinned, column]).join(
            ',',
          ) || undefined,
      }),
    resize: (column, width) => {
      const next = { ...widths, [column]: Math.min(1200, Math.max(48, width)) };
      if (Math.round(next[column] ?? 0) === widthOf(column)) delete next[column];
      set('widths', widthsText(next));
    },
    setGroup: (next) => set('group', next),
    setStage: (next) => patch({ stage: next === 'deleted' ? next : undefined, pick: undefined }),
    setNested: (next) => patch({ nested: next ? 'yes' : undefined, open: undefined }),
    toggleOpen: (id) =>
      set('open', (open.includes(id) ? open.filter((one) => one !== id) : [...open, id]).join(',')),
    setPicked: (ids) => set('pick', ids.join(',')),
  };
}
