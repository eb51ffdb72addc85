import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type ApiError, api } from '../../api/client.ts';
import type { Curve, ExperimentRunDetail, MetricValue, Related } from '../../api/types.ts';
import { JsonBlock } from '../../ui/code-block.tsx';
import { CopyId } from '../../ui/copy-id.tsx';
import { duration, toMs, utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Markdown } from '../../ui/markdown.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { useUrlPatch } from '../../ui/url-state.ts';
import { useSeen } from './charts/use-seen.ts';
import { metricText } from './metric-text.ts';
import { DESCRIPTION } from './run-edit.tsx';
import { RunRelations } from './run-relations.tsx';

/** What a run is, measured, was given, came from and left. */
export function RunOverview({ run, related }: { run: ExperimentRunDetail; related: Related }) {
  const description = run.tags[DESCRIPTION];
  const tags = Object.entries(run.tags).filter(([key]) => !key.startsWith('mlflow.'));
  const client = Object.entries(run.tags).filter(([key]) => key.startsWith('mlflow.') && key !== DESCRIPTION);
  const metrics = Object.entries(run.metrics)
    .filter(([key]) => !key.startsWith('system/'))
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return (
    <>
      {description ? (
        <Panel title="Description">
          <Markdown text={description} />
        </Panel>
      ) : null}
      <Panel
        title="Metrics"
        note="the last value of each; the curve over its steps where it has several"
        span={6}
        flush
        data={{ name: `${run.id}-metrics`, rows: metrics.map(([metric, value]) => ({ metric, value })) }}
      >
        <Metrics run={run.id} metrics={metrics} />
      </Panel>
      <Panel
        title="Params"
        span={6}
        flush
        data={{
          name: `${run.id}-params`,
          rows: Object.entries(run.params).map(([param, value]) => ({ param, value })),
        }}
      >
        <Pairs pairs={Object.entries(run.params)} none="No param was logged." />
      </Panel>
      <Panel title="Run" span={6}>
        <KeyValue items={facts(run, related)} />
      </Panel>
      <Panel title="Tags" span={6} flush>
        <Pairs pairs={tags} none="No tag was set." />
      </Panel>
      <RunRelations run={run} related={related} />
      {client.length > 0 ? (
        <Panel title="Notes of the client" note="tags that the tracking client set itself" span={12} flush>
          <Pairs pairs={client} none="" />
        </Panel>
      ) : null}
      {Object.keys(run.environment).length > 0 ? (
        <Panel title="Environment" note="what it ran on">
          <JsonBlock value={run.environment} />
        </Panel>
      ) : null}
    </>
  );
}

function facts(run: ExperimentRunDetail, related: Related): [string, ReactNode | undefined][] {
  const commit = run.tags['mlflow.source.git.commit'];
  const source = run.tags['mlflow.source.name'];
  return [
    ['Id', <CopyId key="i" id={run.id} />],
    ['State', <StateBadge key="s" state={run.status} bare />],
    ['Started', `${utc(run.startedAt, 'second')} UTC`],
    ['Ended', run.endedAt ? `${utc(run.endedAt, 'second')} UTC` : undefined],
    ['Took', run.endedAt ? duration((toMs(run.endedAt) ?? 0) - (toMs(run.startedAt) ?? 0)) : undefined],
    ['By', related.user],
    ['Source', source],
    ['Commit', commit ? <CopyId key="c" id={commit} show={commit.slice(0, 12)} /> : undefined],
    [
      'Parent',
      related.parent ? (
        <Link key="p" to={`/experiments/runs/${encodeURIComponent(related.parent.id)}`}>
          {related.parent.name}
        </Link>
      ) : undefined,
    ],
    ...run.inputs.map<[string, ReactNode]>((input) => [
      `Input: ${input.role}`,
      <SubjectLink key={input.subject} subject={input.subject} kind />,
    ]),
  ];
}

function Nothing({ children }: { children: ReactNode }) {
  return (
    <div className="dim" style={{ padding: 12 }}>
      {children}
    </div>
  );
}

function Metrics({ run, metrics }: { run: string; metrics: [string, MetricValue][] }) {
  const [, patch] = useUrlPatch();
  if (metrics.length === 0) return <Nothing>No metric was logged.</Nothing>;
  return (
    <div style={{ maxHeight: 420, overflow: 'auto' }}>
      <table className="plain-table" style={{ tableLayout: 'fixed' }}>
        <tbody>
          {metrics.map(([key, value]) => (
            <tr key={key}>
              <td>
                <button
                  type="button"
                  className="grid-sort name"
                  style={{ fontWeight: 400 }}
                  title={`${key}: show its curve`}
                  onClick={() => patch({ tab: 'metrics', metric: key })}
                >
                  {key}
                </button>
              </td>
              <td className="right" style={{ width: 104, padding: 0 }}>
                <Way run={run} metric={key} />
              </td>
              <td className="right" title={String(value)} style={{ width: 108 }}>
                {metricText(value)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The way of a metric over its steps; nothing for one that was logged once. */
function Way({ run, metric }: { run: string; metric: string }) {
  const [place, seen] = useSeen<HTMLSpanElement>();
  const body = { runs: [run], key: metric };
  const query = useQuery<{ curves: Curve[] }, ApiError>({
    queryKey: ['experiments', 'curves', body],
    queryFn: ({ signal }) =>
      api.post<{ curves: Curve[] }>('/api/experiments/metrics/curves', body, undefined, signal),
    enabled: seen,
    staleTime: 30_000,
  });
  const [curve] = query.data?.curves ?? [];
  const label = curve ? `${metric} over ${curve.count} points` : metric;
  return (
    <span ref={place} title={label} style={{ display: 'inline-block', minWidth: 1, minHeight: 1 }}>
      {curve && curve.values.length > 1 ? (
        <Sparkline values={curve.values} width={100} label={label} />
      ) : null}
    </span>
  );
}

function Pairs({ pairs, none }: { pairs: [string, string][]; none: string }) {
  if (pairs.length === 0) return <Nothing>{none}</Nothing>;
  return (
    <div style={{ maxHeight: 420, overflow: 'auto' }}>
      <table className="plain-table">
        <tbody>
          {pairs.map(([key, value]) => (
            <tr key={key}>
              <td style={{ width: '38%' }}>
                <span className="name" style={{ fontWeight: 400 }} title={key}>
                  {key}
                </span>
              </td>
              <td title={value} style={{ overflowWrap: 'anywhere' }}>
                {value.length > 300 ? `${value.slice(0, 300)}…` : value}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
