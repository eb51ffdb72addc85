import { Button } from '@mantine/core';
import { Link, useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct, useApi } from '../../api/hooks.ts';
import type { IncidentDetail } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { ago, count, duration, utc } from '../../ui/format.ts';
import { Confirm } from '../../ui/overlay.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { IncidentEvidence } from './incident-evidence.tsx';
import { IncidentTimeline } from './incident-timeline.tsx';
import { AlertsTable } from './incidents-table.tsx';
import { ruleWords, severityWords } from './monitor-words.ts';

/** One incident: what is wrong, on what evidence, what has been done about it, and what a person can do. */
export function IncidentPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const target = path`/api/monitoring/incidents/${id}`;
  const incident = useApi<IncidentDetail>(target, { every: 4_000, keep: false });
  const found = incident.data;
  return (
    <Page
      of={incident}
      title={found?.title ?? 'Incident'}
      crumbs={[
        { label: 'Monitoring', to: '/monitoring' },
        ...(found?.deployment
          ? [{ label: found.deployment, to: path`/monitoring/${found.deployment}` }]
          : []),
      ]}
      subject={`incident:${id}`}
      state={found ? <StateBadge state={found.state} /> : undefined}
      actions={found ? <IncidentActions incident={found} target={target} /> : undefined}
      api={{ path: target, cli: `houston why incident:${id}` }}
    >
      <Loaded query={incident} height={420}>
        {(shown) => (
          <>
            <Panel>
              <div className="stack loose">
                <b>{shown.reason}</b>
                {shown.resolution ? <span>Resolved: {shown.resolution}</span> : null}
                <Stats>
                  <div className="stat">
                    <div className="stat-label">{shown.deployment ? 'Deployment' : 'Of'}</div>
                    <div style={{ lineHeight: '28px', fontWeight: 600 }}>
                      {shown.deployment ? (
                        <SubjectLink subject={`deployment:${shown.deployment}`} />
                      ) : (
                        'the server'
                      )}
                    </div>
                    <div className="stat-note">
                      {shown.model ? (
                        <SubjectLink subject={`model:${shown.model}/${shown.version}`} />
                      ) : (
                        'all deployments'
                      )}
                    </div>
                  </div>
                  <Stat label="Rule" value={ruleWords(shown.rule)} note={severityWords(shown.severity)} />
                  <Stat
                    label="Opened"
                    value={ago(shown.openedAt)}
                    note={`${utc(shown.openedAt, 'second')} UTC`}
                  />
                  <Stat
                    label={shown.resolvedAt ? 'Took' : 'Open for'}
                    value={duration(
                      Date.parse(shown.resolvedAt ?? new Date().toISOString()) - Date.parse(shown.openedAt),
                    )}
                    note={
                      shown.resolvedAt
                        ? `resolved by ${shown.resolvedBy ?? 'itself'}`
                        : shown.acknowledgedBy
                          ? `${shown.acknowledgedBy} looks after it`
                          : 'nobody has taken it'
                    }
                  />
                  <WhenSeen incident={shown} />
                </Stats>
              </div>
            </Panel>
            <IncidentTimeline incident={shown} />
            <IncidentEvidence incident={shown} />
            {shown.evidence.fault ? null : (
              <Panel title="Alerts" flush>
                <AlertsTable alerts={shown.alerts} name={`${id}-alerts`} own />
              </Panel>
            )}
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** The window that opened it, or how often a fault was seen. */
function WhenSeen({ incident: { evidence, window, resolvedWindow } }: { incident: IncidentDetail }) {
  if (evidence.fault)
    return (
      <Stat
        label="Seen"
        value={evidence.fault.count}
        note={`last at ${utc(evidence.fault.seen.at(-1)?.time ?? window, 'second')} UTC`}
      />
    );
  return (
    <Stat
      label="Window (event time)"
      value={utc(window, 'day')}
      note={
        resolvedWindow
          ? `fine again from ${utc(resolvedWindow, 'day')} UTC`
          : `${count(evidence.window.rows)} rows, ${count(evidence.window.labelled)} with outcomes`
      }
    />
  );
}

function IncidentActions({ incident, target }: { incident: IncidentDetail; target: string }) {
  const [asked, ask] = useState<'resolve' | 'note' | null>(null);
  const take = useAct(() => api.post(`${target}/acknowledge`), {
    refresh: ['monitoring'],
    done: 'You look after it now.',
  });
  return (
    <>
      {incident.deployment ? (
        <Link to={path`/${incident.evidence.fault ? 'serving' : 'monitoring'}/${incident.deployment}`}>
          <Button variant="default" component="span">
            {incident.evidence.fault ? 'Deployment' : 'Monitor'}
          </Button>
        </Link>
      ) : null}
      <Button variant="default" onClick={() => ask('note')}>
        Note
      </Button>
      {incident.state === 'resolved' ? null : (
        <Button variant="default" onClick={() => ask('resolve')}>
          Resolve
        </Button>
      )}
      {incident.state === 'open' ? (
        <Button loading={take.isPending} onClick={() => take.mutate()}>
          Acknowledge
        </Button>
      ) : null}
      <Confirm
        open={asked === 'resolve'}
        close={() => ask(null)}
        title={`Resolve the incident of ${incident.deployment ?? 'the server'} by hand`}
        verb="Resolve"
        reason="required"
        run={(reason) => api.post(`${target}/resolve`, { reason })}
      >
        {incident.evidence.fault
          ? 'It would close itself when what it saw is over. A revision in quarantine stays there.'
          : 'It would close itself when the metric recovers. A retraining or rollout that it started goes on.'}
      </Confirm>
      <Confirm
        open={asked === 'note'}
        close={() => ask(null)}
        title="Add a note to the timeline"
        verb="Add the note"
        reason="required"
        run={(text) => api.post(`${target}/note`, { text })}
      />
    </>
  );
}
