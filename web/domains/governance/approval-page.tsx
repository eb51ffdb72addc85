import { Link, useParams } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { Approval, Model } from '../../api/types.ts';
import { CopyId, Digest } from '../../ui/copy-id.tsx';
import { Loaded } from '../../ui/feedback.tsx';
import { ago, utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { RiskMatrix } from '../registry/risk-matrix.tsx';
import { approvalTitle, decidedWords } from './approval-words.ts';
import { DecideButtons } from './decide.tsx';

/** One approval: what is asked, at what risk, who decided what. */
export function ApprovalPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const target = path`/api/governance/approvals/${id}`;
  const approval = useApi<Approval>(target);
  const model = useApi<Model>(path`/api/registry/models/${approval.data?.model ?? ''}`, {
    enabled: approval.data?.kind === 'promotion',
  });
  const risk = model.data?.risk;
  return (
    <Page
      of={approval}
      title={approval.data ? approvalTitle(approval.data) : 'Approval'}
      crumbs={[{ label: 'Governance', to: '/governance' }]}
      subject={`approval:${id}`}
      state={approval.data ? <StateBadge state={approval.data.state} /> : undefined}
      actions={approval.data?.state === 'pending' ? <DecideButtons approval={approval.data} /> : undefined}
      api={{ path: target, cli: `houston approvals approve ${id} --reason TEXT` }}
    >
      <Loaded query={approval} height={320}>
        {(item) => (
          <>
            <Panel title="What is asked" span={item.kind === 'promotion' ? 7 : 12}>
              <KeyValue
                items={[
                  ...boundTo(item),
                  ['Asked by', item.requester],
                  ['Asked', `${utc(item.requestedAt, 'second')} UTC`],
                  [
                    'Policy',
                    item.policy ? <SubjectLink key="p" subject={`policy:${item.policy}`} /> : undefined,
                  ],
                  ['Takes', `${item.required} of the role ${item.roles.join(' or ')}`],
                  ['May not decide', item.excluded.join(', ') || undefined],
                  [
                    item.state === 'pending' ? 'Expires' : 'Decided',
                    item.state === 'pending'
                      ? `${utc(item.expiresAt)} UTC, ${ago(item.expiresAt)}`
                      : item.decidedAt
                        ? `${utc(item.decidedAt, 'second')} UTC`
                        : undefined,
                  ],
                  ['Id', <CopyId key="i" id={item.id} />],
                ]}
              />
            </Panel>
            {item.kind === 'promotion' ? <RiskPanel severity={item.severity} risk={risk} /> : null}
            <Panel title="Decisions" note={`${decidedWords(item)}; each stands in the ledger`} flush>
              {item.decisions.length === 0 ? (
                <div className="dim" style={{ padding: 12 }}>
                  Nobody has decided yet.
                </div>
              ) : (
                <table className="plain-table">
                  <tbody>
                    {item.decisions.map((decision) => (
                      <tr key={`${decision.actor}:${decision.time}`}>
                        <td style={{ width: 120 }}>
                          <StateBadge state={decision.decision === 'approve' ? 'approved' : 'rejected'} />
                        </td>
                        <td style={{ width: 180 }}>{decision.actor}</td>
                        <td>{decision.reason}</td>
                        <td className="right dim">{utc(decision.time, 'second')} UTC</td>
                      </tr>
                    ))}
                  </tbody>
                </table>
              )}
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  );
}

/** What the decision is about and what it holds for. */
function boundTo(item: Approval): [string, ReactNode | undefined][] {
  if (item.kind === 'step') {
    return [
      ['Question', item.question],
      ['About', <SubjectLink key="a" subject={item.subject} />],
      ['Waits', <SubjectLink key="w" subject={`run:${item.run}`} />],
      ['Step', item.step],
    ];
  }
  return [
    [
      'Version',
      <Link key="v" to={`/registry/${encodeURIComponent(item.model)}/${item.version}`}>
        {item.model} version {item.version}: evaluation and gate verdict
      </Link>,
    ],
    ['To', item.environment],
    ['Bound to', <Digest key="g" digest={item.digest} />],
  ];
}

function RiskPanel({ severity, risk }: { severity: Approval['severity']; risk: Model['risk'] | undefined }) {
  return (
    <Panel
      title="Risk"
      note={severity ? `${severity}; probability × impact` : 'not rated, which counts as the highest'}
      span={5}
    >
      {risk ? (
        <RiskMatrix risk={risk} />
      ) : (
        <p className="dim">
          Nobody has rated this model. Declare its probability and impact, 1 to 5 each, under risk in
          houston.yaml.
        </p>
      )}
    </Panel>
  );
}
