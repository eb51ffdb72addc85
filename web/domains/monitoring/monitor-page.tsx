import { Button } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { api, path } from '../../api/client.ts';
import { useAct, useApi, useList } from '../../api/hooks.ts';
import type { Alert, Incident, Monitor, MonitorReference, MonitorWindow } from '../../api/types.ts';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { count, percent, significant, utc } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateStrip } from '../../ui/sparkline.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { Tabs, useTab } from '../../ui/tabs.tsx';
import { TimeRange, useTimeRange } from '../../ui/time-range.tsx';
import { CompareDrawer } from './compare-drawer.tsx';
import { DriftHeatmap } from './drift-heatmap.tsx';
import { EvaluationChart } from './evaluation-chart.tsx';
import { AlertsTable, IncidentsTable } from './incidents-table.tsx';
import { MonitorSettingsView } from './monitor-settings.tsx';
import { metricKey, metricWords, windowTitle } from './monitor-words.ts';
import { CoverageCharts, PerformanceCharts } from './performance-charts.tsx';

/** One monitor: is the model still what it was, since when not, in which features, and at what cost. */
export function MonitorPage() {
  const { deployment } = useParams({ strict: false }) as { deployment: string };
  const target = path`/api/monitoring/monitors/${deployment}`;
  const monitor = useApi<Monitor>(target, { every: 5_000, keep: false });
  const incidents = useList<Incident>('/api/monitoring/incidents', { query: { deployment } });
  const alerts = useList<Alert>('/api/monitoring/alerts', { query: { deployment } });
  const [tab] = useTab('watch');
  const end = monitor.data?.latest ? Date.parse(monitor.data.latest.end) : undefined;
  const open = monitor.data?.openIncident;
  return (
    <Page
      of={monitor}
      title={deployment}
      name={`Monitor of ${deployment}`}
      crumbs={[{ label: 'Monitoring', to: '/monitoring' }]}
      subject={open ? `incident:${open.id}` : `monitor:${deployment}`}
      state={monitor.data ? <StateBadge state={monitor.data.state} title={monitor.data.reason} /> : undefined}
      api={{ path: `${target}/windows`, cli: 'houston status' }}
      actions={
        <>
          <Link to={path`/serving/${deployment}`}>
            <Button variant="default" component="span">
              Deployment
            </Button>
          </Link>
          {monitor.data ? <PauseButton monitor={monitor.data} target={target} /> : null}
          {tab === 'watch' ? <TimeRange {...(end === undefined ? {} : { end })} /> : null}
        </>
      }
      tabs={
        <Tabs
          items={[
            { key: 'watch', label: 'Watch' },
            { key: 'incidents', label: 'Incidents', count: incidents.data?.items.length },
            { key: 'alerts', label: 'Alerts', count: alerts.data?.items.length },
            { key: 'settings', label: 'Settings' },
          ]}
        />
      }
    >
      <Loaded query={monitor} height={420}>
        {(found) => (
          <>
            {tab === 'watch' ? (
              <Watch monitor={found} target={target} incidents={incidents.data?.items ?? []} />
            ) : null}
            {tab === 'incidents' ? (
              <Panel flush>
                <Loaded query={incidents} rows={5}>
                  {({ items }) => <IncidentsTable incidents={items} name={`${deployment}-incidents`} own />}
                </Loaded>
              </Panel>
            ) : null}
            {tab === 'alerts' ? (
              <Panel flush>
                <Loaded query={alerts} rows={5}>
                  {({ items }) => <AlertsTable alerts={items} name={`${deployment}-alerts`} own />}
                </Loaded>
              </Panel>
            ) : null}
            {tab === 'settings' ? <MonitorSettingsView monitor={found} target={target} /> : null}
          </>
        )}
      </Loaded>
    </Page>
  );
}

function PauseButton({ monitor, target }: { monitor: Monitor; target: string }) {
  const { paused } = monitor.settings;
  const set = useAct(() => api.put<Monitor>(target, { ...monitor.spec, paused: !paused }), {
    refresh: ['monitoring'],
    done: paused ? 'The monitor alerts again.' : 'The monitor is paused: windows are kept, nothing alerts.',
  });
  return (
    <Button variant="default" loading={set.isPending} onClick={() => set.mutate()}>
      {paused ? 'Resume' : 'Pause'}
    </Button>
  );
}

function Watch({ monitor, target, incidents }: { monitor: Monitor; target: string; incidents: Incident[] }) {
  const end = monitor.latest ? Date.parse(monitor.latest.end) : undefined;
  const range = useTimeRange(end === undefined ? {} : { end });
  const windows = useList<MonitorWindow>(`${target}/windows`, { query: range.query, every: 5_000 });
  const reference = useApi<MonitorReference>(`${target}/reference`, {
    enabled: monitor.reference !== null,
  });
  return (
    <Loaded query={windows} height={480}>
      {({ items }) => (
        <>
          <Summary monitor={monitor} windows={items} />
          {items.length === 0 ? (
            <Panel>
              <Empty
                title={monitor.latest ? 'No window in this range' : 'No window has closed yet'}
                command={`curl -s ${window.location.origin}/v2/models/${monitor.deployment}`}
              >
                {monitor.latest
                  ? 'Choose a wider range at the top right.'
                  : 'Windows follow the event time of the requests. Send requests to the deployment, and their outcomes by prediction id. Limits come from the evaluation of the model, or from its first windows where it has none.'}
              </Empty>
            </Panel>
          ) : (
            <>
              <DriftHeatmap windows={items} reference={reference.data} />
              <PerformanceCharts windows={items} settings={monitor.settings} incidents={incidents} />
              <CoverageCharts windows={items} settings={monitor.settings} incidents={incidents} />
              <EvaluationChart reference={reference.data} settings={monitor.settings} />
            </>
          )}
          <CompareDrawer deployment={monitor.deployment} windows={items} />
        </>
      )}
    </Loaded>
  );
}

function Summary({ monitor, windows }: { monitor: Monitor; windows: MonitorWindow[] }) {
  const key = metricKey(monitor.settings.metric);
  const final = monitor.latestFinal;
  const figure = final?.performance[key];
  const last = monitor.latest;
  const drifted = last?.drift.filter((one) => one.flag).map((one) => one.feature) ?? [];
  const { reference, openIncident } = monitor;
  return (
    <Panel>
      <div className="stack loose">
        <div>
          <b>{monitor.reason}</b>{' '}
          {openIncident ? (
            <Link to={path`/monitoring/incidents/${openIncident.id}`}>
              Open incident: {openIncident.title}
            </Link>
          ) : null}
        </div>
        <Stats>
          <Stat
            label={`${metricWords(key).label}${figure && figure.limit !== null ? `, limit ${significant(figure.limit, 3)}` : ''}`}
            value={figure?.value ?? null}
            decimals={3}
            interval={figure ? [figure.low, figure.high] : null}
          />
          <Stat
            label="AUC"
            value={final?.performance.auc?.value ?? null}
            decimals={3}
            interval={final?.performance.auc ? [final.performance.auc.low, final.performance.auc.high] : null}
          />
          <Stat
            label="Labelled"
            value={percent(final?.coverage, 0)}
            note={final ? `${count(final.labelled)} of ${count(final.rows)} rows` : ''}
          />
          <Stat
            label="Drifted features"
            value={last ? `${drifted.length} of ${last.drift.length}` : '–'}
            note={drifted.length > 0 ? drifted.join(', ') : last ? `window of ${utc(last.start, 'day')}` : ''}
          />
          <Stat
            label="Drift score"
            value={last?.driftScore ?? null}
            decimals={2}
            note="1 is at the limits"
            hint="Importance-weighted mean of effect over limit"
          />
          <div className="stat">
            <div className="stat-label">Reference</div>
            <div style={{ lineHeight: '28px' }}>
              {reference ? (
                <SubjectLink subject={`model:${reference.model}/${reference.version}`} />
              ) : (
                <span className="dim">none yet</span>
              )}
            </div>
            <div className="stat-note" title={reference ? referenceWords(reference) : undefined}>
              {reference ? limitsWords(reference) : ''}
            </div>
          </div>
        </Stats>
        {windows.length > 0 ? (
          <div className="row" style={{ overflowX: 'auto' }}>
            <span className="small dim nowrap">{utc(windows[0]?.start, 'day')}</span>
            <StateStrip
              label={`State of ${windows.length} windows`}
              states={windows.map((window) => ({ state: window.state, title: windowTitle(window) }))}
            />
            <span className="small dim nowrap">{utc(windows.at(-1)?.end, 'day')} UTC</span>
          </div>
        ) : null}
      </div>
    </Panel>
  );
}

type ReferenceSummary = NonNullable<Monitor['reference']>;

/** What teaches the limits, in a few words. */
function limitsWords({ chunks, unusualChunks }: ReferenceSummary): string {
  if (chunks === 0) return 'limits: first windows';
  return unusualChunks > 0
    ? `limits: ${chunks} chunks, ${unusualChunks} out`
    : `limits from ${chunks} chunks`;
}

function referenceWords({ source, chunks, unusualChunks }: ReferenceSummary): string {
  const rows = source === 'training' ? 'The held-out rows of its evaluation' : 'Its first live window';
  if (chunks === 0) return `${rows}; the limits are learned from its first windows.`;
  const left =
    unusualChunks > 0
      ? `; ${unusualChunks} are left out, because the deployment was beyond its limits in them`
      : '';
  return `${rows}; the limits come from ${chunks} chunks of event time${left}.`;
}
