import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  areaUnderRoc,
  expected,
  flightsTable,
  split,
  syntheticTable,
  uniforms,
} from '../../../test/fixtures/learn/learning-data.ts';
import {
  GRADIENT_BOOSTING_DEFAULTS,
  type GradientBoostingParams,
  trainGradientBoosting,
} from './gradient-boosting.ts';
import { predictProbability } from './probability-model.ts';
import type { TrainingTable } from './training-table.ts';

const params = (changes: Partial<GradientBoostingParams> = {}) => ({
  ...GRADIENT_BOOSTING_DEFAULTS,
  ...changes,
});

const small = (values: number[], labels: number[]): TrainingTable => ({
  columns: [Float32Array.from(values)],
  names: ['x'],
  labels: Uint8Array.from(labels),
});

describe('against scikit-learn', () => {
  const tables = {
    synthetic: () => syntheticTable(expected.synthetic.rows),
    flights: flightsTable,
  };
  it.each(['synthetic', 'flights'] as const)('ranks the held-out rows of %s as well', (name) => {
    const table = tables[name]();
    const reference = expected[name];
    expect(table.labels.length).toBe(reference.rows);
    expect(table.labels.reduce((sum, label) => sum + label, 0)).toBe(reference.positives);
    const { train, test } = split(table);
    const probabilities = predictProbability(trainGradientBoosting(train, params()), test.columns);
    expect(Math.abs(areaUnderRoc(test.labels, probabilities) - reference.gradientBoosting.auc)).toBeLessThan(
      0.001,
    );
    const differences = reference.gradientBoosting.probabilities.map((p, i) =>
      Math.abs(p - probabilities[i]),
    );
    const mean = differences.reduce((sum, d) => sum + d, 0) / differences.length;
    expect(mean).toBeLessThan(0.001);
  });
});

describe('laws', () => {
  const table = syntheticTable(3000);

  it('gives the same model for the same input, and a model that survives JSON', () => {
    const first = trainGradientBoosting(table, params({ trees: 5 }));
    expect(trainGradientBoosting(table, params({ trees: 5 }))).toEqual(first);
    const copy = JSON.parse(JSON.stringify(first));
    expect(copy).toEqual(first);
    expect(predictProbability(copy, table.columns)).toEqual(predictProbability(first, table.columns));
  });

  it('is blind to monotone changes of a feature', () => {
    const cubed = { ...table, columns: table.columns.map((column) => column.map((x) => x ** 3)) };
    const probabilities = predictProbability(
      trainGradientBoosting(table, params({ trees: 10 })),
      table.columns,
    );
    const changed = predictProbability(trainGradientBoosting(cubed, params({ trees: 10 })), cubed.columns);
    expect(changed).toEqual(probabilities);
  });

  it('lowers the training loss with every tree and reports it', () => {
    const seen: number[] = [];
    const model = trainGradientBoosting(table, params({ trees: 20 }), (tree, total, loss) => {
      expect([tree, total]).toEqual([seen.length + 1, 20]);
      seen.push(loss);
    });
    expect(model.loss.training).toEqual(seen);
    for (let t = 1; t < seen.length; t++) expect(seen[t]).toBeLessThan(seen[t - 1]);
    const p = predictProbability(model, table.columns);
    const loss = p.reduce((sum, q, i) => sum - Math.log(table.labels[i] === 1 ? q : 1 - q), 0) / p.length;
    expect(loss).toBeCloseTo(seen[19], 6);
  });

  it('keeps to the limits of trees, leaves and rows per leaf', () => {
    const limits = fc.record({
      leaves: fc.integer({ min: 2, max: 40 }),
      minSamplesLeaf: fc.integer({ min: 1, max: 300 }),
    });
    fc.assert(
      fc.property(limits, (limit) => {
        const model = trainGradientBoosting(table, params({ ...limit, trees: 3 }));
        expect(model.trees).toHaveLength(3);
        for (const tree of model.trees) {
          const leaves = tree.count.filter((_, k) => tree.feature[k] === -1);
          expect(leaves.length).toBeLessThanOrEqual(limit.leaves);
          expect(Math.min(...leaves)).toBeGreaterThanOrEqual(limit.minSamplesLeaf);
          expect(leaves.reduce((sum, count) => sum + count, 0)).toBe(table.labels.length);
          expect(tree.threshold.every((x) => Math.fround(x) === x)).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  it.each([1, 2, 3, 4, 5])('names the one feature that matters among %i', (features) => {
    const draw = uniforms(features);
    const columns = Array.from({ length: features }, () => Float32Array.from({ length: 2000 }, draw));
    const labels = Uint8Array.from(columns[features - 1], (x) => (x > 0.5 ? 1 : 0));
    const names = columns.map((_, f) => `f${f}`);
    const { importance } = trainGradientBoosting({ columns, names, labels }, params({ trees: 2 }));
    expect(importance[features - 1].importance).toBeGreaterThan(0.99);
    expect(importance.reduce((sum, entry) => sum + entry.importance, 0)).toBeCloseTo(1, 12);
  });
});

describe('missing values', () => {
  it('learns the direction of missing values', () => {
    const x = Array.from({ length: 400 }, (_, i) => (i % 4 === 0 ? Number.NaN : i % 2));
    const model = trainGradientBoosting(
      small(
        x,
        x.map((v) => (Number.isNaN(v) || v === 1 ? 1 : 0)),
      ),
      params(),
    );
    const [missing, zero, one] = predictProbability(model, [Float32Array.of(Number.NaN, 0, 1)]);
    expect(missing).toBeGreaterThan(0.99);
    expect(one).toBe(missing);
    expect(zero).toBeLessThan(0.01);
  });

  it('splits on being missing alone', () => {
    const x = Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? Number.NaN : 5));
    const model = trainGradientBoosting(
      small(
        x,
        x.map((v) => (Number.isNaN(v) ? 1 : 0)),
      ),
      params(),
    );
    const [missing, present] = predictProbability(model, [Float32Array.of(Number.NaN, 5)]);
    expect(missing).toBeGreaterThan(0.99);
    expect(present).toBeLessThan(0.01);
  });

  it('sends missing values, unseen in training, to the larger child', () => {
    const x = Array.from({ length: 300 }, (_, i) => (i < 100 ? 0 : 1));
    const model = trainGradientBoosting(small(x, x), params({ trees: 3 }));
    const [missing, one] = predictProbability(model, [Float32Array.of(Number.NaN, 1)]);
    expect(missing).toBe(one);
  });
});

describe('early stopping', () => {
  it('stops when held-out rows no longer gain and keeps the best trees', () => {
    const table = syntheticTable(4000);
    const model = trainGradientBoosting(table, params({ trees: 500, earlyStoppingRounds: 10, seed: 3 }));
    const { validation } = model.loss;
    expect(validation.length).toBeLessThan(500);
    expect(validation.indexOf(Math.min(...validation)) + 1).toBe(model.trees.length);
    expect(validation.length).toBe(model.trees.length + 10);
  });
});

describe('refusals', () => {
  const good = small([1, 2, 3, 4], [0, 1, 0, 1]);
  it.each<[string, TrainingTable, RegExp]>([
    ['no columns', { ...good, columns: [], names: [] }, /no feature columns/],
    ['a name too few', { ...good, names: [] }, /1 columns but 0 names/],
    ['columns of other length', { ...good, columns: [Float32Array.of(1)] }, /has 1 rows, the labels have 4/],
    ['one class', small([1, 2], [1, 1]), /both classes/],
    ['other labels', small([1, 2], [0, 2]), /neither 0 nor 1/],
    ['infinite values', small([1, Number.POSITIVE_INFINITY], [0, 1]), /infinite/],
  ])('refuses %s', (_, table, message) => {
    expect(() => trainGradientBoosting(table, params())).toThrow(message);
  });

  it.each<[keyof GradientBoostingParams, number]>([
    ['trees', 0],
    ['learningRate', Number.NaN],
    ['leaves', 1],
    ['minSamplesLeaf', 0.5],
    ['l2', -1],
    ['bins', 256],
    ['seed', 0.5],
    ['earlyStoppingRounds', 0],
    ['validationShare', 1],
  ])('refuses %s %d', (name, value) => {
    expect(() => trainGradientBoosting(good, params({ [name]: value }))).toThrow(`Parameter ${name} must be`);
  });

  it('refuses columns that do not fit the model', () => {
    const model = trainGradientBoosting(good, params());
    expect(() => predictProbability(model, [])).toThrow(/wants 1 columns/);
  });

  it('gives the base rate when no split is allowed', () => {
    const model = trainGradientBoosting(good, params({ trees: 2 }));
    expect([...predictProbability(model, [Float32Array.of(1, 9)])]).toEqual([0.5, 0.5]);
    expect(model.importance).toEqual([{ feature: 'x', importance: 0 }]);
  });
});
