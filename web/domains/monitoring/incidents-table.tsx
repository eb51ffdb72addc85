import { useNavigate } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import type { Alert, Incident } from '../../api/types.ts';
import { Age, ageColumn } from '../../ui/age-column.tsx';
import { type Column, DataTable, timeValue } from '../../ui/data-table.tsx';
import { Empty } from '../../ui/feedback.tsx';
import { duration, utc } from '../../ui/format.ts';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { ruleWords, severityWords } from './monitor-words.ts';

/** Incidents, newest first; with the deployment where they come from several. */
export function IncidentsTable({
  incidents,
  name,
  own,
}: {
  incidents: Incident[];
  name: string;
  /** They all belong to the page's own deployment. */
  own?: boolean;
}) {
  const navigate = useNavigate();
  const columns: Column<Incident>[] = [
    {
      key: 'state',
      title: 'State',
      value: (incident) => incident.state,
      render: (incident) => <StateBadge state={incident.state} />,
      width: '128px',
    },
    {
      key: 'title',
      title: 'Incident',
      value: (incident) => incident.title,
      render: (incident) => (
        <span title={incident.reason}>
          <b>{incident.title}</b> <span className="dim">{incident.reason}</span>
        </span>
      ),
      width: 'minmax(240px, 3fr)',
    },
    {
      key: 'deployment',
      title: 'Deployment',
      value: (incident) => incident.deployment ?? 'the server',
      width: 'minmax(110px, 1fr)',
    },
    {
      key: 'version',
      title: 'Version',
      value: (incident) => incident.version ?? undefined,
      width: '72px',
      align: 'right',
    },
    {
      key: 'severity',
      title: 'Severity',
      value: (incident) => incident.severity,
      render: (incident) => <span title={severityWords(incident.severity)}>{incident.severity}</span>,
      width: '80px',
    },
    {
      key: 'window',
      title: 'Window (UTC)',
      value: (incident) => timeValue(incident.window),
      render: (incident) => utc(incident.window, 'day'),
      width: '104px',
    },
    ageColumn('opened', 'Opened', (incident) => incident.openedAt),
    {
      key: 'took',
      title: 'Took',
      value: (incident) => took(incident),
      render: (incident) => (incident.resolvedAt ? duration(took(incident)) : 'still open'),
      width: '96px',
      align: 'right',
    },
  ];
  return (
    <DataTable
      name={name}
      rows={incidents}
      columns={own ? columns.filter((column) => column.key !== 'deployment') : columns}
      rowKey={(incident) => incident.id}
      onOpen={(incident) => void navigate({ to: path`/monitoring/incidents/${incident.id}` })}
      empty={
        <Empty title="No incident" command="npx houston incidents list">
          An alert that lasts opens one, and so does a model, an upstream, a disk or a database that fails.
          Each closes itself when what it saw is over.
        </Empty>
      }
    />
  );
}

function took(incident: Incident): number | undefined {
  return incident.resolvedAt ? Date.parse(incident.resolvedAt) - Date.parse(incident.openedAt) : undefined;
}

/** Alerts with what they saw and the incident that they belong to. */
export function AlertsTable({ alerts, name, own }: { alerts: Alert[]; name: string; own?: boolean }) {
  const columns: Column<Alert>[] = [
    {
      key: 'state',
      title: 'State',
      value: (alert) => alert.state,
      render: (alert) => <StateBadge state={alert.state} />,
      width: '106px',
    },
    { key: 'rule', title: 'Rule', value: (alert) => ruleWords(alert.rule), width: '116px' },
    {
      key: 'reason',
      title: 'What it saw',
      value: (alert) => alert.reason,
      render: (alert) => <span title={alert.reason}>{alert.reason}</span>,
      width: 'minmax(260px, 3fr)',
    },
    {
      key: 'deployment',
      title: 'Deployment',
      value: (alert) => alert.deployment,
      width: 'minmax(100px, 1fr)',
    },
    {
      key: 'window',
      title: 'Windows (UTC)',
      value: (alert) => timeValue(alert.window),
      render: (alert) =>
        alert.window === alert.lastWindow
          ? utc(alert.window, 'day')
          : `${utc(alert.window, 'day')} to ${utc(alert.lastWindow, 'day').slice(5)}`,
      width: '172px',
    },
    {
      key: 'incident',
      title: 'Incident',
      value: (alert) => alert.incident,
      render: (alert) =>
        alert.incident ? (
          <SubjectLink subject={`incident:${alert.incident}`} />
        ) : (
          <span className="faint">none</span>
        ),
      width: '156px',
    },
    {
      ...ageColumn<Alert>('fired', 'Fired', (alert) => alert.firedAt ?? alert.createdAt),
      render: ({ firedAt }) => (firedAt ? <Age time={firedAt} /> : <span className="faint">not yet</span>),
    },
  ];
  return (
    <DataTable
      name={name}
      rows={alerts}
      columns={own ? columns.filter((column) => column.key !== 'deployment') : columns}
      rowKey={(alert) => alert.id}
      empty={
        <Empty title="No alert">
          A rule is pending when one window is flagged, fires when it persists, and resolves by itself.
        </Empty>
      }
    />
  );
}
