import type { EvidenceTest, Rollout } from '../../api/types.ts';
import { count } from '../../ui/format.ts';
import { IntervalPlot } from '../../ui/interval-plot.tsx';
import { signedInterval } from '../../ui/signed.ts';
import { ToneMark, toneOf } from '../../ui/state.tsx';
import { type Marker, TimeSeries } from '../../ui/time-series.tsx';
import { eValue, isOpen, testNumber, testState, testWords } from './deployment-words.ts';
import './serving.css';

/** Every test of a rollout: value against bound over time, n, decision and reason. */
export function RolloutEvidence({ rollout }: { rollout: Rollout }) {
  const { tests } = rollout.evidence;
  if (tests.length === 0)
    return <span className="dim">Nothing was tested: {rollout.reason || 'there was no champion.'}</span>;
  return (
    <div className="stack loose">
      <TestsTable tests={tests} over={!isOpen(rollout)} />
      <div className="tests">
        {tests
          .filter((test) => test.history.length > 1)
          .map((test) => (
            <TestChart key={test.name} test={test} rollout={rollout} />
          ))}
      </div>
      <p className="small dim" style={{ maxWidth: '90ch' }}>
        An e-value says how many times more likely the data are under harm (or, for promotion, under no harm)
        than without. It may be looked at after every request: reaching the bound is rare by chance at any
        look. Both arms score every request, so they compare in pairs.
      </p>
    </div>
  );
}

function Decision({ test, over }: { test: EvidenceTest; over: boolean }) {
  const [state, word] = testState(test, over);
  const tone = toneOf(state);
  return (
    <span className={`state tone-${tone}`}>
      <ToneMark tone={tone} />
      {word}
    </span>
  );
}

function TestsTable({ tests, over }: { tests: EvidenceTest[]; over: boolean }) {
  return (
    <div style={{ overflowX: 'auto' }}>
      <table className="plain-table">
        <thead>
          <tr>
            <th>Decision</th>
            <th>Test</th>
            <th className="right">Value</th>
            <th className="right">Bound</th>
            <th>Value against bound, log scale</th>
            <th className="right">n</th>
            <th className="right">Champion</th>
            <th className="right">Challenger</th>
          </tr>
        </thead>
        <tbody>
          {tests.map((test) => {
            const [title, ask] = testWords(test);
            const log = (value: number) => Math.log10(Math.max(1e-3, value));
            return (
              <tr key={test.name}>
                <td>
                  <Decision test={test} over={over} />
                </td>
                <td style={{ paddingTop: 5, paddingBottom: 5 }}>
                  <b title={ask}>{title}</b>
                  <div className="small dim">{test.reason}</div>
                </td>
                <td className="right" title={test.unit}>
                  {test.unit === 'e-value' ? eValue(test.value) : testNumber(test, test.value)}
                </td>
                <td className="right">{test.bound === null ? '–' : `≥ ${eValue(test.bound)}`}</td>
                <td>
                  {test.bound !== null && test.value !== null ? (
                    <IntervalPlot
                      value={log(test.value)}
                      bound={log(test.bound)}
                      {...(test.kind === 'promotion'
                        ? { boundTone: 'none' as const }
                        : { good: 'below' as const })}
                      domain={[-3, Math.max(log(test.bound) * 1.5, 1)]}
                      tone={toneOf(testState(test, over)[0])}
                      width={170}
                      label={`${title}: ${eValue(test.value)}, bound ${eValue(test.bound)}`}
                    />
                  ) : null}
                </td>
                <td className="right">{count(test.n)}</td>
                <td className="right">{testNumber(test, test.champion)}</td>
                <td className="right">
                  {testNumber(test, test.challenger)}
                  {test.interval ? (
                    <div className="small dim" title="difference to the champion, holds at every look">
                      {signedInterval(
                        (test.interval[0] + test.interval[1]) / 2,
                        test.interval[0],
                        test.interval[1],
                        4,
                      ).replace(/^\S+ /, '')}
                    </div>
                  ) : null}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

function TestChart({ test, rollout }: { test: EvidenceTest; rollout: Rollout }) {
  const [title, ask] = testWords(test);
  const isLog = test.unit === 'e-value';
  const times = test.history.map(([time]) => time);
  const values = test.history.map(([, value]) => (isLog ? Math.max(1e-3, value) : value));
  const markers = rollout.evidence.transitions.map<Marker>((move) => ({
    time: move.time,
    label: move.state === 'canary' ? `${move.weight} %` : move.state.replace('-', ' '),
    tone: move.state === 'promoted' ? 'ok' : move.state === 'rolled-back' ? 'bad' : 'none',
  }));
  return (
    <div className="test">
      <div className="row">
        <b>{title}</b>
        <span className="small dim truncate grow">
          {ask}, n = {count(test.n)}
        </span>
        <Decision test={test} over={!isOpen(rollout)} />
      </div>
      <TimeSeries
        times={times}
        lines={[{ label: isLog ? 'e-value' : test.unit, values, color: test.kind === 'promotion' ? 2 : 1 }]}
        unit={isLog ? 'e-value, log' : ''}
        format={isLog ? (value) => eValue(value) : (value) => testNumber(test, value)}
        height={140}
        log={isLog}
        markers={markers}
        sync={`rollout-${rollout.id}`}
        thresholds={
          test.bound === null
            ? []
            : [
                {
                  value: test.bound,
                  label: test.kind === 'promotion' ? 'may be promoted at' : 'alarm at',
                  tone: test.kind === 'promotion' ? 'none' : 'bad',
                },
              ]
        }
      />
    </div>
  );
}

/** The tests in one line, for lists. */
export function EvidenceLine({ rollout }: { rollout: Rollout }) {
  const alarm = rollout.evidence.tests.find((test) => test.decision === 'alarm');
  if (alarm) {
    return (
      <span style={{ color: 'var(--bad)' }} title={alarm.reason}>
        harm: {testWords(alarm)[0].toLowerCase()}
      </span>
    );
  }
  const promotion = rollout.evidence.tests.find((test) => test.kind === 'promotion');
  if (!promotion) return <span className="faint">–</span>;
  return (
    <span className="dim" title="e-value of the promotion test and the bound that it must reach">
      {eValue(promotion.value)} of {eValue(promotion.bound)}
    </span>
  );
}
