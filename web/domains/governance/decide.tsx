import { Button } from '@mantine/core';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import { useAct } from '../../api/hooks.ts';
import type { Approval } from '../../api/types.ts';
import { may, useMe } from '../../app/auth.ts';
import { Digest } from '../../ui/copy-id.tsx';
import { KeyValue } from '../../ui/key-value.tsx';
import { Confirm } from '../../ui/overlay.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { approvalTitle, decidedWords } from './approval-words.ts';

/** Why this person may not decide; null when they may. */
function hindrance(
  approval: Approval,
  me: { id: string; roles: string[]; permissions: string[] } | undefined,
): string | null {
  if (!me) return null;
  const actor = `user:${me.id}`;
  if (approval.excluded.some((name) => name === me.id || name === actor))
    return 'You asked for it or built it; another person decides.';
  if (approval.decisions.some((decision) => decision.actor === me.id || decision.actor === actor))
    return 'You have decided already.';
  if (!approval.roles.some((role) => me.roles.includes(role)))
    return `Decided by people in the role ${approval.roles.join(' or ')}.`;
  return may({ ...me, login: true }, 'governance.approve') ? null : 'Your roles do not allow approvals.';
}

function consequence(approval: Approval, rejecting: boolean): string {
  if (approval.kind === 'step') return rejecting ? 'The run stops here.' : 'The run goes on at once.';
  return rejecting
    ? 'It will not ship; what serves now goes on serving.'
    : 'With the last approval it goes on at once. The approval holds for exactly these bytes and nothing else.';
}

/** Approve and reject, each with a dialog that names what it does and asks for the reason. */
export function DecideButtons({ approval, compact }: { approval: Approval; compact?: boolean }) {
  const me = useMe();
  const [decision, setDecision] = useState<'approve' | 'reject' | null>(null);
  const act = useAct(
    (input: { decision: 'approve' | 'reject'; reason: string }) =>
      api.post(`${path`/api/governance/approvals/${approval.id}`}/decisions`, input),
    {
      quiet: true,
      refresh: ['governance', 'serving', 'registry', 'pipelines'],
      done: (_output, input) =>
        input.decision === 'approve'
          ? 'Approved; it stands in the ledger.'
          : 'Rejected; it stands in the ledger.',
    },
  );
  const why = hindrance(approval, me.data);
  if (why) {
    return (
      <span className="dim small" title={why}>
        {compact ? 'Another person decides' : why}
      </span>
    );
  }
  const rejecting = decision === 'reject';
  return (
    <>
      <Button variant="default" size={compact ? 'compact-sm' : 'xs'} onClick={() => setDecision('reject')}>
        Reject
      </Button>
      <Button size={compact ? 'compact-sm' : 'xs'} onClick={() => setDecision('approve')}>
        Approve
      </Button>
      <Confirm
        open={decision !== null}
        close={() => setDecision(null)}
        title={`${rejecting ? 'Reject' : 'Approve'} ${approvalTitle(approval)}`}
        verb={rejecting ? 'Reject' : 'Approve'}
        danger={rejecting}
        reason="required"
        run={(reason) => act.mutateAsync({ decision: decision ?? 'reject', reason })}
      >
        <KeyValue
          items={[
            ['About', <SubjectLink key="s" subject={approval.subject} />],
            approval.kind === 'step'
              ? ['For', <SubjectLink key="r" subject={`run:${approval.run}`} />]
              : ['Bound to', <Digest key="d" digest={approval.digest} />],
            ['Asked by', approval.requester],
            ['So far', decidedWords(approval)],
            ['Policy', approval.policy ?? undefined],
          ]}
        />
        <p className="dim" style={{ marginTop: 8 }}>
          {consequence(approval, rejecting)}
        </p>
      </Confirm>
    </>
  );
}
