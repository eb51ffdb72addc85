import type { GateCheck, GateVerdict } from '../../api/types.ts';
import { ago } from '../../ui/format.ts';
import { IntervalPlot } from '../../ui/interval-plot.tsx';
import { Panel } from '../../ui/panel.tsx';
import { signed } from '../../ui/signed.ts';
import { StateBadge, toneOf } from '../../ui/state.tsx';
import {
  changeTo,
  checkBound,
  checkNumber,
  checkState,
  checkTitle,
  checkValue,
  goodSide,
  verdictReason,
} from './check-words.ts';
import './registry.css';

/** The go / no-go board: one line per check, each with number, bound and reason. */
export function GateBoard({ verdict }: { verdict: GateVerdict }) {
  const { champion } = verdict;
  return (
    <Panel
      title="Go / no-go board"
      note={
        <>
          judged {ago(verdict.createdAt)}
          {champion ? ` against champion version ${champion.version}` : ', without a champion'}; intervals 95
          %
        </>
      }
      data={{ name: `${verdict.model}-${verdict.version}-gate`, rows: verdict.checks }}
      flush
    >
      <div className={`verdict tone-${toneOf(verdict.decision)}`}>
        <span className="verdict-word">{verdict.decision}</span>
        <span className="grow">{verdictReason(verdict)}</span>
        <span className="small nowrap">by {verdict.actor}</span>
      </div>
      <div style={{ overflowX: 'auto' }}>
        <table className="plain-table board">
          <thead>
            <tr>
              <th>Verdict</th>
              <th>Check and reason</th>
              <th className="right">Value (95 %)</th>
              <th className="right">Bound</th>
              <th>
                <BoardLegend />
              </th>
              <th className="right">Champion</th>
              <th className="right">Baseline</th>
            </tr>
          </thead>
          <tbody>
            {verdict.checks.map((check) => (
              <BoardLine key={`${check.name} ${check.unit} ${check.bound}`} check={check} />
            ))}
          </tbody>
        </table>
      </div>
    </Panel>
  );
}

function BoardLegend() {
  return (
    <span className="row" style={{ gap: 8 }}>
      <span className="legend-item">
        <svg width="10" height="10" aria-hidden="true">
          <circle cx="5" cy="5" r="3.500" fill="var(--dim)" />
        </svg>
        value
      </span>
      <span className="legend-item">
        <svg width="4" height="10" aria-hidden="true">
          <line x1="2" x2="2" y1="0" y2="10" stroke="var(--bad)" strokeWidth="1.500" />
        </svg>
        bound
      </span>
      <span className="legend-item">
        <svg width="10" height="10" aria-hidden="true">
          <path d="M5 1 9 5 5 9 1 5Z" fill="none" stroke="var(--dim)" />
        </svg>
        champion
      </span>
      <span className="legend-item">
        <svg width="10" height="10" aria-hidden="true">
          <path d="M2 2H8V8H2Z" fill="none" stroke="var(--dim)" />
        </svg>
        baseline
      </span>
    </span>
  );
}

function BoardLine({ check }: { check: GateCheck }) {
  const [title, ask] = checkTitle(check);
  const state = checkState(check);
  const comparable = check.name !== 'champion' && check.name !== 'baseline';
  const drawn = check.value !== null && check.bound !== null;
  return (
    <tr>
      <td>
        <StateBadge state={state} />
      </td>
      <td className="board-check">
        <div className="nowrap" title={ask}>
          <b>{title}</b>
          {check.critical ? null : (
            <span className="tag" style={{ marginLeft: 6 }} title="Shown, but neither stops nor holds">
              advisory
            </span>
          )}
        </div>
        <div className="small dim">{check.reason || ask}</div>
      </td>
      <td className="right" title={check.unit}>
        <div>{checkNumber(check, check.value)}</div>
        <div className="small dim">
          {check.interval
            ? `${checkNumber(check, check.interval[0])} to ${checkNumber(check, check.interval[1])}`
            : ''}
        </div>
      </td>
      <td className="right">{checkBound(check)}</td>
      <td>
        {drawn ? (
          <IntervalPlot
            value={check.value}
            interval={check.interval}
            bound={check.bound}
            good={goodSide(check)}
            tone={check.decision === 'none' ? 'none' : toneOf(state)}
            marks={
              comparable
                ? [
                    { value: check.champion, label: 'champion', shape: 'champion' },
                    { value: check.baseline, label: 'baseline', shape: 'baseline' },
                  ]
                : []
            }
            width={200}
            label={`${checkValue(check)} ${check.unit}; bound ${checkBound(check)}`}
          />
        ) : (
          <span className="faint">{check.decision === 'none' ? '' : 'yes or no'}</span>
        )}
      </td>
      <td className="right">
        <Other check={check} value={check.champion} />
      </td>
      <td className="right">
        <Other check={check} value={check.baseline} />
      </td>
    </tr>
  );
}

/** What another model has, and the candidate's change to it. */
function Other({ check, value }: { check: GateCheck; value: number | null }) {
  if (value === null) return <span className="faint">–</span>;
  const change = changeTo(check, value);
  const plain: GateCheck = { ...check, name: 'latency', unit: /^of the/.test(check.unit) ? '' : check.unit };
  return (
    <>
      <div>{checkNumber(plain, value)}</div>
      <div className="small dim">{change === null ? '' : `candidate ${signed(change, 3)}`}</div>
    </>
  );
}
