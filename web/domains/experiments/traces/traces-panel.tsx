import { Button, Select, Switch } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Empty, ErrorPanel, Skeleton } from '../../../ui/feedback.tsx';
import { Panel } from '../../../ui/panel.tsx';
import { TimeRange, useTimeRange } from '../../../ui/time-range.tsx';
import { useUrlPatch, useUrlState } from '../../../ui/url-state.ts';
import { DeleteTraces } from './delete-traces.tsx';
import { TeachTracing } from './teach-tracing.tsx';
import { TraceFilter } from './trace-filter.tsx';
import { joined, rangeClauses } from './trace-words.ts';
import './traces.css';
import { TracesTable, tracePath } from './traces-table.tsx';
import { useTraces } from './use-traces.ts';

const orders = [
  { value: '', label: 'Newest first' },
  { value: 'timestamp_ms ASC', label: 'Oldest first' },
  { value: 'execution_time_ms DESC', label: 'Slowest first' },
];

/** The page's range as it was when it was chosen: were "the last hour" to move on, the list would start anew. */
function useFixedRange() {
  const range = useTimeRange();
  const [kept, keep] = useState(range);
  const isSame =
    kept.word === range.word &&
    (range.word !== 'custom' || (kept.from === range.from && kept.to === range.to));
  if (!isSame) keep(range);
  return isSame ? kept : range;
}

/** The traces of an experiment; of one run of it when `run` is given. */
export function TracesPanel({ experiment, run }: { experiment: string; run?: string }) {
  const navigate = useNavigate();
  const [search, patch] = useUrlPatch();
  const [filter, setFilter] = useUrlState('traces');
  const range = useFixedRange();
  const live = search.live !== 'off';
  const orderBy = search.torder ?? '';
  const question = joined(
    filter,
    ...rangeClauses(range.from, range.to),
    run === undefined ? '' : `run_id = '${run}'`,
  );
  const { pages, rows, again } = useTraces({ experiment, filter: question, orderBy }, live);
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const chosen = rows.filter(({ id }) => picked.has(id)).map(({ id }) => id);
  const isNarrowed = filter !== '' || range.word !== 'all';
  const invalid = pages.error?.code === 'experiments.search.invalid' && filter !== '';
  if (pages.isSuccess && !pages.isPlaceholderData && rows.length === 0 && !isNarrowed) {
    return (
      <Panel>
        <TeachTracing experiment={experiment} {...(run === undefined ? {} : { run })} />
      </Panel>
    );
  }
  return (
    <Panel flush>
      <div className="table-tools traces-tools">
        <TraceFilter
          value={filter}
          error={pages.error}
          apply={(next) => (next === filter ? void again() : setFilter(next))}
        />
        <TimeRange />
        <Select
          aria-label="Order"
          data={orders}
          value={orderBy}
          onChange={(value) => patch({ torder: value || undefined })}
          allowDeselect={false}
          w={136}
        />
        <Switch
          label="Live"
          checked={live}
          onChange={(event) => patch({ live: event.currentTarget.checked ? undefined : 'off' })}
        />
        <DeleteTraces
          experiment={experiment}
          ids={chosen}
          after={() => {
            setPicked(new Set());
            void again();
          }}
        />
      </div>
      {pages.isError ? (
        invalid ? (
          <div className="dim traces-note">The traces show again once the filter can be read.</div>
        ) : (
          <div className="traces-note">
            <ErrorPanel error={pages.error} retry={() => void pages.refetch()} />
          </div>
        )
      ) : pages.isPending ? (
        <Skeleton rows={12} />
      ) : rows.length === 0 ? (
        <Empty title="No trace matches">
          <Button
            variant="default"
            onClick={() => patch({ traces: undefined, range: undefined, from: undefined, to: undefined })}
          >
            Clear filter and time range
          </Button>
        </Empty>
      ) : (
        <TracesTable
          rows={rows}
          picked={picked}
          setPicked={setPicked}
          hasMore={pages.hasNextPage}
          more={() =>
            pages.hasNextPage && !pages.isFetchingNextPage ? void pages.fetchNextPage() : undefined
          }
          open={(trace) => void navigate({ to: tracePath(trace.id) })}
        />
      )}
    </Panel>
  );
}
