import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ApiError, api } from '../../../api/client.ts';
import type { ExperimentRunDetail, List } from '../../../api/types.ts';
import { Empty, Loaded } from '../../../ui/feedback.tsx';
import { Panel } from '../../../ui/panel.tsx';
import { useRunRows } from '../runs-table/rows.ts';
import type { TableState } from '../runs-table/table-state.ts';
import { MetricCharts } from './metric-charts.tsx';
import { RelationPanel } from './relation-panel.tsx';

const MOST = 100;
const FIRST = 10;

/** Reads runs whole; they are looked at again while one of them goes on. */
export function useRuns(ids: string[]) {
  return useQuery<List<ExperimentRunDetail>, ApiError>({
    queryKey: ['experiments', '/api/experiments/runs/read', ids],
    queryFn: ({ signal }) =>
      api.post<List<ExperimentRunDetail>>('/api/experiments/runs/read', { ids }, undefined, signal),
    enabled: ids.length > 0,
    refetchInterval: (query) =>
      query.state.data?.items.some((run) => run.status === 'running') ? 8_000 : false,
  });
}

/** The metrics of the ticked runs as charts; without ticks of the first runs of the table. */
export function ChartsPanel({ table }: { table: TableState }) {
  const { rows, state } = useRunRows(table.question);
  const first = Array.from({ length: FIRST }, (_, at) => rows.row(at)?.id ?? '').filter(Boolean);
  const ids = table.picked.length > 0 ? table.picked.slice(0, MOST) : first;
  const runs = useRuns(ids);
  if (ids.length === 0) {
    return state.total === null ? null : (
      <Panel>
        <Empty title="No run to draw">Runs that match the filter of the table are drawn here.</Empty>
      </Panel>
    );
  }
  return (
    <>
      {table.picked.length === 0 && (state.total ?? 0) > FIRST ? (
        <Panel>
          <span className="dim">
            The first {first.length} runs of the table are drawn. Tick others there, up to {MOST}.
          </span>{' '}
          <Button variant="subtle" onClick={() => table.setPicked(firstOf(rows, MOST))}>
            Draw the first {Math.min(MOST, state.total ?? 0)}
          </Button>
        </Panel>
      ) : null}
      <Loaded query={runs} height={400}>
        {(list) => <RunCharts runs={list.items} />}
      </Loaded>
    </>
  );
}

function firstOf(rows: ReturnType<typeof useRunRows>['rows'], most: number): string[] {
  return Array.from({ length: most }, (_, at) => rows.row(at)?.id ?? '').filter(Boolean);
}

/** Charts of runs that are read: how params go with a metric, then a chart for each metric. */
export function RunCharts({ runs }: { runs: ExperimentRunDetail[] }) {
  const metrics = [...new Set(runs.flatMap((run) => Object.keys(run.metrics)))].filter(
    (key) => !key.startsWith('system/'),
  );
  return (
    <>
      <RelationPanel runs={runs} />
      <MetricCharts
        runs={runs.map((run, color) => ({ id: run.id, label: run.name || run.id, color }))}
        metrics={metrics}
        live={runs.some((run) => run.status === 'running')}
      />
    </>
  );
}
