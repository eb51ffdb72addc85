import type { Deployment } from '../../api/types.ts';
import { bytes, count, duration } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { Stat, Stats } from '../../ui/stat.tsx';

const reasons: Record<string, string> = {
  'queue-full': 'queue full',
  deadline: 'would be late',
  expired: "past the caller's deadline",
  caller: 'caller over its rate',
  'server-full': 'server full',
};

/** How much the deployment takes on, and whom it sends away. */
export function LoadPanel({ deployment: { load, spec, residency } }: { deployment: Deployment }) {
  const refused = Object.entries(load.rejected).filter(([, times]) => times > 0);
  const deadline = limitOf(spec, 'deadlineMs');
  return (
    <Panel title="Load" note="limits are declared; what is over them is refused at once with 429 or 503">
      <Stats>
        <Stat
          label="Running"
          value={load.running}
          note={`at most ${limitOf(spec, 'maxConcurrent') ?? 'what its runner takes'}`}
        />
        <Stat label="Waiting" value={load.queued} note={`at most ${limitOf(spec, 'maxQueue') ?? 1000}`} />
        <Stat
          label="Mean wait"
          value={duration(load.meanWaitMs)}
          note={`${count(load.waited)} waited; deadline ${deadline === undefined ? 'of a run' : duration(deadline)}`}
        />
        <Stat
          label="Refused"
          value={refused.reduce((sum, [, times]) => sum + times, 0)}
          note={
            refused.map(([reason, times]) => `${count(times)} ${reasons[reason] ?? reason}`).join(', ') ||
            'since start'
          }
        />
        <Stat
          label="In memory"
          value={residency.state === 'cold' ? 'cold' : bytes(residency.bytes)}
          note={residency.state === 'cold' ? 'loads at its next request' : 'estimated'}
        />
      </Stats>
    </Panel>
  );
}

function limitOf(spec: Deployment['spec'], name: string): number | undefined {
  return (spec.limits as Record<string, number> | undefined)?.[name];
}
