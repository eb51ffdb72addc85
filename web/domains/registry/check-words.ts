import type { GateCheck, GateVerdict } from '../../api/types.ts';
import { count, metric, percent, significant } from '../../ui/format.ts';
import { signed } from '../../ui/signed.ts';

/** What each check asks, in one line. */
const asks: Record<string, [string, string]> = {
  loads: ['Loads', 'The runtime opens the file'],
  signature: ['Signature', 'Callers of the champion notice no change'],
  outputs: ['Outputs', 'Every score is finite and between 0 and 1'],
  champion: ['Champion', 'Not worse than what serves now'],
  baseline: ['Baseline', 'Better than the honest baseline'],
  calibration: ['Calibration', 'A score of 0.3 means 30 in 100'],
  slices: ['Slices', 'No group is surely and much worse off'],
  latency: ['Latency', 'One row is answered in time'],
  deterministic: ['Deterministic', 'Equal rows get equal scores'],
  metric: ['Metric', 'A bound of its own'],
};

export function checkTitle(check: Pick<GateCheck, 'name' | 'unit'>): [string, string] {
  const [title, ask] = asks[check.name] ?? [check.name, ''];
  return check.name === 'metric' && check.unit ? [check.unit, ask] : [title, ask];
}

/** The decision of a check in the words of a gate. */
export function checkState(check: GateCheck): string {
  return { pass: 'go', fail: 'no-go', 'not-enough-data': 'hold', none: 'not applicable' }[check.decision];
}

/** The side of the bound on which a value is right. */
export function goodSide(check: GateCheck): 'above' | 'below' {
  if (check.name === 'baseline') return 'above';
  return check.name === 'metric' && /auc|accuracy|precision|recall/i.test(check.unit) ? 'above' : 'below';
}

const isDifference = (check: GateCheck) => check.name === 'champion' || check.name === 'baseline';

/** A number in the unit of its check. */
export function checkNumber(check: GateCheck, value: number | null | undefined): string {
  if (value === null || value === undefined) return '–';
  if (/^of the/.test(check.unit)) return percent(value);
  if (/^ms/.test(check.unit)) return `${significant(value, 3)} ms`;
  if (/rows|differences/.test(check.unit)) return count(value);
  if (check.unit === 'score') return value === 0 ? '0' : value.toExponential(1);
  return isDifference(check) ? signed(value) : metric(value, 3);
}

/** "0.725 (0.719 to 0.731)". */
export function checkValue(check: GateCheck): string {
  const value = checkNumber(check, check.value);
  return check.interval
    ? `${value} (${checkNumber(check, check.interval[0])} to ${checkNumber(check, check.interval[1])})`
    : value;
}

/** "≤ 0.050", "> 0". */
export function checkBound(check: GateCheck): string {
  if (check.bound === null) return '–';
  const sign = goodSide(check) === 'below' ? '≤' : check.name === 'baseline' ? '>' : '≥';
  return `${sign} ${checkNumber({ ...check, name: check.name === 'metric' ? 'metric' : 'latency' }, check.bound)}`;
}

/** Candidate minus another model, where both are in the unit of the check. */
export function changeTo(check: GateCheck, other: number | null): number | null {
  if (other === null || check.value === null || isDifference(check)) return null;
  return check.value - other;
}

/** One sentence that says why the verdict is as it is. */
export function verdictReason(verdict: GateVerdict): string {
  const critical = verdict.checks.filter((check) => check.critical);
  const failed = critical.filter((check) => check.decision === 'fail');
  const open = critical.filter((check) => check.decision === 'not-enough-data');
  const names = (checks: GateCheck[]) => checks.map((check) => checkTitle(check)[0]).join(', ');
  if (failed.length > 0) return `${failed.length} of ${critical.length} checks fail: ${names(failed)}.`;
  if (open.length > 0) return `The evidence does not suffice for ${names(open)}.`;
  const passed = critical.filter((check) => check.decision === 'pass').length;
  return `All ${passed} checks that apply pass.`;
}
