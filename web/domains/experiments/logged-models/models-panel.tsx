import { useInfiniteQuery } from '@tanstack/react-query';
import { type ApiError, api } from '../../../api/client.ts';
import { CopyId } from '../../../ui/copy-id.tsx';
import { type Column, DataTable } from '../../../ui/data-table.tsx';
import { Empty, ErrorPanel, Skeleton } from '../../../ui/feedback.tsx';
import { ago, significant, utc } from '../../../ui/format.ts';
import { Panel } from '../../../ui/panel.tsx';
import { StateBadge } from '../../../ui/state.tsx';
import { SubjectLink } from '../../../ui/subject.tsx';

/** A logged model as MLflow's API gives it. */
type LoggedModel = {
  info: {
    model_id: string;
    name: string;
    creation_timestamp_ms: number;
    status: string;
    model_type?: string;
    source_run_id?: string;
  };
  data: {
    params?: { key: string; value: string }[];
    metrics?: { key: string; value: number }[];
  };
};
type LoggedModels = { models?: LoggedModel[]; next_page_token?: string };

/** The models that runs of an experiment logged, the newest first. */
export function LoggedModelsPanel({ experiment: id }: { experiment: number | undefined }) {
  const pages = useInfiniteQuery<LoggedModels, ApiError, { pages: LoggedModels[] }, unknown[], string>({
    queryKey: ['experiments', 'logged-models', id],
    queryFn: ({ signal, pageParam }) =>
      api.post<LoggedModels>(
        '/api/2.0/mlflow/logged-models/search',
        { experiment_ids: [String(id)], max_results: 50, ...(pageParam && { page_token: pageParam }) },
        undefined,
        signal,
      ),
    initialPageParam: '',
    getNextPageParam: (last) => last.next_page_token || undefined,
    enabled: id !== undefined,
  });
  const rows = (pages.data?.pages ?? []).flatMap(({ models }) => models ?? []);
  return (
    <Panel flush>
      {pages.isError ? (
        <ErrorPanel error={pages.error} retry={() => void pages.refetch()} />
      ) : pages.isPending ? (
        <Skeleton rows={8} />
      ) : (
        <DataTable
          name="logged-models"
          rows={rows}
          columns={columns}
          rowKey={({ info }) => info.model_id}
          onEnd={() =>
            pages.hasNextPage && !pages.isFetchingNextPage ? void pages.fetchNextPage() : undefined
          }
          unfiltered={pages.hasNextPage}
          empty={
            <Empty
              title="No model was logged in this experiment"
              command={`mlflow.sklearn.log_model(model, name="model", input_example=rows[:5])`}
            >
              A logged model keeps its files, params and metrics, and can be registered from there.
            </Empty>
          }
        />
      )}
    </Panel>
  );
}

const states: Record<string, [state: string, word: string]> = {
  LOGGED_MODEL_READY: ['succeeded', 'ready'],
  LOGGED_MODEL_PENDING: ['running', 'pending'],
  LOGGED_MODEL_UPLOAD_FAILED: ['failed', 'upload failed'],
};

const pairs = (list: { key: string; value: string | number }[] | undefined) =>
  (list ?? [])
    .map(({ key, value }) => `${key}: ${typeof value === 'number' ? significant(value, 4) : value}`)
    .join(', ');

const columns: Column<LoggedModel>[] = [
  {
    key: 'name',
    title: 'Name',
    value: ({ info }) => info.name,
    render: ({ info }) => <b>{info.name}</b>,
    width: 'minmax(120px, 1fr)',
  },
  {
    key: 'status',
    title: 'State',
    value: ({ info }) => info.status,
    render: ({ info }) => {
      const [state, word] = states[info.status] ?? ['no data', info.status];
      return <StateBadge state={state} word={word} bare />;
    },
    width: '124px',
  },
  { key: 'type', title: 'Type', value: ({ info }) => info.model_type, width: '110px' },
  {
    key: 'run',
    title: 'Run',
    value: ({ info }) => info.source_run_id,
    render: ({ info }) =>
      info.source_run_id ? <SubjectLink subject={`experiment-run:${info.source_run_id}`} /> : '–',
    width: '92px',
  },
  {
    key: 'metrics',
    title: 'Metrics',
    value: ({ data }) => pairs(data.metrics),
    width: 'minmax(140px, 1.6fr)',
  },
  {
    key: 'params',
    title: 'Params',
    value: ({ data }) => pairs(data.params),
    width: 'minmax(140px, 1.6fr)',
  },
  {
    key: 'id',
    title: 'Id',
    value: ({ info }) => info.model_id,
    render: ({ info }) => <CopyId id={info.model_id} show={`…${info.model_id.slice(-8)}`} />,
    width: '112px',
  },
  {
    key: 'created',
    title: 'Logged',
    value: ({ info }) => info.creation_timestamp_ms,
    render: ({ info }) => (
      <span title={`${utc(info.creation_timestamp_ms, 'second')} UTC`}>
        {ago(info.creation_timestamp_ms)}
      </span>
    ),
    width: '104px',
    align: 'right',
  },
];
