import { useParams } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { Catalogue, ExperimentDetail } from '../../api/types.ts';
import { ErrorPanel, Skeleton } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { Tabs, useTab } from '../../ui/tabs.tsx';
import { ChartsPanel } from './charts/charts-panel.tsx';
import { LoggedModelsPanel } from './logged-models/models-panel.tsx';
import { ReviewsPanel } from './reviews/reviews-panel.tsx';
import { RunsPanel } from './runs-table/runs-panel.tsx';
import { useTableState } from './runs-table/table-state.ts';
import { TracesPanel } from './traces/traces-panel.tsx';

/** The tab that an experiment opens on: the first that has something; empty until that is known. */
function firstTab(holds: ExperimentDetail['holds'] | undefined): string {
  if (!holds) return '';
  const order = ['runs', 'traces', 'models', 'reviews'] as const;
  return order.find((kind) => holds[kind]) ?? 'runs';
}

/** The runs of one experiment: as a table, and as charts. */
export function ExperimentPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const target = path`/api/experiments/${name}/columns`;
  const experiment = useApi<ExperimentDetail>(path`/api/experiments/${name}`, { keep: false });
  const first = firstTab(experiment.data?.holds);
  const [tab] = useTab(first);
  const columns = useApi<Catalogue>(target, { every: 20_000, keep: false });
  const isCounting = columns.data !== undefined && columns.data.counted < columns.data.runs;
  // A large experiment is counted in slices; each answer brings the next.
  useApi<Catalogue>(target, { every: 1_500, enabled: isCounting, keep: false });
  const table = useTableState(name, columns.data);
  return (
    <Page
      of={experiment}
      title={name}
      crumbs={[{ label: 'Experiments', to: '/experiments' }]}
      api={{
        path: `${path`/api/experiments/${name}`}/runs/window`,
        method: 'POST',
        body: JSON.stringify({ ...(table.filter && { filter: table.filter }), columns: [] }),
      }}
      tabs={
        <Tabs
          first={first}
          items={[
            { key: 'runs', label: 'Runs' },
            { key: 'charts', label: 'Charts', count: table.picked.length || undefined },
            { key: 'models', label: 'Logged models' },
            { key: 'traces', label: 'Traces' },
            { key: 'reviews', label: 'Reviews' },
          ]}
        />
      }
    >
      {experiment.data === undefined && tab === '' ? (
        <Skeleton height={480} />
      ) : tab === 'traces' ? (
        <TracesPanel experiment={name} />
      ) : tab === 'reviews' ? (
        <ReviewsPanel experiment={name} />
      ) : tab === 'models' ? (
        <LoggedModelsPanel experiment={experiment.data?.id} />
      ) : columns.isError ? (
        <ErrorPanel error={columns.error} retry={() => void columns.refetch()} />
      ) : columns.isPending && table.isDefault ? (
        <Skeleton height={480} />
      ) : tab === 'charts' ? (
        <ChartsPanel table={table} />
      ) : (
        <RunsPanel experiment={name} table={table} catalogue={columns.data} />
      )}
    </Page>
  );
}
