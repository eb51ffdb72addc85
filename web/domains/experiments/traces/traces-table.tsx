import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { path } from '../../../api/client.ts';
import type { TraceSummary } from '../../../api/types.ts';
import { ageColumn } from '../../../ui/age-column.tsx';
import { type Column, DataTable } from '../../../ui/data-table.tsx';
import { count, group } from '../../../ui/format.ts';
import { StateBadge } from '../../../ui/state.tsx';
import { assessmentsText, ownTags, previewText, stateOf, tookText } from './trace-words.ts';

/** The page of a trace. */
export const tracePath = (id: string) => path`/experiments/traces/${id}`;

type TracesTableProps = {
  rows: TraceSummary[];
  picked: ReadonlySet<string>;
  setPicked: (picked: ReadonlySet<string>) => void;
  hasMore: boolean;
  more: () => void;
  open: (trace: TraceSummary) => void;
};

/** Rows of traces; the server orders them and gives the next when the end comes near. */
export function TracesTable({ rows, picked, setPicked, hasMore, more, open }: TracesTableProps) {
  const columns = useMemo(() => columnsOf(rows, picked, setPicked), [rows, picked, setPicked]);
  return (
    <DataTable
      name="traces"
      rows={rows}
      columns={columns}
      rowKey={({ id }) => id}
      onOpen={open}
      onEnd={more}
      height={Math.min(rows.length, 18) * 32 + 30 + (rows.length < 18 ? 12 : 0)}
      unfiltered
      tools={
        <span className="dim small">
          {hasMore ? 'More follow when you scroll to the end.' : 'All that match are here.'}
        </span>
      }
    />
  );
}

function columnsOf(
  rows: TraceSummary[],
  picked: ReadonlySet<string>,
  setPicked: (picked: ReadonlySet<string>) => void,
): Column<TraceSummary>[] {
  const toggle = (id: string) => {
    const next = new Set(picked);
    if (!next.delete(id)) next.add(id);
    setPicked(next);
  };
  const all = rows.length > 0 && rows.every(({ id }) => picked.has(id));
  const has = (found: (trace: TraceSummary) => unknown) => rows.some((trace) => found(trace));
  const columns: (Column<TraceSummary> | false)[] = [
    {
      key: 'id',
      title: (
        <input
          type="checkbox"
          className="pick"
          aria-label="Tick all that are loaded"
          checked={all}
          onChange={() => setPicked(new Set(all ? [] : rows.map(({ id }) => id)))}
        />
      ),
      value: ({ id }) => id,
      render: ({ id, name }) => (
        <input
          type="checkbox"
          className="pick"
          aria-label={`Tick ${name ?? id}`}
          checked={picked.has(id)}
          onClick={(event) => event.stopPropagation()}
          onChange={() => toggle(id)}
        />
      ),
      width: '44px',
    },
    {
      key: 'name',
      title: 'Name',
      value: ({ name }) => name,
      render: ({ id, name }) => (
        <Link
          to={tracePath(id)}
          className="traces-name"
          title={name ?? id}
          onClick={(event) => event.stopPropagation()}
        >
          {name || id}
        </Link>
      ),
      width: 'minmax(150px, 1.2fr)',
    },
    {
      key: 'state',
      title: 'State',
      value: ({ state }) => state,
      render: ({ state }) => <StateBadge state={stateOf(state)} bare />,
      width: '104px',
    },
    ageColumn('started', 'Started', ({ startedAt }) => startedAt),
    {
      key: 'durationMs',
      title: 'Duration',
      value: ({ durationMs }) => durationMs,
      render: ({ durationMs }) => tookText(durationMs),
      width: '88px',
      align: 'right',
    },
    {
      key: 'request',
      title: 'Request',
      value: ({ request }) => request,
      render: ({ request }) => <Preview text={request} />,
      width: 'minmax(140px, 1.6fr)',
    },
    {
      key: 'response',
      title: 'Response',
      value: ({ response }) => response,
      render: ({ response }) => <Preview text={response} />,
      width: 'minmax(140px, 1.6fr)',
    },
    {
      key: 'spans',
      title: 'Spans',
      value: ({ spans }) => spans,
      render: ({ spans }) => (spans === 0 ? <span className="faint">–</span> : count(spans)),
      width: '76px',
      align: 'right',
      spare: 2,
    },
    has(({ usage }) => usage.totalTokens !== null) && {
      key: 'tokens',
      title: 'Tokens',
      value: ({ usage }) => usage.totalTokens,
      render: ({ usage }) => <span title={group(usage.totalTokens)}>{count(usage.totalTokens)}</span>,
      width: '80px',
      align: 'right',
    },
    has(({ session }) => session !== null) && {
      key: 'session',
      title: 'Session',
      value: ({ session }) => session,
      width: '100px',
    },
    {
      key: 'tags',
      title: 'Tags',
      value: ({ tags }) =>
        ownTags(tags)
          .map(([key, value]) => `${key}: ${value}`)
          .join(', '),
      width: 'minmax(100px, 1fr)',
      spare: 1,
    },
    {
      key: 'assessments',
      title: 'Assessments',
      value: ({ assessments }) => assessmentsText(assessments),
      width: 'minmax(110px, 1fr)',
    },
  ];
  return columns
    .filter((column): column is Column<TraceSummary> => column !== false)
    .map((column) => ({ sortable: false, ...column }));
}

function Preview({ text }: { text: string | null }) {
  if (!text) return <span className="faint">–</span>;
  const line = previewText(text);
  return <span title={line.slice(0, 1000)}>{line.slice(0, 200)}</span>;
}
