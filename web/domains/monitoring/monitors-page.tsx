import { useNavigate } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useList } from '../../api/hooks.ts';
import type { Alert, Incident, Monitor, MonitorWindow, PerformanceFigure } from '../../api/types.ts';
import { useDeploymentFilter } from '../../app/environment.ts';
import { type Column, DataTable, timeValue } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { percent, significant, utc, withInterval } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Sparkline, StateStrip } from '../../ui/sparkline.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { Tabs, useTab } from '../../ui/tabs.tsx';
import { DeployButton } from '../serving/deploy-dialog.tsx';
import { AlertsTable, IncidentsTable } from './incidents-table.tsx';
import { figureWords, metricKey, windowTitle } from './monitor-words.ts';

/** Is all that is served still what it was? Monitors, incidents, alerts. */
export function MonitorsPage() {
  const monitors = useList<Monitor>('/api/monitoring/monitors', { every: 10_000 });
  const incidents = useList<Incident>('/api/monitoring/incidents');
  const alerts = useList<Alert>('/api/monitoring/alerts');
  const [tab] = useTab('monitors');
  const navigate = useNavigate();
  const belongs = useDeploymentFilter();
  const shown = monitors.data?.items.filter((monitor) => belongs(monitor.deployment)) ?? [];
  const active = incidents.data?.items.filter(
    (incident) =>
      incident.state !== 'resolved' && (incident.deployment === null || belongs(incident.deployment)),
  ).length;
  const firing = alerts.data?.items.filter(
    (alert) => alert.state === 'firing' && belongs(alert.deployment),
  ).length;
  return (
    <Page
      title="Monitoring"
      api={{ path: '/api/monitoring/monitors', cli: 'houston status' }}
      state={
        active ? (
          <StateBadge state="open" title={`${active} incidents are not resolved`} />
        ) : shown.length > 0 ? (
          <StateBadge state="healthy" title="No incident is open" />
        ) : undefined
      }
      tabs={
        <Tabs
          items={[
            { key: 'monitors', label: 'Monitors', count: monitors.data ? shown.length : undefined },
            { key: 'incidents', label: active ? `Incidents, ${active} open` : 'Incidents' },
            { key: 'alerts', label: firing ? `Alerts, ${firing} firing` : 'Alerts' },
          ]}
        />
      }
    >
      {tab === 'monitors' ? (
        <Panel flush>
          <Loaded query={monitors} rows={6}>
            {() => (
              <DataTable
                name="monitors"
                rows={shown}
                columns={columns}
                rowKey={(monitor) => monitor.deployment}
                onOpen={(monitor) => void navigate({ to: path`/monitoring/${monitor.deployment}` })}
                empty={
                  <Empty
                    title={
                      monitors.data?.items.length
                        ? 'Nothing is watched in this environment'
                        : 'Nothing is watched yet'
                    }
                    command="npx houston deploy my-model"
                    action={<DeployButton />}
                  >
                    Every deployment is watched from its first request: drift against its training data,
                    performance as outcomes arrive. Nothing needs to be set up.
                  </Empty>
                }
              />
            )}
          </Loaded>
        </Panel>
      ) : null}
      {tab === 'incidents' ? (
        <Panel flush>
          <Loaded query={incidents} rows={6}>
            {({ items }) => (
              <IncidentsTable
                incidents={items.filter(({ deployment }) => deployment === null || belongs(deployment))}
                name="incidents"
              />
            )}
          </Loaded>
        </Panel>
      ) : null}
      {tab === 'alerts' ? (
        <Panel flush>
          <Loaded query={alerts} rows={6}>
            {({ items }) => (
              <AlertsTable alerts={items.filter(({ deployment }) => belongs(deployment))} name="alerts" />
            )}
          </Loaded>
        </Panel>
      ) : null}
    </Page>
  );
}

const primaryOf = (monitor: Monitor) => metricKey(monitor.settings.metric);

const columns: Column<Monitor>[] = [
  {
    key: 'state',
    title: 'State',
    value: (monitor) => monitor.state,
    render: (monitor) => <StateBadge state={monitor.state} title={monitor.reason} />,
    width: '140px',
  },
  {
    key: 'deployment',
    title: 'Deployment',
    value: (monitor) => monitor.deployment,
    render: (monitor) => (
      <span title={monitor.reason}>
        <b>{monitor.deployment}</b> <span className="dim">{monitor.reason}</span>
      </span>
    ),
    width: 'minmax(200px, 2.4fr)',
  },
  {
    key: 'windows',
    title: 'Past windows',
    value: () => null,
    render: (monitor) => <Past name={monitor.deployment} metric={primaryOf(monitor)} />,
    sortable: false,
    width: '204px',
  },
  {
    key: 'performance',
    title: 'Performance',
    value: (monitor) => monitor.latestFinal?.performance[primaryOf(monitor)]?.value,
    render: (monitor) => (
      <span
        title={
          monitor.latestFinal
            ? `${monitor.settings.metric}, newest window with its outcomes, ${utc(monitor.latestFinal.start)} UTC: ${figureWords(primaryOf(monitor), monitor.latestFinal.performance[primaryOf(monitor)])}`
            : undefined
        }
      >
        <span className="dim small">{monitor.settings.metric}</span>{' '}
        <Figure figure={monitor.latestFinal?.performance[primaryOf(monitor)]} />
      </span>
    ),
    width: '176px',
    align: 'right',
  },
  {
    key: 'coverage',
    title: 'Labelled',
    value: (monitor) => monitor.latestFinal?.coverage,
    render: (monitor) => percent(monitor.latestFinal?.coverage, 0),
    width: '76px',
    align: 'right',
  },
  {
    key: 'drift',
    title: 'Drift score',
    value: (monitor) => monitor.latest?.driftScore,
    render: (monitor) => (
      <span title="importance-weighted mean of effect over limit; 1 is at the limit">
        {significant(monitor.latest?.driftScore, 2)}
      </span>
    ),
    width: '86px',
    align: 'right',
  },
  {
    key: 'newest',
    title: 'Newest (UTC)',
    value: (monitor) => timeValue(monitor.latest?.start),
    render: (monitor) => utc(monitor.latest?.start, 'day'),
    width: '110px',
    align: 'right',
  },
];

function Figure({ figure }: { figure: PerformanceFigure | undefined }) {
  return <>{withInterval(figure?.value, figure?.low, figure?.high)}</>;
}

/** The states and the metric of the past windows. */
function Past({ name, metric }: { name: string; metric: string }) {
  const windows = useList<MonitorWindow>(path`/api/monitoring/monitors/${name}/windows`, {
    query: { limit: 90 },
    every: 15_000,
  });
  const items = windows.data?.items ?? [];
  if (items.length === 0) return <span className="faint">–</span>;
  const shown = items.slice(-14);
  return (
    <span className="row" style={{ gap: 12 }}>
      <StateStrip
        label={`Last ${shown.length} windows`}
        states={shown.map((window) => ({ state: window.state, title: windowTitle(window) }))}
      />
      <Sparkline
        width={84}
        label={`${metric} of the last ${items.length} windows`}
        values={items.map((window) => window.performance[metric]?.value)}
      />
    </span>
  );
}
