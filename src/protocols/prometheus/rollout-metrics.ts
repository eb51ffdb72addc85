import type { ServingDoor } from '../../domains/serving/index.ts';
import { metric } from './exposition.ts';

type Route = ReturnType<ServingDoor['liveRoutes']>[number];

/** The evidence of rollouts that are under way: e-values against their bounds, and how far the arms disagree. */
export function rolloutMetrics(routes: readonly Route[]): string[] {
  const tests = routes.flatMap(({ deployment, rollout }) =>
    (rollout?.evidence.tests() ?? []).map((test) => ({ deployment, test })),
  );
  const evidence = tests.filter(({ test }) => test.unit === 'e-value');
  const values = (pick: (test: (typeof tests)[number]['test']) => number | null) =>
    evidence.flatMap(({ deployment, test }) => {
      const value = pick(test);
      return value === null ? [] : [{ labels: { deployment, test: test.name }, value }];
    });
  return [
    metric(
      'houston_gate_evalue',
      'gauge',
      'E-value of a test of the rollout; it decides at its bound',
      values(({ value }) => value),
    ),
    metric(
      'houston_gate_evalue_bound',
      'gauge',
      'Bound of the e-value',
      values(({ bound }) => bound),
    ),
    metric(
      'houston_shadow_disagreement_ratio',
      'gauge',
      'Mean distance of the scores of champion and challenger on the same rows',
      tests.flatMap(({ deployment, test }) =>
        test.name === 'disagreement' && test.value !== null
          ? [{ labels: { deployment }, value: test.value }]
          : [],
      ),
    ),
  ];
}
