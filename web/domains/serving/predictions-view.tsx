import { useInfiniteQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { type ApiError, api, path } from '../../api/client.ts';
import type { Deployment, List, Prediction } from '../../api/types.ts';
import { type Column, DataTable, timeValue } from '../../ui/data-table.tsx';
import { Empty, ErrorPanel, Skeleton } from '../../ui/feedback.tsx';
import { brief, duration, metric, utc } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { EraseButton } from './erase-dialog.tsx';
import { PredictionDrawer } from './prediction-drawer.tsx';
import { PredictionFilters, usePredictionFilter } from './prediction-filters.tsx';
import './serving.css';

const PAGE = 100;

/** The recorded predictions, newest first; more come while scrolling. */
export function PredictionsView({ deployment }: { deployment: Deployment }) {
  const target = path`/api/serving/deployments/${deployment.name}/predictions`;
  const { query: filter, isSet } = usePredictionFilter();
  const [chosen, choose] = useUrlState('prediction');
  const pages = useInfiniteQuery<List<Prediction>, ApiError>({
    queryKey: ['serving', target, 'pages', filter],
    queryFn: ({ pageParam, signal }) =>
      api.get<List<Prediction>>(
        target,
        { ...filter, limit: PAGE, before: pageParam === '' ? undefined : String(pageParam) },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= 1 ? 4_000 : false),
  });
  const columns = useMemo(
    () => columnsOf(pages.data?.pages[0]?.items ?? [], deployment),
    [pages.data, deployment],
  );
  if (!pages.data)
    return (
      <Panel title="Recorded predictions" flush>
        <PredictionFilters deployment={deployment} />
        {pages.isError ? (
          <ErrorPanel error={pages.error} retry={() => void pages.refetch()} />
        ) : (
          <Skeleton height={420} />
        )}
      </Panel>
    );
  const seen = new Set<string>();
  const rows = pages.data.pages
    .flatMap((page) => page.items)
    .filter((row) => {
      if (seen.has(row.id)) return false;
      seen.add(row.id);
      return true;
    });
  return (
    <Panel
      title="Recorded predictions"
      note={`newest first, ${rows.length}${pages.hasNextPage ? ' so far: scroll for more' : ''}; outcomes arrive later by id`}
      flush
      actions={<EraseButton deployment={deployment} />}
    >
      <PredictionFilters deployment={deployment} />
      <DataTable
        name={`${deployment.name}-predictions`}
        rows={rows}
        columns={columns}
        rowKey={(row) => row.id}
        active={chosen || undefined}
        onOpen={(row) => choose(row.id)}
        height={Math.min(Math.max(440, window.innerHeight - 300), rows.length * 32 + 30)}
        onEnd={() => {
          if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
        }}
        empty={
          isSet ? (
            <Empty title="No record fits the filter">Clear it, or widen the time range.</Empty>
          ) : (
            <Empty
              title="Nothing has been asked yet"
              command={`curl -s ${window.location.origin}/v2/models/${deployment.name}`}
            >
              Every prediction is recorded with its inputs, features, version and latency. The tab Try it
              makes the first one.
            </Empty>
          )
        }
      />
      <PredictionDrawer id={chosen} known={rows.find((row) => row.id === chosen)} close={() => choose('')} />
    </Panel>
  );
}

/** A column for each input while they are few, else one for all of them. */
function columnsOf(rows: Prediction[], deployment: Deployment): Column<Prediction>[] {
  const names = new Set<string>();
  for (const { inputs, features } of rows.slice(0, 50)) {
    const from = inputs !== null && typeof inputs === 'object' && !Array.isArray(inputs) ? inputs : features;
    for (const [name, value] of Object.entries(from)) {
      // The time of the event has a column of its own.
      const isTime = typeof value === 'number' && value > 1e11;
      if (!isTime) names.add(name);
    }
  }
  const entity = (deployment.spec.entity as string[] | undefined) ?? [];
  const ordered = [...names].sort((a, b) => Number(entity.includes(b)) - Number(entity.includes(a)));
  const shown = ordered.slice(0, MOST_INPUTS);
  const inputs = shown.map(
    (name): Column<Prediction> => ({
      key: `in.${name}`,
      title: <span title={`input ${name}`}>{name}</span>,
      value: (row) => inputOf(row, name),
      render: (row) => inputText(row, name),
      width: 'minmax(76px, 1fr)',
    }),
  );
  const rest: Column<Prediction>[] =
    ordered.length > shown.length
      ? [{ key: 'inputs', title: 'All inputs', value: inputsText, width: 'minmax(140px, 2fr)' }]
      : [];
  const at = base.findIndex(({ key }) => key === 'score');
  return [...base.slice(0, at), ...inputs, ...rest, ...base.slice(at)];
}

function inputOf({ inputs, features }: Prediction, name: string): string | number | boolean | null {
  const from = inputs !== null && typeof inputs === 'object' && !Array.isArray(inputs) ? inputs : features;
  const value = (from as Record<string, unknown>)[name] ?? null;
  return value === null || typeof value === 'object' ? null : (value as string | number | boolean);
}

function inputText(row: Prediction, name: string) {
  const value = inputOf(row, name);
  if (value === null) return <span className="faint">–</span>;
  return typeof value === 'number' && value > 1e11 ? utc(value) : brief(value);
}

const MOST_INPUTS = 3;

const base: Column<Prediction>[] = [
  {
    key: 'time',
    title: 'Time (UTC)',
    value: (row) => timeValue(row.time),
    render: (row) => utc(row.time, 'second'),
    width: '164px',
  },
  {
    key: 'event',
    title: 'Event time (UTC)',
    value: (row) => timeValue(row.eventTime),
    render: (row) => utc(row.eventTime),
    width: '142px',
  },
  {
    key: 'id',
    title: 'Id',
    value: (row) => row.id,
    render: (row) => <code title={row.id}>{row.id.length > 14 ? `…${row.id.slice(-8)}` : row.id}</code>,
    width: 'minmax(92px, 1fr)',
  },
  {
    key: 'score',
    title: 'Score',
    value: (row) => row.score,
    render: (row) => <Score value={row.score} />,
    width: '118px',
    align: 'right',
  },
  {
    key: 'outcome',
    title: 'Outcome',
    value: (row) => row.label,
    render: (row) => <Outcome row={row} />,
    width: '84px',
  },
  {
    key: 'version',
    title: 'Version',
    value: (row) => row.version,
    render: (row) => (
      <span title={row.revision}>
        {row.version ?? '–'} {row.arm === 'champion' ? '' : <span className="tag">{row.arm}</span>}
      </span>
    ),
    width: '76px',
  },
  {
    key: 'latency',
    title: 'Latency',
    value: (row) => row.latencyMs,
    render: (row) => duration(row.latencyMs),
    width: '92px',
    align: 'right',
  },
];

/** The inputs of a row in one line: "ORD, LAX, 1 745"; times are left to their column. */
function inputsText(row: Prediction): string {
  const { inputs } = row;
  if (inputs === null || inputs === undefined) {
    const values = Object.values(row.features);
    return values.length === 0
      ? ''
      : values
          .slice(0, 6)
          .map((value) => brief(value))
          .join(', ');
  }
  if (typeof inputs !== 'object' || Array.isArray(inputs)) return brief(inputs);
  const event = timeValue(row.eventTime);
  return Object.values(inputs)
    .filter((value) => !(event !== undefined && timeValue(value as string | number) === event))
    .map((value) => brief(value))
    .join(', ');
}

export function Score({ value }: { value: number | null }) {
  if (value === null) return <span className="faint">–</span>;
  const share = value >= 0 && value <= 1 ? value : null;
  return (
    <span title={String(value)}>
      {metric(value)}
      {share === null ? null : (
        <span className="score-bar" aria-hidden="true">
          <i style={{ width: `${share * 100}%` }} />
        </span>
      )}
    </span>
  );
}

/** The outcome, once it is known; a failed request says why there is none. */
export function Outcome({ row }: { row: Prediction }) {
  if (row.error) {
    return (
      <span style={{ color: 'var(--bad)' }} title={row.error}>
        failed
      </span>
    );
  }
  if (row.erased) return <span className="faint">erased</span>;
  if (row.weight === 0) return <span className="faint">not sampled</span>;
  const reward = row.reward === null ? null : <span className="tag">reward {brief(row.reward)}</span>;
  if (row.label === null) return reward ?? <span className="faint">waiting</span>;
  return (
    <span>
      {row.label === 1 ? 'yes' : row.label === 0 ? 'no' : brief(row.label)} {reward}
    </span>
  );
}
