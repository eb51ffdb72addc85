import { Switch } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ExperimentRunDetail, MetricValue } from '../../api/types.ts';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { MISSING, utc } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { signed } from '../../ui/signed.ts';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { useUrlState } from '../../ui/url-state.ts';
import { RunCharts, useRuns } from './charts/charts-panel.tsx';
import './compare.css';
import { differences, type FeatureDifference, featureDifference, type Line, summary } from './difference.ts';
import { metricText } from './metric-text.ts';

const MOST = 100;

/** Runs side by side, what differs first; the runs stand in the URL. */
export function CompareRunsPage() {
  const [text] = useUrlState('runs');
  const ids = [...new Set(text.split(',').filter(Boolean))].slice(0, MOST);
  const query = useRuns(ids);
  const runs = query.data?.items ?? [];
  const experiments = [...new Set(runs.map((run) => run.experiment))];
  return (
    <Page
      title={ids.length < 2 ? 'Compare runs' : `${ids.length} runs compared`}
      crumbs={[
        { label: 'Experiments', to: '/experiments' },
        ...experiments.map((name) => ({ label: name, to: `/experiments/${encodeURIComponent(name)}` })),
      ]}
      api={{ path: `/api/experiments/runs/${ids[0] ?? 'ID'}` }}
    >
      {ids.length < 2 ? (
        <Panel>
          <Empty title="Choose two runs or more">
            Tick them in the table of an experiment; their addresses then stand in this page's URL.
          </Empty>
        </Panel>
      ) : null}
      {ids.length >= 2 ? (
        <Loaded query={query} height={420}>
          {(list) => <Comparison runs={list.items} />}
        </Loaded>
      ) : null}
    </Page>
  );
}

function Comparison({ runs }: { runs: ExperimentRunDetail[] }) {
  const [same, setSame] = useUrlState('same');
  const found = differences(runs);
  const features = featureDifference(runs);
  const shown = same === 'yes' ? found : found.filter((line) => line.differs);
  return (
    <>
      <Panel
        title="Differences"
        note={`${summary(found, features)}; numbers against the first run`}
        actions={
          <Switch
            size="xs"
            label="also what is the same"
            style={{ whiteSpace: 'nowrap' }}
            checked={same === 'yes'}
            onChange={(event) => setSame(event.currentTarget.checked ? 'yes' : '')}
          />
        }
        data={{ name: 'runs-compared', rows: found.map((line) => exported(line, runs)) }}
        flush
      >
        <div style={{ overflowX: 'auto' }}>
          <table className="plain-table compare-table">
            <thead>
              <tr>
                <th style={{ width: 96 }}>Kind</th>
                <th>Name</th>
                {runs.map((run, at) => (
                  <th key={run.id} className="right">
                    <RunHead run={run} at={at} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {shown.map((line) => (
                <DifferenceRow key={`${line.kind} ${line.key}`} line={line} />
              ))}
            </tbody>
          </table>
        </div>
        {shown.length === 0 ? (
          <div className="dim" style={{ padding: 12 }}>
            Nothing differs.
          </div>
        ) : null}
      </Panel>
      <RunCharts runs={runs} />
      {features.differs ? <Features features={features} runs={runs} /> : null}
    </>
  );
}

function RunHead({ run, at }: { run: ExperimentRunDetail; at: number }) {
  return (
    <span
      className="row"
      style={{ gap: 6, justifyContent: 'flex-end' }}
      title={`${run.id}, ${utc(run.startedAt)} UTC`}
    >
      <span className="swatch" style={{ borderColor: `var(--s${(at % 8) + 1})` }} />
      <Link
        to={`/experiments/runs/${encodeURIComponent(run.id)}`}
        className="truncate"
        style={{ maxWidth: 200 }}
      >
        {run.name || run.id}
      </Link>
      <StateBadge state={run.status} bare word="" title={run.status} />
    </span>
  );
}

function DifferenceRow({ line }: { line: Line }) {
  const first = line.values[0];
  return (
    <tr style={line.differs ? undefined : { color: 'var(--dim)' }}>
      <td className="dim nowrap">{line.kind}</td>
      <td>
        <span className="name" style={line.differs ? undefined : { fontWeight: 400 }} title={line.key}>
          {line.key}
        </span>
      </td>
      {line.values.map((value, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a run has no identity here but its place
        <td key={at} className="right nowrap" title={value === undefined ? 'not logged' : String(value)}>
          {at > 0 && line.kind === 'metric' ? <Change from={first} to={value} /> : null}
          <Value line={line} value={value} />
        </td>
      ))}
    </tr>
  );
}

function Value({ line, value }: { line: Line; value: MetricValue | undefined }) {
  if (value === undefined) return MISSING;
  if (line.kind === 'metric') return metricText(value);
  if (line.kind === 'made from') return <SubjectLink subject={String(value)} />;
  return (
    <span className="truncate" style={{ display: 'inline-block', maxWidth: 240, verticalAlign: 'bottom' }}>
      {String(value)}
    </span>
  );
}

function Change({ from, to }: { from: MetricValue | undefined; to: MetricValue | undefined }) {
  if (typeof from !== 'number' || typeof to !== 'number' || from === to) return null;
  const size = Math.abs(to - from);
  const decimals = size >= 100 ? 0 : size >= 1 ? 2 : size >= 0.001 ? 4 : 6;
  return <span className="dim small">{signed(to - from, decimals)} &nbsp;</span>;
}

function Features({ features, runs }: { features: FeatureDifference; runs: ExperimentRunDetail[] }) {
  const rows = features.all
    .map((feature, at) => ({ feature, has: features.has[at] ?? [] }))
    .filter((row) => row.has.includes(false));
  return (
    <Panel
      title="Features"
      note={`${features.all.length - rows.length} in every run; the others are listed`}
      flush
    >
      <table className="plain-table">
        <tbody>
          {rows.map((row) => (
            <tr key={row.feature}>
              <td>{row.feature}</td>
              {row.has.map((used, at) => (
                <td key={runs[at]?.id} className="right">
                  {used ? 'used' : <span className="faint">not used</span>}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Panel>
  );
}

function exported(line: Line, runs: ExperimentRunDetail[]): Record<string, unknown> {
  return {
    kind: line.kind,
    name: line.key,
    differs: line.differs,
    ...Object.fromEntries(runs.map((run, at) => [run.name || run.id, line.values[at]])),
  };
}
