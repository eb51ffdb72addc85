import { Button } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { ExperimentRunDetail, Related } from '../../api/types.ts';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { Tabs, useTab } from '../../ui/tabs.tsx';
import { ArtifactsPanel } from './artifacts/artifacts-panel.tsx';
import { MetricCharts } from './charts/metric-charts.tsx';
import { RunEdit } from './run-edit.tsx';
import { RunOverview } from './run-overview.tsx';
import { StageActions } from './runs-table/stage-actions.tsx';
import { TracesPanel } from './traces/traces-panel.tsx';

/** One tracked run: what it is and came from, its metrics over time, and what it left. */
export function ExperimentRunPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const target = path`/api/experiments/runs/${id}`;
  const [live, setLive] = useState(false);
  const run = useApi<ExperimentRunDetail>(target, live ? { every: 4_000 } : {});
  const related = useApi<Related>(`${target}/related`, live ? { every: 8_000 } : {});
  const found = run.data;
  if (found && live !== (found.status === 'running')) setLive(found.status === 'running');
  const keys = Object.keys(found?.metrics ?? {});
  const system = keys.filter((key) => key.startsWith('system/'));
  const files =
    (found?.artifacts.length ?? 0) +
    (related.data?.models.reduce((sum, model) => sum + model.files.length, 0) ?? 0);
  return (
    <Page
      of={run}
      title={found?.name || id}
      crumbs={[
        { label: 'Experiments', to: '/experiments' },
        ...(found
          ? [{ label: found.experiment, to: `/experiments/${encodeURIComponent(found.experiment)}` }]
          : []),
        ...(related.data?.parent
          ? [
              {
                label: related.data.parent.name,
                to: `/experiments/runs/${encodeURIComponent(related.data.parent.id)}`,
              },
            ]
          : []),
      ]}
      subject={`experiment-run:${id}`}
      state={found ? <StateBadge state={found.status} /> : undefined}
      actions={found && related.data ? <Actions run={found} stage={related.data.stage} /> : undefined}
      api={{ path: target }}
      tabs={
        <Tabs
          items={[
            { key: 'overview', label: 'Overview' },
            { key: 'metrics', label: 'Metrics', count: keys.length - system.length || undefined },
            ...(system.length > 0 ? [{ key: 'system', label: 'System metrics', count: system.length }] : []),
            { key: 'artifacts', label: 'Artifacts', count: files || undefined },
            { key: 'traces', label: 'Traces' },
          ]}
        />
      }
    >
      <Loaded query={run} height={400}>
        {(item) => (
          <Loaded query={related} height={400}>
            {(other) => <Content run={item} related={other} />}
          </Loaded>
        )}
      </Loaded>
    </Page>
  );
}

function Content({ run, related }: { run: ExperimentRunDetail; related: Related }) {
  const [tab] = useTab('overview');
  const keys = Object.keys(run.metrics).sort();
  const isSystem = (key: string) => key.startsWith('system/');
  const deleted =
    related.stage === 'deleted' ? (
      <Panel>
        <span className="row">
          <StateBadge state="stopped" word="deleted" /> This run is deleted: lists and searches leave it out.
        </span>
      </Panel>
    ) : null;
  if (tab === 'traces') return <TracesPanel experiment={run.experiment} run={run.id} />;
  if (tab === 'artifacts') {
    return <ArtifactsPanel run={run.id} artifacts={run.artifacts} models={related.models} />;
  }
  if (tab === 'metrics' || tab === 'system') {
    const metrics = keys.filter((key) => isSystem(key) === (tab === 'system'));
    return metrics.length === 0 ? (
      <Panel>
        <Empty title="No metric was logged" command={`mlflow.log_metric("loss", 0.25, step=1)`} />
      </Panel>
    ) : (
      <MetricCharts
        runs={[{ id: run.id, label: run.name || run.id, color: 0 }]}
        metrics={metrics}
        live={run.status === 'running'}
        span={6}
      />
    );
  }
  return (
    <>
      {deleted}
      <RunOverview run={run} related={related} />
    </>
  );
}

function Actions({ run, stage }: { run: ExperimentRunDetail; stage: Related['stage'] }) {
  const [edits, setEdits] = useState(false);
  return (
    <>
      {stage === 'active' ? (
        <>
          <Button
            variant="default"
            component={Link}
            to={`/experiments/${encodeURIComponent(run.experiment)}`}
            search={{ pick: run.id } as never}
          >
            Compare
          </Button>
          <Button variant="default" onClick={() => setEdits(true)}>
            Edit
          </Button>
          <RunEdit run={run} open={edits} close={() => setEdits(false)} />
        </>
      ) : null}
      <StageActions ids={[run.id]} stage={stage} name={run.name || run.id} />
    </>
  );
}
