import { useQueries } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ApiError, api, path } from '../../api/client.ts';
import { useList } from '../../api/hooks.ts';
import type { Deployment, Incident, List, Monitor, MonitorWindow } from '../../api/types.ts';
import { count, duration, MISSING, percent, significant, utc, withInterval } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { StateStrip } from '../../ui/sparkline.tsx';
import { StateBadge } from '../../ui/state.tsx';

const MOST = 25;
const order = ['failing', 'degraded', 'not enough data', 'no data', 'paused', 'healthy'];
const underway = ['awaiting-approval', 'shadow', 'canary', 'held'];

export type Strip = {
  deployment: Deployment;
  windows: MonitorWindow[];
  last: MonitorWindow | undefined;
  incidents: number;
  health: string;
  reason: string;
};

/** One row per deployment, the worst first: state, past windows, realised performance, drift, traffic, incidents. */
export function HealthStrips({ rows, environment }: { rows: Strip[]; environment: string }) {
  return (
    <Panel
      title="Deployments"
      note={`${environment === 'all' ? 'every environment' : environment}, the worst first; performance and drift of the newest window`}
      flush
    >
      <div style={{ overflowX: 'auto' }}>
        <table className="plain-table dense">
          <thead>
            <tr>
              <th>State</th>
              <th>Deployment</th>
              <th>Serves</th>
              <th>Past windows</th>
              <th className="right">Performance</th>
              <th className="right wide-only">Labelled</th>
              <th className="right">Drifted</th>
              <th className="right">Requests/s</th>
              <th className="right">p99</th>
              <th className="right">Errors</th>
              <th className="wide-only">Incidents</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST).map((row) => (
              <StripRow key={row.deployment.name} row={row} />
            ))}
          </tbody>
        </table>
      </div>
      {rows.length === 0 ? (
        <div className="dim" style={{ padding: 12 }}>
          No deployment in this environment.
        </div>
      ) : null}
      {rows.length > MOST ? (
        <div style={{ padding: '6px 12px' }}>
          <Link to="/serving">All {rows.length} deployments</Link>
        </div>
      ) : null}
    </Panel>
  );
}

/** What serving and monitoring say about each deployment, the worst first. */
export function useHealth(deployments: Deployment[]): Strip[] {
  const incidents = useList<Incident>('/api/monitoring/incidents');
  const monitors = useList<Monitor>('/api/monitoring/monitors', { every: 15_000 });
  const open = (incidents.data?.items ?? []).filter((incident) => incident.state !== 'resolved');
  const windows = useQueries({
    queries: deployments.slice(0, 200).map((deployment) => {
      const target = path`/api/monitoring/monitors/${deployment.name}/windows`;
      return {
        queryKey: ['monitoring', target, {}],
        queryFn: ({ signal }: { signal: AbortSignal }) =>
          api.get<List<MonitorWindow> | { windows: MonitorWindow[] }>(target, undefined, signal),
        refetchInterval: 15_000,
        retry: (_failures: number, _error: ApiError) => false,
      };
    }),
  });
  const rows = deployments.map((deployment, at): Strip => {
    const data = windows[at]?.data;
    const items = data ? ('windows' in data ? data.windows : data.items) : [];
    const monitor = monitors.data?.items.find((item) => item.deployment === deployment.name);
    const last = monitor?.latestFinal ?? items.findLast((window) => window.rows > 0);
    const count = open.filter((incident) => incident.deployment === deployment.name).length;
    return {
      deployment,
      windows: items,
      last,
      incidents: count,
      health: healthOf(deployment, monitor?.state ?? last?.state, count),
      reason: monitor?.reason ?? last?.reason ?? '',
    };
  });
  return rows.sort(
    (left, right) =>
      order.indexOf(left.health) - order.indexOf(right.health) ||
      left.deployment.name.localeCompare(right.deployment.name),
  );
}

/** The worse of what serving and monitoring say. */
export function healthOf(deployment: Deployment, watched: string | undefined, incidents: number): string {
  if (deployment.state === 'failed') return 'failing';
  if (deployment.state === 'empty') return 'no data';
  const seen = watched ?? 'no data';
  return incidents > 0 && order.indexOf(seen) > 1 ? 'degraded' : seen;
}

function StripRow({ row }: { row: Strip }) {
  const { deployment, windows, last, incidents, health } = row;
  const name = ['auc', 'logLoss', 'brier'].find((key) => last?.performance[key]?.value != null);
  const value = name ? last?.performance[name] : undefined;
  const flagged = last?.drift.filter((item) => item.flag).length;
  const { traffic } = deployment;
  const monitor = `/monitoring/${encodeURIComponent(deployment.name)}`;
  return (
    <tr>
      <td>
        <StateBadge state={health} {...(row.reason ? { title: row.reason } : {})} />
      </td>
      <td>
        <span className="row" style={{ gap: 6 }}>
          <Link
            to={`/serving/${encodeURIComponent(deployment.name)}`}
            className="truncate"
            style={{ maxWidth: 172, fontWeight: 600 }}
            title={deployment.name}
          >
            {deployment.name}
          </Link>
          <span className="tag">{deployment.environment}</span>
        </span>
      </td>
      <td>
        <Serves deployment={deployment} />
      </td>
      <td>
        <Link to={monitor} aria-label={`Windows of ${deployment.name}`}>
          {windows.length > 0 ? (
            <StateStrip
              label={`Last ${Math.min(20, windows.length)} windows`}
              states={windows.slice(-20).map((window) => ({
                state: window.state,
                title: `${utc(window.start)} UTC: ${window.state}, ${count(window.rows)} rows`,
              }))}
            />
          ) : (
            <span className="faint">{MISSING}</span>
          )}
        </Link>
      </td>
      <td className="right" title={value ? `n = ${count(value.n)}` : undefined}>
        {value && name ? (
          <>
            <span className="dim small">{metricName(name)}</span>{' '}
            {withInterval(value.value, value.low, value.high)}
          </>
        ) : (
          MISSING
        )}
      </td>
      <td className="right wide-only">{last ? percent(last.coverage, 0) : MISSING}</td>
      <td className="right">
        {last && last.drift.length > 0 ? `${flagged} of ${last.drift.length}` : MISSING}
      </td>
      <td className="right">{significant(traffic.requestsPerSecond, 3)}</td>
      <td className="right">{duration(traffic.p99Ms)}</td>
      <td className="right" title={`${traffic.errors} of ${traffic.requests} requests`}>
        {traffic.requests > 0 ? percent(traffic.errors / traffic.requests, 2) : MISSING}
      </td>
      <td className="wide-only">
        {incidents > 0 ? (
          <Link to={monitor}>{`${incidents} open`}</Link>
        ) : (
          <span className="faint">none</span>
        )}
      </td>
    </tr>
  );
}

function Serves({ deployment }: { deployment: Deployment }) {
  const { champion, rollout } = deployment;
  return (
    <span className="row nowrap" style={{ gap: 6 }}>
      {champion ? (
        <Link
          to={`/registry/${encodeURIComponent(champion.model)}/${champion.version}`}
          className="truncate"
          style={{ maxWidth: 120 }}
          title={`${champion.model} version ${champion.version}`}
        >
          {champion.model} {champion.version}
        </Link>
      ) : (
        MISSING
      )}
      {rollout && underway.includes(rollout.state) ? (
        <Link to={`/serving/rollouts/${rollout.id}`}>
          <StateBadge
            state={rollout.state}
            {...(rollout.challenger
              ? { title: `version ${rollout.challenger.version} gets ${rollout.weight} %` }
              : {})}
          />
        </Link>
      ) : null}
    </span>
  );
}

const metricNames: Record<string, string> = {
  auc: 'AUC',
  logLoss: 'log loss',
  brier: 'Brier',
  accuracy: 'accuracy',
  ece: 'ECE',
};

/** The name of a metric for people. */
export function metricName(key: string | undefined): string {
  return key ? (metricNames[key] ?? key) : '';
}
