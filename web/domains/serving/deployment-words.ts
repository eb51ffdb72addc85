import type { Deployment, DeploymentSpec, EvidenceTest, Revision, Rollout } from '../../api/types.ts';
import { count, duration, percent, plural, significant } from '../../ui/format.ts';

/** What serving alone says of a deployment, in the words of the house. */
export function servingState(deployment: Deployment): string {
  if (deployment.state === 'failed') return 'failing';
  if (deployment.state === 'quarantined')
    return deployment.quarantine.some(({ answeredBy }) => answeredBy === 'fallback') ? 'degraded' : 'failing';
  if (deployment.state === 'empty') return 'no data';
  const { errors, requests } = deployment.traffic;
  return requests > 0 && errors / requests > 0.01 ? 'degraded' : 'healthy';
}

/** Why the state is as it is, in one sentence. */
export function servingReason(deployment: Deployment): string {
  if (deployment.error) return deployment.error;
  if (deployment.state === 'quarantined') {
    const stands = deployment.quarantine.some(({ answeredBy }) => answeredBy === 'fallback');
    return `Version ${deployment.champion?.version ?? '?'} is in quarantine; ${stands ? 'the declared fallback answers' : 'requests are told 503'}.`;
  }
  if (deployment.state === 'empty') return 'No version is deployed yet.';
  const { errors, requests, p99Ms } = deployment.traffic;
  if (requests === 0)
    return `Version ${deployment.champion?.version ?? '?'} is ready; nobody has asked since the server started.`;
  const latency = p99Ms === null ? '' : `, 99 % within ${duration(p99Ms)}`;
  return errors === 0
    ? `${plural(requests, 'request')} since the server started, none failed${latency}.`
    : `${count(errors)} of ${count(requests)} requests failed (${percent(errors / requests, 2)})${latency}.`;
}

/** What a revision is: the name of its model, or how many nodes of its graph run one. */
export function servedWords({ model, models }: Revision): string {
  return models ? `a graph of ${plural(models.length, 'model')}` : model;
}

/** What a deployment declares, as the argument of a command; `graph` where it declares one. */
export function declaredWords({ model }: DeploymentSpec, graph: string): string {
  return model === undefined ? graph : `${model} `;
}

const open = ['awaiting-approval', 'shadow', 'canary', 'held'];

export function isOpen(rollout: Rollout): boolean {
  return open.includes(rollout.state);
}

const tests: Record<string, [string, string]> = {
  errors: ['Errors', 'more failed requests than the champion'],
  'invalid-outputs': ['Invalid outputs', 'more scores that are no number or out of range'],
  latency: ['Latency', 'more slow answers than the champion'],
  loss: ['Loss', 'a higher loss than the champion by more than the margin'],
  'non-inferiority': ['Not worse', 'the loss is surely not worse than the margin'],
  split: ['Traffic split', 'the requests split otherwise than set'],
  disagreement: ['Disagreement', 'how far the two scores of a row lie apart'],
};

/** Name and question of a test. */
export function testWords(test: Pick<EvidenceTest, 'name'>): [string, string] {
  return tests[test.name] ?? [test.name, ''];
}

/** The decision of a test in the words of the house. */
export function testState(test: EvidenceTest, over = false): [state: string, word: string] {
  if (test.decision === 'alarm') return ['no-go', test.kind === 'check' ? 'broken' : 'harm'];
  if (test.decision === 'pass') return ['go', 'shown'];
  if (test.decision === 'none') return ['no data', 'shown only'];
  if (test.kind === 'promotion') return over ? ['no data', 'not reached'] : ['canary', 'collecting'];
  return ['healthy', test.kind === 'check' ? 'as set' : 'no harm'];
}

export function testNumber(test: EvidenceTest, value: number | null): string {
  if (value === null) return '–';
  if (['errors', 'invalid-outputs', 'latency'].includes(test.name)) return percent(value, 2);
  return significant(value, 4);
}

/** An e-value: "0.42", "1 350", "> 1e12". */
export function eValue(value: number | null): string {
  if (value === null) return '–';
  return value >= 1e12 ? '> 1e12' : significant(value, 3);
}

export type Expectation = { text: string; ms: number | null };

/**
 * When a rollout is likely to be decided, from how fast the promotion test's e-value has grown over the newer
 * half of its history (its logarithm grows about linearly while the truth stays the same).
 */
export function expectedDecision(rollout: Rollout, minimumLabelled: number): Expectation {
  if (!isOpen(rollout)) return { text: 'decided', ms: null };
  if (rollout.state === 'awaiting-approval') return { text: 'when the approval is given', ms: null };
  if (rollout.state === 'held') return { text: 'when a person decides', ms: null };
  const test = rollout.evidence.tests.find((item) => item.kind === 'promotion');
  if (!test || test.bound === null || test.value === null)
    return { text: 'when the requests suffice', ms: null };
  if (test.decision === 'pass')
    return { text: 'shown already; waits for the requests of the step', ms: null };
  const points = test.history.slice(Math.floor(test.history.length / 2)).filter(([, value]) => value > 0);
  const first = points[0];
  const last = points.at(-1);
  if (!first || !last || last[0] - first[0] < 5_000) return { text: 'not enough evidence to say', ms: null };
  const slope = (Math.log(last[1]) - Math.log(first[1])) / (last[0] - first[0]);
  if (slope <= 0) return { text: 'not in sight: the evidence does not grow', ms: null };
  const byTest = Math.max(0, (Math.log(test.bound) - Math.log(last[1])) / slope);
  const started = rollout.startedAt ? Date.parse(rollout.startedAt) : first[0];
  const rate = rollout.evidence.labelled / Math.max(1, last[0] - started);
  const missing = Math.max(0, minimumLabelled - rollout.evidence.labelled);
  const byLabels = rate > 0 ? missing / rate : 0;
  const ms = Math.max(byTest, byLabels);
  return { text: `in about ${duration(ms)} at this pace`, ms };
}
