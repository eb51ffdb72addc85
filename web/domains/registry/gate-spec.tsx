import type { Model } from '../../api/types.ts';
import { brief } from '../../ui/format.ts';
import { Panel } from '../../ui/panel.tsx';
import { metricWords } from '../monitoring/monitor-words.ts';
import { checkTitle } from './check-words.ts';

/** The checks that every version meets with nothing configured, and their safe bounds. */
const standard: [name: string, bound: string][] = [
  ['loads', 'must open'],
  ['signature', '0 differences'],
  ['outputs', '0 rows'],
  ['champion', 'AUC at most 0.010 worse (losses: 2 %), by the whole interval'],
  ['baseline', 'surely better than the baseline'],
  ['calibration', 'error ≤ 0.050, or no worse than the champion'],
  ['slices', 'no slice surely more than 5 % worse in log loss'],
  ['latency', '≤ 100 ms at p99 for one row'],
  ['deterministic', 'scores differ by at most 1e-4'],
];

type Change = { check?: string; bound?: number; metric?: string; critical?: boolean; enabled?: boolean };

/** What a version must pass before it ships: the safe defaults, and what this model changes. */
export function GateSpec({ model }: { model: Model }) {
  const changes = (model.gate.checks ?? []) as Change[];
  const own = changes.filter((change) => change.check === 'metric');
  return (
    <Panel
      title="Gate"
      note={`judges by ${metricWords(model.gate.primaryMetric ?? 'auc').label}; ${changes.length === 0 ? 'the safe defaults' : `${changes.length} set for this model, the rest by default`}; a check without enough evidence holds`}
      flush
    >
      <div style={{ overflowX: 'auto' }}>
        <table className="plain-table">
          <thead>
            <tr>
              <th>Check</th>
              <th>What it asks</th>
              <th>Bound</th>
              <th>If it fails</th>
              <th>Set by</th>
            </tr>
          </thead>
          <tbody>
            {standard.map(([name, bound]) => {
              const change = changes.find((one) => one.check === name);
              return <SpecLine key={name} name={name} bound={bound} change={change} />;
            })}
            {own.map((change) => (
              <SpecLine key={`${change.metric} ${change.bound}`} name="metric" bound="" change={change} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function SpecLine({ name, bound, change }: { name: string; bound: string; change: Change | undefined }) {
  const [title, ask] = checkTitle({ name: name as never, unit: change?.metric ?? '' });
  const off = change?.enabled === false;
  const dim = off ? 'faint' : undefined;
  const floor = /auc/i.test(change?.metric ?? '') || name === 'baseline' ? '≥' : '≤';
  return (
    <tr>
      <td className={dim}>
        <b>{title}</b>
      </td>
      <td className={dim ?? 'dim'}>{ask}</td>
      <td className={dim}>
        {off ? 'switched off' : change?.bound === undefined ? bound : `${floor} ${brief(change.bound)}`}
      </td>
      <td className={dim}>{off ? '–' : change?.critical === false ? 'shown only' : 'no-go'}</td>
      <td className="dim">{change ? 'this model' : 'default'}</td>
    </tr>
  );
}
