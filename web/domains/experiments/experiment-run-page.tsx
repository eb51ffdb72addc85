import { useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { path, withQuery } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { Artifact, ExperimentRunDetail, List, MetricValue } from '../../api/types.ts';
import { JsonBlock } from '../../ui/code-block.tsx';
import { CopyId, Digest } from '../../ui/copy-id.tsx';
import { Loaded } from '../../ui/feedback.tsx';
import { bytes, duration, toMs, utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Sparkline } from '../../ui/sparkline.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { metricText } from './experiment-page.tsx';

/** One tracked run: its metrics, params, what it was made from and what it made. */
export function ExperimentRunPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const target = path`/api/experiments/runs/${id}`;
  const run = useApi<ExperimentRunDetail>(target);
  const found = run.data;
  return (
    <Page
      title={found?.name || id}
      crumbs={[
        { label: 'Experiments', to: '/experiments' },
        ...(found
          ? [{ label: found.experiment, to: `/experiments/${encodeURIComponent(found.experiment)}` }]
          : []),
      ]}
      subject={`experiment-run:${id}`}
      state={found ? <StateBadge state={found.status} /> : undefined}
      api={{ path: target }}
    >
      <Loaded query={run} height={400}>
        {(item) => (
          <>
            <Panel
              title="Metrics"
              note="the last value of each; the curve over its steps where it has several"
              span={6}
              flush
              data={{
                name: `${id}-metrics`,
                rows: Object.entries(item.metrics).map(([metric, value]) => ({ metric, value })),
              }}
            >
              <Metrics run={item} />
            </Panel>
            <Panel
              title="Params"
              span={6}
              flush
              data={{
                name: `${id}-params`,
                rows: Object.entries(item.params).map(([param, value]) => ({ param, value })),
              }}
            >
              <Pairs
                pairs={Object.entries(item.params).map(([key, value]) => [key, value, value])}
                none="No param was logged."
              />
            </Panel>
            <Panel title="Run" span={6}>
              <KeyValue
                items={[
                  ['Id', <CopyId key="i" id={item.id} />],
                  ['Started', `${utc(item.startedAt, 'second')} UTC`],
                  [
                    'Took',
                    item.endedAt
                      ? duration((toMs(item.endedAt) ?? 0) - (toMs(item.startedAt) ?? 0))
                      : undefined,
                  ],
                  ['By', item.actor],
                  [
                    'Parent',
                    item.parent ? (
                      <SubjectLink key="p" subject={`experiment-run:${item.parent}`} />
                    ) : undefined,
                  ],
                  ...item.inputs.map<[string, ReactNode]>((input) => [
                    `Input: ${input.role}`,
                    <SubjectLink key={input.subject} subject={input.subject} kind />,
                  ]),
                  ...Object.entries(item.tags),
                ]}
              />
            </Panel>
            <Panel title="Artifacts" span={6} flush>
              <Artifacts run={id} artifacts={item.artifacts} />
            </Panel>
            {Object.keys(item.environment).length > 0 ? (
              <Panel title="Environment" note="what it ran on">
                <JsonBlock value={item.environment} />
              </Panel>
            ) : null}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Metrics({ run }: { run: ExperimentRunDetail }) {
  const entries = Object.entries(run.metrics);
  if (entries.length === 0) {
    return (
      <div className="dim" style={{ padding: 12 }}>
        No metric was logged.
      </div>
    );
  }
  return (
    <table className="plain-table">
      <tbody>
        {entries.map(([key, value]) => (
          <tr key={key}>
            <td>{key}</td>
            <td className="right">
              <Curve run={run.id} metric={key} />
            </td>
            <td className="right" title={String(value)} style={{ width: 100 }}>
              {metricText(value)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** The way of a metric over its steps; nothing for one that was logged once. */
function Curve({ run, metric }: { run: string; metric: string }) {
  const history = useApi<List<{ step: number; value: MetricValue }>>(
    path`/api/experiments/runs/${run}/metrics`,
    {
      query: { key: metric, limit: 1000 },
    },
  );
  const points = history.data?.items ?? [];
  if (points.length < 2) return null;
  const values = points.map((point) => (typeof point.value === 'number' ? point.value : null));
  const label = `${metric} over ${points.length} steps, from ${metricText(points[0]?.value)} to ${metricText(points.at(-1)?.value)}`;
  return (
    <span title={label}>
      <Sparkline values={values} width={150} label={label} />
    </span>
  );
}

function Pairs({ pairs, none }: { pairs: [string, string, string][]; none: string }) {
  if (pairs.length === 0) {
    return (
      <div className="dim" style={{ padding: 12 }}>
        {none}
      </div>
    );
  }
  return (
    <div style={{ maxHeight: 420, overflow: 'auto' }}>
      <table className="plain-table">
        <tbody>
          {pairs.map(([key, value, exact]) => (
            <tr key={key}>
              <td>
                <span className="name" style={{ fontWeight: 400 }} title={key}>
                  {key}
                </span>
              </td>
              <td title={exact} style={{ overflowWrap: 'anywhere' }}>
                {value}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Artifacts({ run, artifacts }: { run: string; artifacts: Artifact[] }) {
  if (artifacts.length === 0) {
    return (
      <div className="dim" style={{ padding: 12 }}>
        The run left no file.
      </div>
    );
  }
  return (
    <table className="plain-table">
      <thead>
        <tr>
          <th>File</th>
          <th className="right">Size</th>
          <th>Digest</th>
        </tr>
      </thead>
      <tbody>
        {artifacts.map((artifact) => (
          <tr key={artifact.path}>
            <td>
              <a
                href={withQuery(path`/api/experiments/runs/${run}/artifact`, { path: artifact.path })}
                download={artifact.path}
              >
                {artifact.path}
              </a>
            </td>
            <td className="right">{bytes(artifact.size)}</td>
            <td>
              <Digest digest={artifact.digest} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
