import type { GateCheck, GateCheckName, GateDecision, GateSpec } from '../registry.contract.ts';
import type { CheckResult, GateEvidence, Rule } from './evidence.model.ts';
import {
  baselineRule,
  calibrationRule,
  championRule,
  MARGINS,
  metricRule,
  slicesRule,
} from './quality.checks.ts';
import { deterministicRule, latencyRule, loadsRule, outputsRule, signatureRule } from './soundness.checks.ts';

type Default = { critical: boolean; bound: number; rule: Rule };

/**
 * Judges a candidate with nothing configured: every check has a safe default, and `spec` changes single ones.
 * A check that fails and is critical means no-go; one that lacks evidence and is critical means hold; else go.
 */
export function judge(
  evidence: GateEvidence,
  spec: GateSpec,
): { decision: GateDecision; checks: GateCheck[] } {
  const primary = spec.primaryMetric ?? 'auc';
  const changes = spec.checks ?? [];
  const checks: GateCheck[] = [];
  for (const [name, standard] of Object.entries(DEFAULTS) as [GateCheckName, Default][]) {
    const change = changes.find((one) => one.check === name);
    if (change?.enabled === false) continue;
    const metric = change?.metric ?? primary;
    const bound = change?.bound ?? (name === 'champion' ? MARGINS[metric] : standard.bound);
    checks.push(
      finish(name, standard, standard.rule(evidence, { bound, metric }), evidence, change?.critical),
    );
  }
  for (const { check, bound, metric = primary, critical, enabled } of changes) {
    if (check !== 'metric' || bound === undefined || enabled === false) continue;
    checks.push({ name: 'metric', critical: critical ?? true, ...metricRule(evidence, { bound, metric }) });
  }
  return { decision: decide(checks), checks };
}

/** Why a gate would not do what its spec says; null when it does. */
export function gateProblem({ checks = [] }: GateSpec): string | null {
  const standard = checks.flatMap(({ check }) => (check === 'metric' ? [] : [check]));
  const twice = standard.find((check, at) => standard.indexOf(check) !== at);
  if (twice) return `The gate names the check "${twice}" twice.`;
  const isOpen = checks.some((one) => one.check === 'metric' && one.bound === undefined);
  return isOpen ? 'A check "metric" of the gate has no bound.' : null;
}

function finish(
  name: GateCheckName,
  standard: Default,
  result: CheckResult,
  { champion }: GateEvidence,
  wanted: boolean | undefined,
): GateCheck {
  // Without a champion nothing that works is at risk: missing evidence is shown, and the version may go and be
  // watched. What is there and is bad stops it all the same.
  const isFirst = champion === null && result.decision === 'not-enough-data';
  return { name, critical: wanted ?? (standard.critical && !isFirst), ...result };
}

/** no-go when a critical check fails, hold when a critical check lacks evidence, else go. */
export function decide(checks: readonly GateCheck[]): GateDecision {
  const critical = checks.filter((check) => check.critical);
  if (critical.some(({ decision }) => decision === 'fail')) return 'no-go';
  return critical.some(({ decision }) => decision === 'not-enough-data') ? 'hold' : 'go';
}

const DEFAULTS: Partial<Record<GateCheckName, Default>> = {
  loads: { critical: true, bound: 0, rule: loadsRule },
  signature: { critical: true, bound: 0, rule: signatureRule },
  outputs: { critical: true, bound: 0, rule: outputsRule },
  champion: { critical: true, bound: MARGINS.auc, rule: championRule },
  baseline: { critical: true, bound: 0, rule: baselineRule },
  calibration: { critical: true, bound: 0.05, rule: calibrationRule },
  slices: { critical: true, bound: 0.05, rule: slicesRule },
  latency: { critical: true, bound: 100, rule: latencyRule },
  deterministic: { critical: true, bound: 1e-4, rule: deterministicRule },
};
