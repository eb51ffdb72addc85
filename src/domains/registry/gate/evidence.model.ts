import type { Probe } from '../../../platform/onnx/probe/prober.ts';
import type { EvaluationReport } from '../evaluation/evaluation.contract.ts';
import type { GateCheck, GateMetric, ModelSignature } from '../registry.contract.ts';

/** Everything that a gate may look at. */
export type GateEvidence = {
  signature: ModelSignature;
  champion: { version: number; digest: string; signature: ModelSignature } | null;
  report: EvaluationReport | null;
  probe: Probe | null;
};

/** One rule of the gate: pure, and never sure without evidence. */
export type Rule = (evidence: GateEvidence, settings: CheckSettings) => CheckResult;
export type CheckResult = Omit<GateCheck, 'name' | 'critical'>;
export type CheckSettings = { bound: number; metric: GateMetric };

/** What a check starts from: passed, with nothing measured. */
export const blank: CheckResult = {
  decision: 'pass',
  value: null,
  bound: null,
  unit: '',
  interval: null,
  champion: null,
  baseline: null,
  reason: '',
};

/** The check does not apply. */
export const none = (reason: string): CheckResult => ({ ...blank, decision: 'none', reason });

/** The check lacks evidence. */
export const lacking = (reason: string): CheckResult => ({ ...blank, decision: 'not-enough-data', reason });

export const noEvaluation = 'There is no evaluation of these bytes.';
