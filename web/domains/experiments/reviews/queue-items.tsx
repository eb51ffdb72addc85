import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useMemo } from 'react';
import { api, path } from '../../../api/client.ts';
import { useAct, useList } from '../../../api/hooks.ts';
import type { ReviewItem, Reviews } from '../../../api/types.ts';
import { type Column, DataTable } from '../../../ui/data-table.tsx';
import { Empty, Loaded } from '../../../ui/feedback.tsx';
import { ago, plural } from '../../../ui/format.ts';
import { Panel } from '../../../ui/panel.tsx';
import { StateBadge } from '../../../ui/state.tsx';
import { previewText } from '../traces/trace-words.ts';
import { tracePath } from '../traces/traces-table.tsx';

type Status = ReviewItem['status'];
type Change = { trace: string; status: Status };

/** The traces of a queue: read one, answer on its page, and say that it is done. */
export function QueueItems({ queue }: { queue: Reviews['queues'][number] }) {
  const target = path`/api/experiments/reviews/${queue.id}/items`;
  const items = useList<ReviewItem>(target, { every: 10_000 });
  const set = useAct(
    ({ trace, status }: Change) => api.put<unknown>(`${target}/${encodeURIComponent(trace)}`, { status }),
    { refresh: ['experiments'], quiet: true },
  );
  const { mutate } = set;
  const columns = useMemo(() => columnsOf((trace, status) => mutate({ trace, status })), [mutate]);
  return (
    <Panel title={queue.name} note={`${plural(queue.pending, 'trace')} to review`} flush>
      <Loaded query={items} rows={4}>
        {({ items: rows }) => (
          <DataTable
            name="reviews"
            rows={rows}
            columns={columns}
            rowKey={({ trace }) => trace}
            bare={rows.length < 12}
            empty={
              <Empty title="Nothing is in this queue">
                Add traces with add_items_to_review_queue; they are reviewed here and on their pages.
              </Empty>
            }
          />
        )}
      </Loaded>
    </Panel>
  );
}

const states: Record<Status, [state: string, word: string]> = {
  pending: ['pending', 'open'],
  complete: ['succeeded', 'done'],
  declined: ['paused', 'declined'],
};

function columnsOf(set: (trace: string, status: Status) => void): Column<ReviewItem>[] {
  return [
    {
      key: 'trace',
      title: 'Trace',
      value: ({ about, trace }) => about?.name ?? trace,
      render: ({ about, trace }) =>
        about ? (
          <Link to={tracePath(trace)} className="traces-name" title={trace}>
            {about.name || trace}
          </Link>
        ) : (
          <span className="dim" title="The server has no such trace">
            {trace}
          </span>
        ),
      width: 'minmax(130px, 0.8fr)',
    },
    {
      key: 'request',
      title: 'In',
      value: ({ about }) => previewText(about?.request ?? null),
      width: 'minmax(140px, 1.4fr)',
    },
    {
      key: 'response',
      title: 'Out',
      value: ({ about }) => previewText(about?.response ?? null),
      width: 'minmax(140px, 1.4fr)',
    },
    {
      key: 'answers',
      title: 'Answers',
      value: ({ about }) => about?.assessments ?? 0,
      width: '84px',
      align: 'right',
    },
    {
      key: 'status',
      title: 'State',
      value: ({ status }) => status,
      render: ({ status, completedBy, completedAt }) => {
        const [state, word] = states[status];
        return (
          <span title={completedBy && completedAt ? `${completedBy}, ${ago(completedAt)}` : undefined}>
            <StateBadge state={state} word={word} bare />
          </span>
        );
      },
      width: '104px',
    },
    {
      key: 'set',
      title: '',
      value: () => null,
      sortable: false,
      render: ({ trace, status }) =>
        status === 'pending' ? (
          <span className="row" style={{ gap: 6 }}>
            <Button size="compact-xs" variant="default" onClick={() => set(trace, 'complete')}>
              Done
            </Button>
            <Button size="compact-xs" variant="subtle" onClick={() => set(trace, 'declined')}>
              Decline
            </Button>
          </span>
        ) : (
          <Button size="compact-xs" variant="subtle" onClick={() => set(trace, 'pending')}>
            Open again
          </Button>
        ),
      width: '148px',
    },
  ];
}
