import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useApi, useList } from '../../api/hooks.ts';
import type { Deployment, Rollout } from '../../api/types.ts';
import { DataTable, timeValue } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { count, duration, utc } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { subjectPath } from '../../ui/subject.tsx';
import { Tabs, useTab } from '../../ui/tabs.tsx';
import { TimeRange } from '../../ui/time-range.tsx';
import { CompareVersions } from './compare-versions.tsx';
import { DeployButton } from './deploy-dialog.tsx';
import { DeploymentSettings } from './deployment-settings.tsx';
import { declaredWords, isOpen, servedWords, servingReason, servingState } from './deployment-words.ts';
import { GainsPanel } from './gains-panel.tsx';
import { GraphButton } from './graph-button.tsx';
import { GraphPanels } from './graph-panel.tsx';
import { LoadPanel } from './load-panel.tsx';
import { TrafficView } from './observability/traffic-view.tsx';
import { useMarks } from './observability/use-marks.ts';
import { PredictionsView } from './predictions-view.tsx';
import { QuarantinePanel } from './quarantine-panel.tsx';
import { QueryPanel } from './query-panel.tsx';
import { RollbackButton } from './rollback-button.tsx';
import { EvidenceLine } from './rollout-evidence.tsx';
import { RolloutView } from './rollout-view.tsx';
import { RoutePicture } from './route-picture.tsx';
import { SideBySideView } from './side-by-side.tsx';
import { LIVE, TrafficCharts } from './traffic-charts.tsx';
import { TryIt } from './try-it.tsx';

/** One deployment: is it well, where requests go, how they fare, what comes in next and on what evidence. */
export function DeploymentPage() {
  const { name } = useParams({ strict: false }) as { name: string };
  const target = path`/api/serving/deployments/${name}`;
  const deployment = useApi<Deployment>(target, { every: 2_000, keep: false });
  const rollouts = useList<Rollout>(`${target}/rollouts`, { every: 10_000, keep: false });
  const [tab] = useTab('live');
  const found = deployment.data;
  const past = rollouts.data?.items ?? [];
  return (
    <Page
      title={name}
      of={deployment}
      crumbs={[{ label: 'Deployments', to: '/serving' }]}
      subject={`deployment:${name}`}
      state={
        found ? (
          <>
            <StateBadge state={servingState(found)} title={servingReason(found)} />
            {found.rollout ? <StateBadge state={found.rollout.state} title={found.rollout.reason} /> : null}
            <span className="tag">{found.environment}</span>
          </>
        ) : undefined
      }
      api={{
        path: target,
        cli: `houston deploy ${found?.champion?.models ? '' : `${found?.champion?.model ?? 'MODEL'} `}--to ${name}`,
      }}
      actions={
        <>
          {tab === 'live' || tab === 'traffic' ? <TimeRange fallback={LIVE} /> : null}
          {found ? <RollbackButton deployment={found} /> : null}
          {found ? <GraphButton deployment={found} /> : null}
          {found?.spec.graph ? null : <DeployButton deployment={name} />}
        </>
      }
      tabs={
        <Tabs
          items={[
            { key: 'live', label: 'Overview' },
            { key: 'traffic', label: 'Traffic' },
            { key: 'rollouts', label: 'Rollouts', count: rollouts.data?.items.length },
            { key: 'predictions', label: 'Predictions' },
            { key: 'query', label: 'Query' },
            { key: 'try', label: 'Try it' },
            { key: 'compare', label: 'Compare' },
            { key: 'settings', label: 'Settings' },
          ]}
        />
      }
    >
      <Loaded query={deployment} height={420}>
        {(shown) => (
          <>
            {tab === 'live' || tab === 'rollouts' ? <QuarantinePanel deployment={shown} /> : null}
            {tab === 'live' ? <Live deployment={shown} rollouts={past} /> : null}
            {tab === 'traffic' ? <TrafficView deployment={shown} rollouts={past} /> : null}
            {tab === 'rollouts' ? (
              <Loaded query={rollouts} rows={6}>
                {({ items }) => <Rollouts deployment={shown} rollouts={items} />}
              </Loaded>
            ) : null}
            {tab === 'predictions' ? <PredictionsView deployment={shown} /> : null}
            {tab === 'try' ? <TryIt deployment={shown} /> : null}
            {tab === 'query' ? <QueryPanel deployment={shown} /> : null}
            {tab === 'compare' ? (
              <>
                <SideBySideView deployment={shown} />
                <CompareVersions deployment={shown} />
              </>
            ) : null}
            {tab === 'settings' ? <DeploymentSettings deployment={shown} /> : null}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function Live({ deployment, rollouts }: { deployment: Deployment; rollouts: Rollout[] }) {
  const { traffic, champion } = deployment;
  const marks = useMarks(deployment.name, rollouts);
  return (
    <>
      <Panel>
        <div className="stack loose">
          <b>{servingReason(deployment)}</b>
          <Stats>
            <div className="stat">
              <div className="stat-label">Serves</div>
              <div style={{ lineHeight: '28px', fontSize: 'var(--fs-3)', fontWeight: 600 }}>
                {champion ? (
                  <Link to={subjectPath(`model:${champion.model}/${champion.version}`) ?? ''}>
                    version {champion.version}
                  </Link>
                ) : (
                  '–'
                )}
              </div>
              <div className="stat-note">{champion ? servedWords(champion) : 'nothing yet'}</div>
            </div>
            <Stat label="Requests/s" value={traffic.requestsPerSecond} note="last seconds" />
            <Stat label="Requests" value={traffic.requests} note="since start" />
            <Stat label="Failed" value={traffic.errors} note={`of ${count(traffic.requests)} requests`} />
            <Stat label="Latency p50" value={duration(traffic.p50Ms)} note="whole request" />
            <Stat label="Latency p99" value={duration(traffic.p99Ms)} note="whole request" />
            <div className="stat">
              <div className="stat-label">Watched by</div>
              <div style={{ lineHeight: '28px' }}>
                <Link to={path`/monitoring/${deployment.name}`}>its monitor</Link>
              </div>
              <div className="stat-note">drift, quality</div>
            </div>
          </Stats>
        </div>
      </Panel>
      <Panel title="Route" note="share of requests per arm; as wide as it is">
        {deployment.route.length > 0 ? (
          <RoutePicture deployment={deployment} />
        ) : (
          <NoRoute deployment={deployment} />
        )}
      </Panel>
      <GraphPanels deployment={deployment} />
      {champion ? (
        <>
          <LoadPanel deployment={deployment} />
          <GainsPanel deployment={deployment} />
        </>
      ) : null}
      {deployment.rollout ? <RolloutView rollout={deployment.rollout} spec={deployment.spec} linked /> : null}
      {champion ? <TrafficCharts deployment={deployment} markers={marks} brief /> : null}
    </>
  );
}

function NoRoute({ deployment: { name, error, residency, spec } }: { deployment: Deployment }) {
  if (residency.state === 'cold' && error === null) {
    return (
      <Empty title="Not in memory">
        Others needed the memory, or nobody has asked since the start. Its model loads at the next request,
        which waits for it.
      </Empty>
    );
  }
  return (
    <Empty
      title={error ? 'No version could be loaded' : 'No version is deployed'}
      command={`npx houston deploy ${declaredWords(spec, '')}--to ${name}`}
      action={spec.graph ? undefined : <DeployButton deployment={name} />}
    >
      {error ?? 'The deployment is declared and waits for its first version.'}
    </Empty>
  );
}

function Rollouts({ deployment, rollouts }: { deployment: Deployment; rollouts: Rollout[] }) {
  const navigate = useNavigate();
  const newest = rollouts.find((rollout) => rollout.champion !== null);
  return (
    <>
      <Panel title="Rollouts" note="newest first; each with the evidence that decided it" flush>
        <DataTable
          name={`${deployment.name}-rollouts`}
          rows={rollouts}
          rowKey={(rollout) => rollout.id}
          onOpen={(rollout) => void navigate({ to: path`/serving/rollouts/${rollout.id}` })}
          empty={
            <Empty
              title="No rollout yet"
              command={`npx houston deploy ${declaredWords(deployment.spec, '')}--to ${deployment.name}`}
            />
          }
          columns={[
            {
              key: 'state',
              title: 'State',
              value: (rollout) => rollout.state,
              render: (rollout) => <StateBadge state={rollout.state} />,
              width: '124px',
            },
            {
              key: 'version',
              title: 'Version',
              value: (rollout) => rollout.challenger?.version,
              width: '72px',
              align: 'right',
            },
            {
              key: 'against',
              title: 'Against',
              value: (rollout) => rollout.champion?.version,
              width: '76px',
              align: 'right',
            },
            {
              key: 'requests',
              title: 'Paired',
              value: (rollout) => rollout.evidence.requests.paired,
              render: (rollout) => count(rollout.evidence.requests.paired),
              width: '80px',
              align: 'right',
            },
            {
              key: 'labelled',
              title: 'Outcomes',
              value: (rollout) => rollout.evidence.labelled,
              render: (rollout) => count(rollout.evidence.labelled),
              width: '84px',
              align: 'right',
            },
            {
              key: 'evidence',
              title: 'For promotion',
              value: () => null,
              render: (rollout) => <EvidenceLine rollout={rollout} />,
              sortable: false,
              width: '124px',
            },
            {
              key: 'reason',
              title: 'Reason',
              value: (rollout) => rollout.reason,
              width: 'minmax(170px, 3fr)',
            },
            {
              key: 'started',
              title: 'Started (UTC)',
              value: (rollout) => timeValue(rollout.startedAt ?? rollout.createdAt),
              render: (rollout) => utc(rollout.startedAt ?? rollout.createdAt),
              width: '146px',
            },
            {
              key: 'took',
              title: 'Took',
              value: (rollout) => took(rollout),
              render: (rollout) => (isOpen(rollout) ? 'still open' : duration(took(rollout))),
              width: '84px',
              align: 'right',
            },
          ]}
        />
      </Panel>
      {newest ? <RolloutView rollout={newest} spec={deployment.spec} linked /> : null}
    </>
  );
}

function took(rollout: Rollout): number | undefined {
  if (!rollout.startedAt || !rollout.endedAt) return undefined;
  return Date.parse(rollout.endedAt) - Date.parse(rollout.startedAt);
}
