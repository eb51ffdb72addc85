import { useNavigate } from '@tanstack/react-router';
import { useList } from '../../api/hooks.ts';
import type { Approval, Policy } from '../../api/types.ts';
import { inEnvironment, useEnvironment } from '../../app/environment.ts';
import { ageColumn } from '../../ui/age-column.tsx';
import { JsonBlock } from '../../ui/code-block.tsx';
import { Digest } from '../../ui/copy-id.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Empty, Loaded } from '../../ui/feedback.tsx';
import { ago } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { Tabs, useTab } from '../../ui/tabs.tsx';
import { approvalTitle, decidedWords, policySentence, riskWords } from './approval-words.ts';
import { DecideButtons } from './decide.tsx';
import { Inventory } from './inventory.tsx';

const columns: Column<Approval>[] = [
  {
    key: 'state',
    title: 'State',
    value: (item) => item.state,
    render: (item) => <StateBadge state={item.state} />,
    width: '120px',
  },
  {
    key: 'title',
    title: 'What',
    value: approvalTitle,
    render: (item) => <b>{approvalTitle(item)}</b>,
    width: 'minmax(256px, 1.6fr)',
  },
  { key: 'severity', title: 'Risk', value: riskWords, width: '100px' },
  { key: 'by', title: 'Asked by', value: (item) => item.requester, width: '150px' },
  {
    key: 'decisions',
    title: 'Decided by',
    value: (item) => item.decisions.map((decision) => `${decision.actor} (${decision.decision})`).join(', '),
    width: 'minmax(160px, 1.2fr)',
  },
  { key: 'policy', title: 'Policy', value: (item) => item.policy ?? '', width: '140px', spare: 1 },
  ageColumn('asked', 'Asked', (item) => item.requestedAt),
];

/** What waits for approval, what the policies ask, and everything that decides. */
export function GovernancePage() {
  const approvals = useList<Approval>('/api/governance/approvals');
  const [tab] = useTab('approvals');
  const [environment] = useEnvironment();
  const shown = (approvals.data?.items ?? []).filter((item) =>
    inEnvironment(item.environment ?? undefined, environment),
  );
  const pending = shown.filter((item) => item.state === 'pending');
  return (
    <Page
      title="Governance"
      state={
        approvals.data ? (
          <StateBadge
            state={pending.length > 0 ? 'pending' : approvals.data.items.length > 0 ? 'healthy' : 'no data'}
            title={`${pending.length} waiting for a decision`}
          />
        ) : undefined
      }
      api={{ path: '/api/governance/approvals', cli: 'houston approvals list' }}
      tabs={
        <Tabs
          items={[
            { key: 'approvals', label: 'Approvals', count: pending.length },
            { key: 'policies', label: 'Policies' },
            { key: 'inventory', label: 'Inventory' },
          ]}
        />
      }
    >
      {tab === 'approvals' ? <Approvals approvals={approvals} shown={shown} pending={pending} /> : null}
      {tab === 'policies' ? <Policies /> : null}
      {tab === 'inventory' ? <Inventory /> : null}
    </Page>
  );
}

function Approvals({
  approvals,
  shown,
  pending,
}: {
  approvals: ReturnType<typeof useList<Approval>>;
  shown: Approval[];
  pending: Approval[];
}) {
  const navigate = useNavigate();
  return (
    <>
      <Panel
        title="Waiting for a decision"
        note={pending.length > 0 ? 'each is bound to a digest or to a step that waits' : undefined}
        flush
      >
        {pending.map((approval) => (
          <div className="need" key={approval.id}>
            <StateBadge state={approval.state} />
            <div className="grow">
              <div>
                <b>{approvalTitle(approval)}</b>
              </div>
              <div className="small dim truncate">
                {decidedWords(approval)} ·{' '}
                {approval.kind === 'promotion' ? `risk ${riskWords(approval)} · ` : ''}
                asked {ago(approval.requestedAt)} by {approval.requester} ·{' '}
                {approval.kind === 'promotion' ? (
                  <Digest digest={approval.digest} />
                ) : (
                  <SubjectLink subject={approval.subject} />
                )}
              </div>
            </div>
            <div className="row">
              <DecideButtons approval={approval} />
            </div>
          </div>
        ))}
        {approvals.data && pending.length === 0 ? (
          <div className="dim" style={{ padding: 12 }}>
            Nothing waits. Rollouts above the risk that the policy names stop here until somebody else than
            their author decides.
          </div>
        ) : null}
      </Panel>
      <Panel title="All approvals" flush>
        <Loaded query={approvals} rows={5}>
          {() => (
            <DataTable
              name="approvals"
              rows={shown}
              columns={columns}
              rowKey={(item) => item.id}
              sort="-asked"
              onOpen={(item) => void navigate({ to: `/governance/approvals/${item.id}` })}
              empty={
                <Empty
                  title={
                    approvals.data?.items.length
                      ? 'No approval has been asked for in this environment'
                      : 'No approval has been asked for'
                  }
                >
                  A policy decides when one is; see the tab Policies.
                </Empty>
              }
            />
          )}
        </Loaded>
      </Panel>
    </>
  );
}

function Policies() {
  const policies = useList<Policy>('/api/governance/policies');
  return (
    <Loaded query={policies} height={240}>
      {(list) => (
        <>
          {list.items.length === 0 ? (
            <Panel>
              <Empty
                title="No policy of your own"
                command={`# houston.yaml
policies:
  production:
    approvals: { when: { severity: high }, required: 1, roles: [approver] }`}
              >
                The safe defaults hold: a version ships only through its gate, and by canary. Declare a policy
                to ask for people too.
              </Empty>
            </Panel>
          ) : null}
          {list.items.map((policy) => (
            <PolicyPanel key={policy.name} policy={policy} />
          ))}
        </>
      )}
    </Loaded>
  );
}

function PolicyPanel({ policy }: { policy: Policy }) {
  return (
    <Panel
      title={policy.name}
      note={`revision ${policy.revision}, ${ago(policy.createdAt)} by ${policy.actor}`}
      span={6}
      actions={policy.spec.enabled === false ? <StateBadge state="paused" /> : undefined}
    >
      <div className="stack">
        {policy.spec.description ? <p className="dim">{policy.spec.description}</p> : null}
        <p>{policySentence(policy)}</p>
        <JsonBlock value={policy.spec.approvals} />
        <span className="small dim">
          Frozen as <Digest digest={policy.digest} />
        </span>
      </div>
    </Panel>
  );
}
