import type { Rollout } from '../../api/types.ts';
import { duration, utc } from '../../ui/format.ts';
import './serving.css';

type Stage = {
  key: string;
  label: string;
  state: 'done' | 'now' | 'ahead' | 'bad' | 'warn' | 'pause';
  since: number | null;
  until: number | null;
};

const ends: Record<string, Stage['state']> = {
  promoted: 'done',
  'rolled-back': 'bad',
  aborted: 'pause',
  held: 'warn',
};

/** The way of a rollout: what is behind it with its times, where it is, and what lies ahead. */
export function RolloutStages({ rollout }: { rollout: Rollout }) {
  return (
    <div className="stages">
      {stagesOf(rollout).map((stage) => (
        <div key={stage.key} className={`stage ${stage.state}`} aria-current={stage.state === 'now'}>
          <b>{stage.label}</b>
          <span className="small dim">
            {stage.since === null
              ? 'ahead'
              : stage.until !== null
                ? `${utc(stage.since, 'second').slice(11)}, for ${duration(stage.until - stage.since)}`
                : stage.state === 'now'
                  ? `since ${utc(stage.since, 'second').slice(11)}`
                  : `${utc(stage.since, 'second')} UTC`}
          </span>
        </div>
      ))}
    </div>
  );
}

function stagesOf(rollout: Rollout): Stage[] {
  const moves = rollout.evidence.transitions;
  const over = rollout.state in ends && rollout.state !== 'held';
  const made = moves.map<Stage>((move, at) => {
    const next = moves[at + 1];
    const last = next === undefined;
    return {
      key: `${at} ${move.state} ${move.weight}`,
      label: labelOf(move.state, move.weight),
      state: last ? (ends[move.state] ?? (over ? 'done' : 'now')) : 'done',
      since: move.time,
      until: next?.time ?? null,
    };
  });
  if (over || rollout.steps.length === 0) return made;
  const reached = rollout.state === 'canary' || rollout.state === 'held' ? rollout.step : 0;
  const ahead = rollout.steps
    .slice(reached)
    .map<Stage>((weight, at) => aheadOf(`ahead ${at}`, labelOf('canary', weight)));
  const shadow = rollout.state === 'awaiting-approval' ? [aheadOf('shadow ahead', labelOf('shadow', 0))] : [];
  return [...made, ...shadow, ...ahead, aheadOf('end', 'Champion')];
}

function aheadOf(key: string, label: string): Stage {
  return { key, label, state: 'ahead', since: null, until: null };
}

function labelOf(state: string, weight: number): string {
  const labels: Record<string, string> = {
    'awaiting-approval': 'Awaiting approval',
    shadow: 'Shadow, 0 %',
    promoted: 'Champion, 100 %',
    'rolled-back': 'Rolled back',
    aborted: 'Aborted',
    held: 'Held',
  };
  return labels[state] ?? `${weight} % of requests`;
}
