import { describe, expect, it } from 'vitest';
import type {
  Difference,
  EvaluationReport,
  Figure,
  ModelFigures,
} from '../evaluation/evaluation.contract.ts';
import type { GateCheckName, ModelSignature } from '../registry.contract.ts';
import type { GateEvidence } from './evidence.model.ts';
import { gateProblem, judge } from './gate.model.ts';

const figure = (value: number, reach = 0.002): Figure => ({
  value,
  lower: value - reach,
  upper: value + reach,
});
const difference = (value: number, reach = 0.002): Difference => ({ ...figure(value, reach), pValue: 0.5 });

const signature: ModelSignature = {
  inputs: [{ name: 'features', datatype: 'FP32', shape: [-1, 2] }],
  outputs: [{ name: 'probabilities', datatype: 'FP32', shape: [-1, 2] }],
  features: ['a', 'b'],
};
const champion = { version: 1, digest: 'sha256:c', signature };

function figures(auc: number, digest: string): ModelFigures {
  return {
    digest,
    auc: figure(auc),
    logLoss: figure(0.45),
    brier: figure(0.14),
    accuracy: 0.8,
    precision: 0.6,
    recall: 0.3,
    ece: 0.01,
    calibrationSlope: figure(1),
    calibrationIntercept: figure(0),
    meanScore: 0.2,
    calibration: [],
    roc: [],
  };
}

/** A candidate that is as good as the champion on plenty of rows. */
function report(change: Partial<EvaluationReport> = {}): EvaluationReport {
  const latency = { p50: 0.02, p99: 0.05, runs: 400, loadMs: 10 };
  return {
    model: 'm',
    rows: 50_000,
    positives: 10_000,
    labelRate: 0.2,
    timeFrom: null,
    timeTo: null,
    clusters: 100,
    threshold: 0.5,
    features: ['a', 'b'],
    testDigest: 'sha256:t',
    candidate: figures(0.78, 'sha256:n'),
    champion: figures(0.78, champion.digest),
    championProblem: null,
    baseline: { ...figures(0.5, 'sha256:b'), rate: 0.2 },
    versusChampion: { auc: difference(0), logLoss: difference(0), brier: difference(0) },
    versusBaseline: { auc: difference(0.28), logLoss: difference(-0.05), brier: difference(-0.02) },
    slices: [],
    importance: [],
    latency,
    championLatency: latency,
    determinism: { repeatable: true, batchDifference: 0 },
    outputs: { notFinite: 0, outOfRange: 0 },
    scoreHistogram: { counts: [], positives: [] },
    ...change,
  };
}

const evidence = (change: Partial<GateEvidence> = {}): GateEvidence => ({
  signature,
  champion,
  report: report(),
  probe: null,
  ...change,
});
const opened = { opened: true, failure: null, problem: null, p99: 0.1, repeatable: true };

function outcome(given: GateEvidence, check: GateCheckName, spec = {}) {
  const { decision, checks } = judge(given, spec);
  return [decision, checks.find(({ name }) => name === check)?.decision];
}

describe('gate', () => {
  it('lets an equal candidate pass with every check explained', () => {
    const { decision, checks } = judge(evidence(), {});
    expect(decision).toBe('go');
    expect(checks.map(({ name, decision: d }) => [name, d])).toEqual([
      ['loads', 'pass'],
      ['signature', 'pass'],
      ['outputs', 'pass'],
      ['champion', 'pass'],
      ['baseline', 'pass'],
      ['calibration', 'pass'],
      ['slices', 'none'],
      ['latency', 'pass'],
      ['deterministic', 'pass'],
    ]);
    expect(checks.every(({ reason }) => reason.length > 10)).toBe(true);
  });

  it.each([
    ['proven worse by more than the margin', -0.05, 0.002, 'no-go', 'fail'],
    ['worse by more than the margin, perhaps', -0.011, 0.005, 'hold', 'not-enough-data'],
    ['surely within the margin', -0.004, 0.002, 'go', 'pass'],
    ['better', 0.02, 0.002, 'go', 'pass'],
  ] as const)('compares with the champion by the interval: %s', (_name, value, reach, decision, check) => {
    const versusChampion = { auc: difference(value, reach), logLoss: difference(0), brier: difference(0) };
    expect(outcome(evidence({ report: report({ versusChampion }) }), 'champion')).toEqual([decision, check]);
  });

  it('judges losses relative to the champion, higher being worse', () => {
    const versusChampion = { auc: difference(0), logLoss: difference(0.03), brier: difference(0) };
    const given = evidence({ report: report({ versusChampion }) });
    expect(outcome(given, 'champion', { primaryMetric: 'logLoss' })).toEqual(['no-go', 'fail']);
    expect(outcome(given, 'champion')).toEqual(['go', 'pass']);
  });

  it('refuses a model of shuffled labels, with and without a champion', () => {
    const shuffled = report({
      candidate: figures(0.5, 'sha256:n'),
      versusChampion: { auc: difference(-0.28), logLoss: difference(0.08), brier: difference(0.03) },
      versusBaseline: { auc: difference(0, 0.004), logLoss: difference(0.001), brier: difference(0) },
    });
    expect(outcome(evidence({ report: shuffled }), 'champion')).toEqual(['no-go', 'fail']);
    expect(outcome(evidence({ report: shuffled, champion: null }), 'baseline')).toEqual(['no-go', 'fail']);
  });

  it('holds a next version without evidence, and lets a first one go with the gaps shown', () => {
    const bare = { report: null, probe: opened };
    expect(outcome(evidence(bare), 'champion')).toEqual(['hold', 'not-enough-data']);
    expect(outcome(evidence({ ...bare, champion: null }), 'baseline')).toEqual(['go', 'not-enough-data']);
    expect(outcome(evidence({ ...bare, champion: null }), 'champion')).toEqual(['go', 'none']);
  });

  it('never takes the comparison with a former champion for one with today’s', () => {
    const other = { ...champion, digest: 'sha256:d' };
    expect(outcome(evidence({ champion: other }), 'champion')).toEqual(['hold', 'not-enough-data']);
  });

  it('says why the champion could not be judged', () => {
    const blind = report({ champion: null, versusChampion: null, championProblem: 'The table lacks x.' });
    expect(outcome(evidence({ report: blind }), 'champion')).toEqual(['hold', 'not-enough-data']);
  });

  it('does not decide on few rows', () => {
    expect(outcome(evidence({ report: report({ rows: 400, positives: 100 }) }), 'baseline')).toEqual([
      'hold',
      'not-enough-data',
    ]);
    expect(outcome(evidence({ report: report({ positives: 49 }) }), 'calibration')).toEqual([
      'hold',
      'not-enough-data',
    ]);
  });

  it('refuses what does not open, changes its interface, is slow, random or not a number', () => {
    const dead = { opened: false, failure: null, problem: 'bad node', p99: null, repeatable: null };
    expect(outcome(evidence({ report: null, probe: dead }), 'loads')).toEqual(['no-go', 'fail']);
    const swapped = { ...signature, features: ['b', 'a'] };
    expect(outcome(evidence({ signature: swapped }), 'signature')).toEqual(['no-go', 'fail']);
    const slow = report({ latency: { p50: 90, p99: 101, runs: 400, loadMs: 1 } });
    expect(outcome(evidence({ report: slow }), 'latency')).toEqual(['no-go', 'fail']);
    const random = report({ determinism: { repeatable: false, batchDifference: 0 } });
    expect(outcome(evidence({ report: random }), 'deterministic')).toEqual(['no-go', 'fail']);
    const holes = report({ outputs: { notFinite: 1, outOfRange: 0 } });
    expect(outcome(evidence({ report: holes }), 'outputs')).toEqual(['no-go', 'fail']);
  });

  it('takes calibration beyond the bound only when the champion is no better', () => {
    const off = (ece: number, theirs: number) =>
      report({
        candidate: { ...figures(0.78, 'sha256:n'), ece },
        champion: { ...figures(0.78, champion.digest), ece: theirs },
      });
    expect(outcome(evidence({ report: off(0.07, 0.08) }), 'calibration')).toEqual(['go', 'pass']);
    expect(outcome(evidence({ report: off(0.07, 0.06) }), 'calibration')).toEqual(['no-go', 'fail']);
  });

  it('refuses what is surely and much worse in one slice, not what is so by chance', () => {
    const slice = (value: number, pValue: number) => {
      const versus = { ...difference(value), pValue };
      return {
        column: 'origin',
        value: 'ORD',
        rows: 3000,
        positives: 600,
        labelRate: 0.2,
        meanScore: 0.2,
        auc: figure(0.7),
        logLoss: figure(0.5),
        versusChampion: versus,
        versusBaseline: versus,
      };
    };
    const sliced = (value: number, pValue: number) =>
      evidence({ report: report({ slices: [slice(value, pValue)] }) });
    expect(outcome(sliced(0.05, 0.001), 'slices')).toEqual(['no-go', 'fail']);
    expect(outcome(sliced(0.05, 0.2), 'slices')).toEqual(['go', 'pass']);
    expect(outcome(sliced(0.01, 0.001), 'slices')).toEqual(['go', 'pass']);
  });

  it('refuses a gate that would pass over what it names', () => {
    expect(gateProblem({ checks: [{ check: 'metric', metric: 'auc' }] })).toContain('no bound');
    expect(gateProblem({ checks: [{ check: 'slices', bound: 1 }, { check: 'slices' }] })).toContain('slices');
    const good = {
      checks: [
        { check: 'metric' as const, bound: 0.7 },
        { check: 'metric' as const, bound: 0.8 },
      ],
    };
    expect([gateProblem({}), gateProblem(good)]).toEqual([null, null]);
  });

  it('lets an owner change, soften, drop and add checks', () => {
    const slow = evidence({ report: report({ latency: { p50: 9, p99: 30, runs: 400, loadMs: 1 } }) });
    expect(outcome(slow, 'latency', { checks: [{ check: 'latency', bound: 20 }] })).toEqual([
      'no-go',
      'fail',
    ]);
    const soft = { checks: [{ check: 'latency' as const, bound: 20, critical: false }] };
    expect(outcome(slow, 'latency', soft)).toEqual(['go', 'fail']);
    const off = { checks: [{ check: 'latency' as const, enabled: false }] };
    expect(outcome(slow, 'latency', off)).toEqual(['go', undefined]);
    const floor = (bound: number) => ({
      checks: [{ check: 'metric' as const, metric: 'auc' as const, bound }],
    });
    expect(outcome(evidence(), 'metric', floor(0.75))).toEqual(['go', 'pass']);
    expect(outcome(evidence(), 'metric', floor(0.78))).toEqual(['hold', 'not-enough-data']);
    expect(outcome(evidence(), 'metric', floor(0.8))).toEqual(['no-go', 'fail']);
  });
});
