import { expect, it } from 'vitest';
import type { ExperimentRunDetail } from '../../api/types.ts';
import { differences, featureDifference, summary } from './difference.ts';

const run = (part: Partial<ExperimentRunDetail>) =>
  ({
    params: {},
    metrics: {},
    tags: {},
    inputs: [],
    artifacts: [],
    environment: {},
    ...part,
  }) as ExperimentRunDetail;

it('puts what differs first and what training measured of itself last', () => {
  const runs = [
    run({ params: { seed: '7', depth: '3' }, metrics: { 'train.auc': 0.8, auc: 0.7 } }),
    run({ params: { seed: '7', depth: '4' }, metrics: { 'train.auc': 0.9, auc: 0.6 } }),
  ];
  const found = differences(runs);
  expect(found.map(({ kind, key, differs }) => [kind, key, differs])).toEqual([
    ['metric', 'auc', true],
    ['metric', 'train.auc', true],
    ['param', 'depth', true],
    ['param', 'seed', false],
  ]);
  expect(summary(found, featureDifference(runs))).toBe('2 of 2 metrics, 1 of 2 params differ');
});

it('takes a value that one run lacks for a difference', () => {
  const found = differences([run({ params: { l2: '1' } }), run({})]);
  expect(found).toEqual([{ kind: 'param', key: 'l2', values: ['1', undefined], differs: true }]);
});

it('names features that not every run used', () => {
  const found = featureDifference([run({ tags: { features: 'a,b' } }), run({ tags: { features: 'a' } })]);
  expect(found).toEqual({
    all: ['a', 'b'],
    has: [
      [true, true],
      [true, false],
    ],
    differs: true,
  });
});
