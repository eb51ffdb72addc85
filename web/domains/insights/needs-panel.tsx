import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import { ago } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { approvalTitle } from '../governance/approval-words.ts';
import { DecideButtons } from '../governance/decide.tsx';
import type { Need } from './needs.ts';

/** What waits for a person, each with what can be done about it. */
export function NeedsPanel({ needs }: { needs: Need[] }) {
  return (
    <Panel
      title="Needs a person"
      note={needs.length === 0 ? undefined : `${needs.length} open, oldest first`}
      flush
    >
      {needs.length === 0 ? (
        <div style={{ padding: 12 }} className="dim">
          Nothing waits for you. Approvals, held rollouts and open incidents will stand here.
        </div>
      ) : (
        needs.map((need) => <NeedLine key={keyOf(need)} need={need} />)
      )}
    </Panel>
  );
}

function keyOf(need: Need): string {
  if (need.kind === 'approval') return need.approval.id;
  if (need.kind === 'dead-letter') return `${need.letter.reactor} ${need.letter.eventId}`;
  return need.kind === 'rollout' ? (need.deployment.rollout?.id ?? need.deployment.name) : need.incident.id;
}

function NeedLine({ need }: { need: Need }) {
  if (need.kind === 'approval') {
    const { approval } = need;
    return (
      <Line
        state="pending"
        since={need.since}
        title={<Link to={`/governance/approvals/${approval.id}`}>{approvalTitle(approval)}</Link>}
        text="waits for approval"
      >
        <DecideButtons approval={approval} compact />
      </Line>
    );
  }
  if (need.kind === 'rollout') {
    const { deployment } = need;
    const rollout = deployment.rollout;
    return (
      <Line
        state="held"
        since={need.since}
        title={<Link to={`/serving/${encodeURIComponent(deployment.name)}`}>{deployment.name}</Link>}
        text={rollout?.reason || 'the rollout is held'}
      >
        <Link to={`/serving/rollouts/${rollout?.id}`}>Decide</Link>
      </Line>
    );
  }
  if (need.kind === 'dead-letter') {
    const { letter } = need;
    return (
      <Line
        state="failed"
        since={need.since}
        title={<Link to={`/ledger/events/${letter.eventId}`}>{letter.reactor} gave up on an event</Link>}
        text={letter.error.split('\n')[0] ?? ''}
      >
        <Link to="/settings">Try once more</Link>
      </Line>
    );
  }
  return <IncidentLine need={need} />;
}

function IncidentLine({ need }: { need: Extract<Need, { kind: 'incident' }> }) {
  const { incident } = need;
  const act = useAct(() => api.post(`${path`/api/monitoring/incidents/${incident.id}`}/acknowledge`), {
    done: `You have taken the incident on ${incident.deployment ?? 'the server'}.`,
    refresh: ['monitoring'],
  });
  return (
    <Line
      state="open"
      since={need.since}
      title={<Link to={`/monitoring/incidents/${incident.id}`}>{incident.title}</Link>}
      text={`${incident.deployment ?? 'the server'} · ${incident.reason}`}
    >
      <Button size="compact-sm" variant="default" loading={act.isPending} onClick={() => act.mutate()}>
        Acknowledge
      </Button>
    </Line>
  );
}

function Line({
  state,
  since,
  title,
  text,
  children,
}: {
  state: string;
  since: string | undefined;
  title: ReactNode;
  text: string;
  children: ReactNode;
}) {
  return (
    <div className="need">
      <StateBadge state={state} />
      <div className="grow">
        <div className="truncate">{title}</div>
        <div className="small dim truncate">
          {text}
          {since ? ` · ${ago(since)}` : ''}
        </div>
      </div>
      <div className="row">{children}</div>
    </div>
  );
}
