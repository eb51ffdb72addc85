import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { api, path } from '../../api/client.ts';
import type { DeploymentSpec, Rollout } from '../../api/types.ts';
import { count } from '../../ui/format.ts';
import { Confirm } from '../../ui/overlay.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';
import { StateBadge } from '../../ui/state.tsx';
import { SubjectLink } from '../../ui/subject.tsx';
import { expectedDecision, isOpen } from './deployment-words.ts';
import { RolloutEvidence } from './rollout-evidence.tsx';
import { rolloutSettings } from './rollout-settings.ts';
import { RolloutStages } from './rollout-stages.tsx';

/** A rollout: state and reason, its stages, its evidence, and what a person can do about it. */
export function RolloutView({
  rollout,
  spec,
  linked,
}: {
  rollout: Rollout;
  spec: DeploymentSpec | undefined;
  /** Name the rollout in the head, for pages that are not its own. */
  linked?: boolean;
}) {
  const settings = rolloutSettings(spec);
  const { requests, labelled } = rollout.evidence;
  const expected = expectedDecision(rollout, settings.minimumLabelled);
  return (
    <Panel
      title={
        linked ? (
          <Link to={path`/serving/rollouts/${rollout.id}`}>{headline(rollout)}</Link>
        ) : (
          headline(rollout)
        )
      }
      note={<StateBadge state={rollout.state} />}
      actions={isOpen(rollout) ? <RolloutActions rollout={rollout} /> : undefined}
      data={{
        name: `${rollout.id}-evidence`,
        rows: rollout.evidence.tests.map(({ history, ...test }) => ({ ...test, points: history.length })),
      }}
    >
      <div className="stack loose">
        <div>
          <b>{rollout.reason || 'It has just started.'}</b>
          {rollout.approval ? (
            <span className="dim">
              {' '}
              Approval <SubjectLink subject={`approval:${rollout.approval}`} />.
            </span>
          ) : null}
        </div>
        <RolloutStages rollout={rollout} />
        {rollout.champion ? (
          <Stats>
            <Stat label="Paired requests" value={requests.paired} note="scored by both arms" />
            <Stat
              label="Answered by the challenger"
              value={requests.challenger}
              note={`${count(requests.champion)} by the champion`}
            />
            <Stat
              label="With outcomes"
              value={labelled}
              note={
                settings.requireLabels
                  ? `at least ${count(settings.minimumLabelled)} for promotion`
                  : 'not asked for'
              }
            />
            <div className="stat">
              <div className="stat-label">Expected to decide</div>
              <div style={{ lineHeight: '28px', fontWeight: 600 }}>{expected.text}</div>
              <div className="stat-note">
                {rollout.state === 'canary' || rollout.state === 'shadow'
                  ? 'if the evidence grows as in the newer half'
                  : ''}
              </div>
            </div>
          </Stats>
        ) : null}
        <RolloutEvidence rollout={rollout} />
      </div>
    </Panel>
  );
}

function headline(rollout: Rollout): string {
  const next = rollout.challenger ? `version ${rollout.challenger.version}` : 'A version';
  return rollout.champion
    ? `Rollout of ${next} against version ${rollout.champion.version}`
    : `First rollout: ${next}`;
}

function RolloutActions({ rollout }: { rollout: Rollout }) {
  const [asked, ask] = useState<'abort' | 'promote' | null>(null);
  const next = rollout.challenger?.version;
  const now = rollout.champion?.version;
  const act = (verb: 'abort' | 'promote') => (reason: string) =>
    api.post(path`/api/serving/rollouts/${rollout.id}/${verb}`, { reason });
  return (
    <span className="row">
      <Button variant="default" size="compact-sm" color="red" onClick={() => ask('abort')}>
        Abort
      </Button>
      {rollout.state === 'awaiting-approval' ? null : (
        <Button variant="default" size="compact-sm" onClick={() => ask('promote')}>
          Promote now
        </Button>
      )}
      <Confirm
        open={asked === 'abort'}
        close={() => ask(null)}
        title={`Abort the rollout of version ${next} to ${rollout.deployment}`}
        verb="Abort the rollout"
        danger
        reason="required"
        run={act('abort')}
      >
        {now === undefined
          ? 'Nothing serves here afterwards.'
          : `Version ${now} answers every request from the next one on.`}{' '}
        The evidence stays on record; the version can be deployed again.
      </Confirm>
      <Confirm
        open={asked === 'promote'}
        close={() => ask(null)}
        title={`Make version ${next} the champion of ${rollout.deployment} now`}
        verb="Promote now"
        danger
        reason="required"
        run={act('promote')}
      >
        Version {next} answers every request from the next one on, before the evidence suffices.{' '}
        {now === undefined ? '' : `Version ${now} stays ready: one click goes back to it.`}
      </Confirm>
    </span>
  );
}
