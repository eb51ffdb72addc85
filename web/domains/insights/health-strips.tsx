import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { HealthStrip } from '../../api/types.ts';
import { count, duration, MISSING, percent, significant, utc, withInterval } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { Sparkline, StateStrip } from '../../ui/sparkline.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { subjectPath } from '../../ui/subject.tsx';

const MOST = 25;
const CELLS = 24;
const order = ['failing', 'degraded', 'not enough data', 'no data', 'paused', 'healthy'];
const underway = ['awaiting-approval', 'shadow', 'canary', 'held'];

/** The worst first, then by name. */
export function worstFirst(strips: HealthStrip[]): HealthStrip[] {
  return [...strips].sort(
    (left, right) =>
      order.indexOf(left.state) - order.indexOf(right.state) || left.name.localeCompare(right.name),
  );
}

/** One row per deployment: state, past windows, realised performance, drift, traffic, incidents. */
export function HealthStrips({ rows, environment }: { rows: HealthStrip[]; environment: string }) {
  return (
    <Panel
      title="Deployments"
      note={`${environment === 'all' ? 'every environment' : environment}, the worst first; performance of the newest window with all outcomes, traffic of the last minute`}
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
              <th className="wide-only">Limit and past</th>
              <th className="right wide-only">Labelled</th>
              <th className="right">Drifted</th>
              <th className="right">Requests/min</th>
              <th className="right">p99</th>
              <th className="right">Errors</th>
              <th className="right">Incidents</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST).map((row) => (
              <StripRow key={row.name} row={row} />
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

function StripRow({ row }: { row: HealthStrip }) {
  const monitor = `/monitoring/${encodeURIComponent(row.name)}`;
  const { performance } = row;
  return (
    <tr>
      <td>
        <StateBadge state={row.state} title={row.reason} />
      </td>
      <td>
        <span className="row" style={{ gap: 6 }}>
          <Link
            to={`/serving/${encodeURIComponent(row.name)}`}
            className="truncate"
            style={{ maxWidth: 172, fontWeight: 600 }}
            title={row.name}
          >
            {row.name}
          </Link>
          <span className="tag">{row.environment}</span>
        </span>
      </td>
      <td>
        <Serves row={row} />
      </td>
      <td>
        <PastWindows row={row} to={monitor} />
      </td>
      <td
        className="right nowrap"
        title={performance ? `n = ${count(performance.n)}, window to ${utc(performance.at)} UTC` : undefined}
      >
        {performance ? (
          <>
            <span className="dim small">{metricName(performance.metric)}</span>{' '}
            {withInterval(performance.value, performance.low, performance.high)}
          </>
        ) : (
          MISSING
        )}
      </td>
      <td className="wide-only nowrap">
        <Sparkline
          values={row.sparkline.metric}
          limit={row.sparkline.limit}
          label={`${metricName(performance?.metric)} of the past ${row.sparkline.metric.length} windows against its limit`}
        />{' '}
        <span className="dim small">{significant(row.sparkline.limit, 3)}</span>
      </td>
      <td className="right wide-only">{percent(row.labelCoverage, 0)}</td>
      <td className="right nowrap">
        {row.watchedFeatures > 0 ? `${row.driftedFeatures} of ${row.watchedFeatures}` : MISSING}
      </td>
      <td className="right">{count(row.requestsPerMinute)}</td>
      <td className="right">{duration(row.p99Ms)}</td>
      <td className="right">{percent(row.errorRate, 2)}</td>
      <td className="right nowrap">
        {row.openIncidents > 0 ? (
          <Link to={monitor}>{`${row.openIncidents} open`}</Link>
        ) : (
          <span className="faint">none</span>
        )}
      </td>
    </tr>
  );
}

function PastWindows({ row, to }: { row: HealthStrip; to: string }): ReactNode {
  const { states, starts, requests } = row.sparkline;
  if (states.length === 0) return <span className="faint">{MISSING}</span>;
  const from = Math.max(0, states.length - CELLS);
  return (
    <Link to={to} aria-label={`Windows of ${row.name}`}>
      <StateStrip
        label={`Last ${states.length - from} windows`}
        states={states.slice(from).map((state, at) => ({
          state,
          title: `${utc(starts[from + at])} UTC: ${state}, ${count(requests[from + at])} rows`,
        }))}
      />
    </Link>
  );
}

function Serves({ row }: { row: HealthStrip }) {
  const { model, version, rollout } = row;
  return (
    <span className="row nowrap" style={{ gap: 6 }}>
      {model && version !== null ? (
        <Link
          to={subjectPath(`model:${model}/${version}`) ?? ''}
          className="truncate"
          style={{ maxWidth: 120 }}
          title={`${model} version ${version}${row.championSince ? `, champion since ${utc(row.championSince)} UTC` : ''}`}
        >
          {model} {version}
        </Link>
      ) : (
        MISSING
      )}
      {rollout && underway.includes(rollout.state) ? (
        <Link to={`/serving/rollouts/${rollout.id}`}>
          <StateBadge
            state={rollout.state}
            title={rollout.version === null ? '' : `version ${rollout.version} gets ${rollout.weight} %`}
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
