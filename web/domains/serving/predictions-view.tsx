import { useInfiniteQuery } from '@tanstack/react-query';
import { type ApiError, api, path } from '../../api/client.ts';
import type { Deployment, List, Prediction } from '../../api/types.ts';
import { type Column, DataTable, timeValue } from '../../ui/data-table.tsx';
import { Empty, ErrorPanel, Skeleton } from '../../ui/feedback.tsx';
import { brief, duration, metric, utc } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { PredictionDrawer } from './prediction-drawer.tsx';
import './serving.css';

const PAGE = 100;

/** The recorded predictions, newest first; more come while scrolling. */
export function PredictionsView({ deployment }: { deployment: Deployment }) {
  const target = path`/api/serving/deployments/${deployment.name}/predictions`;
  const [chosen, choose] = useUrlState('prediction');
  const pages = useInfiniteQuery<List<Prediction>, ApiError>({
    queryKey: ['serving', target, 'pages'],
    queryFn: ({ pageParam, signal }) =>
      api.get<List<Prediction>>(
        target,
        { limit: PAGE, before: pageParam === '' ? undefined : String(pageParam) },
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next ?? undefined,
    refetchInterval: (query) => ((query.state.data?.pages.length ?? 0) <= 1 ? 4_000 : false),
  });
  if (pages.isError && !pages.data)
    return <ErrorPanel error={pages.error} retry={() => void pages.refetch()} />;
  if (!pages.data) return <Skeleton height={420} />;
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
    >
      <DataTable
        name={`${deployment.name}-predictions`}
        rows={rows}
        columns={columns}
        rowKey={(row) => row.id}
        active={chosen || undefined}
        onOpen={(row) => choose(row.id)}
        height={Math.min(Math.max(480, window.innerHeight - 250), rows.length * 32 + 30)}
        onEnd={() => {
          if (pages.hasNextPage && !pages.isFetchingNextPage) void pages.fetchNextPage();
        }}
        empty={
          <Empty
            title="Nothing has been asked yet"
            command={`curl -s ${window.location.origin}/v2/models/${deployment.name}`}
          >
            Every prediction is recorded with its inputs, features, version and latency. The tab Try it makes
            the first one.
          </Empty>
        }
      />
      <PredictionDrawer id={chosen} known={rows.find((row) => row.id === chosen)} close={() => choose('')} />
    </Panel>
  );
}

const columns: Column<Prediction>[] = [
  {
    key: 'time',
    title: 'Time (UTC)',
    value: (row) => timeValue(row.time),
    render: (row) => utc(row.time, 'second'),
    width: '168px',
  },
  {
    key: 'event',
    title: 'Event time (UTC)',
    value: (row) => timeValue(row.eventTime),
    render: (row) => utc(row.eventTime),
    width: '146px',
  },
  {
    key: 'id',
    title: 'Id',
    value: (row) => row.id,
    render: (row) => <code title={row.id}>{row.id.length > 14 ? `…${row.id.slice(-12)}` : row.id}</code>,
    width: 'minmax(120px, 1fr)',
  },
  {
    key: 'inputs',
    title: 'Inputs',
    value: (row) => inputsText(row),
    width: 'minmax(140px, 2.4fr)',
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
    width: '80px',
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
    width: '116px',
  },
  {
    key: 'latency',
    title: 'Latency',
    value: (row) => row.latencyMs,
    render: (row) => duration(row.latencyMs),
    width: '80px',
    align: 'right',
  },
];

/** The inputs of a row in one line: "ORD, LAX, 1 745"; times are left to their column. */
export function inputsText(row: Prediction): string {
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
  if (row.label === null) return <span className="faint">waiting</span>;
  return <span>{row.label === 1 ? 'yes' : row.label === 0 ? 'no' : brief(row.label)}</span>;
}
