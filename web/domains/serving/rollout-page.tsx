import { useParams } from '@tanstack/react-router';
import { path } from '../../api/client.ts';
import { useApi } from '../../api/hooks.ts';
import type { Deployment, Rollout } from '../../api/types.ts';
import { Loaded } from '../../ui/feedback.tsx';
import { utc } from '../../ui/format.ts';
import { KeyValue } from '../../ui/key-value.tsx';
import { Page } from '../../ui/page.tsx';
import { Panel } from '../../ui/panel.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { isOpen } from './deployment-words.ts';
import { RolloutView } from './rollout-view.tsx';

/** One rollout with its evidence, live while it runs. */
export function RolloutPage() {
  const { id } = useParams({ strict: false }) as { id: string };
  const target = path`/api/serving/rollouts/${id}`;
  const rollout = useApi<Rollout>(target, { every: 2_000, keep: false });
  const deployment = useApi<Deployment>(path`/api/serving/deployments/${rollout.data?.deployment ?? ''}`, {
    enabled: rollout.data !== undefined,
  });
  const found = rollout.data;
  return (
    <Page
      of={rollout}
      title={
        found?.challenger ? `Version ${found.challenger.version} to ${found.deployment}` : `Rollout ${id}`
      }
      crumbs={[
        { label: 'Deployments', to: '/serving' },
        ...(found ? [{ label: found.deployment, to: path`/serving/${found.deployment}` }] : []),
      ]}
      subject={`rollout:${id}`}
      state={found ? <StateBadge state={found.state} /> : undefined}
      api={{ path: target, cli: `houston why rollout:${id}` }}
    >
      <Loaded query={rollout} height={460}>
        {(shown) => (
          <>
            <RolloutView rollout={shown} spec={deployment.data?.spec} />
            <Panel title="Moves" span={8} flush>
              <table className="plain-table">
                <thead>
                  <tr>
                    <th>Time (UTC)</th>
                    <th>State</th>
                    <th className="right">Share</th>
                    <th>Reason</th>
                  </tr>
                </thead>
                <tbody>
                  {shown.evidence.transitions.map((move) => (
                    <tr key={`${move.time} ${move.state} ${move.weight}`}>
                      <td className="nowrap">{utc(move.time, 'second')}</td>
                      <td>
                        <StateBadge state={move.state} bare />
                      </td>
                      <td className="right">{move.weight} %</td>
                      <td>{move.reason}</td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </Panel>
            <Panel title="Rollout" span={4}>
              <KeyValue
                items={[
                  [
                    'Challenger',
                    shown.challenger ? (
                      <SubjectLink
                        key="c"
                        subject={`model:${shown.challenger.model}/${shown.challenger.version}`}
                      />
                    ) : null,
                  ],
                  [
                    'Champion',
                    shown.champion ? (
                      <SubjectLink
                        key="h"
                        subject={`model:${shown.champion.model}/${shown.champion.version}`}
                      />
                    ) : (
                      'none before'
                    ),
                  ],
                  ['Started by', shown.actor],
                  ['Started', shown.startedAt ? `${utc(shown.startedAt, 'second')} UTC` : null],
                  [
                    'Ended',
                    shown.endedAt
                      ? `${utc(shown.endedAt, 'second')} UTC`
                      : isOpen(shown)
                        ? 'still open'
                        : null,
                  ],
                  [
                    'Approval',
                    shown.approval ? (
                      <SubjectLink key="a" subject={`approval:${shown.approval}`} />
                    ) : (
                      'none asked for'
                    ),
                  ],
                ]}
              />
            </Panel>
          </>
        )}
      </Loaded>
    </Page>
  );
}
