import { signatureBreaks } from '../versions/signature.model.ts';
import {
  blank,
  type CheckResult,
  type CheckSettings,
  type GateEvidence,
  lacking,
  noEvaluation,
  none,
} from './evidence.model.ts';

export function loadsRule({ report, probe }: GateEvidence): CheckResult {
  if (report || probe?.opened) return { ...blank, reason: 'ONNX Runtime opens the model.' };
  if (probe)
    return { ...blank, decision: 'fail', reason: `ONNX Runtime does not open the model: ${probe.problem}` };
  return lacking('The model has not been opened yet.');
}

export function signatureRule({ signature, champion }: GateEvidence): CheckResult {
  if (!champion) return none('There is no champion whose callers could notice a change.');
  const breaks = signatureBreaks(champion.signature, signature);
  const value = breaks.length;
  const reason = value === 0 ? 'Callers of the champion notice no difference.' : breaks.join(' ');
  return { ...blank, decision: value === 0 ? 'pass' : 'fail', value, bound: 0, unit: 'differences', reason };
}

export function outputsRule({ report }: GateEvidence, { bound }: CheckSettings): CheckResult {
  if (!report) return lacking(noEvaluation);
  const value = report.outputs.notFinite + report.outputs.outOfRange;
  const reason =
    value === 0
      ? `All ${report.rows} scores are probabilities.`
      : `${report.outputs.notFinite} scores are not finite, ${report.outputs.outOfRange} lie outside 0 to 1.`;
  return { ...blank, decision: value <= bound ? 'pass' : 'fail', value, bound, unit: 'rows', reason };
}

export function latencyRule({ report, probe }: GateEvidence, { bound }: CheckSettings): CheckResult {
  const value = report?.latency.p99 ?? probe?.p99 ?? null;
  if (value === null) return lacking('No single row has been timed.');
  const champion = report?.championLatency?.p99 ?? null;
  const reason = value <= bound ? 'One row is answered in time.' : 'One row takes too long.';
  return {
    ...blank,
    decision: value <= bound ? 'pass' : 'fail',
    value,
    bound,
    unit: 'ms at p99',
    champion,
    reason,
  };
}

export function deterministicRule({ report, probe }: GateEvidence, { bound }: CheckSettings): CheckResult {
  if (report) {
    const { repeatable, batchDifference: value } = report.determinism;
    const isSame = repeatable && value <= bound;
    const reason = isSame
      ? 'Equal rows get equal scores, alone and in a batch.'
      : repeatable
        ? 'A row scored alone gets another score than in a batch.'
        : 'The same rows got different scores.';
    return { ...blank, decision: isSame ? 'pass' : 'fail', value, bound, unit: 'score', reason };
  }
  if (probe?.repeatable == null) return lacking('The model has not been run twice on the same rows.');
  const reason = probe.repeatable ? 'Equal rows get equal scores.' : 'The same rows got different scores.';
  return { ...blank, decision: probe.repeatable ? 'pass' : 'fail', reason };
}
