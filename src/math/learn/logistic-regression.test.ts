import { describe, expect, it } from 'vitest';
import {
  areaUnderRoc,
  expected,
  flightsTable,
  split,
  syntheticTable,
} from '../../../test/fixtures/learn/learning-data.ts';
import {
  LOGISTIC_REGRESSION_DEFAULTS,
  type LogisticRegressionParams,
  trainLogisticRegression,
} from './logistic-regression.ts';
import { predictProbability } from './probability-model.ts';

const params = (changes: Partial<LogisticRegressionParams> = {}) => ({
  ...LOGISTIC_REGRESSION_DEFAULTS,
  ...changes,
});

function largestDifference(a: number[], b: number[]): number {
  expect(a).toHaveLength(b.length);
  return Math.max(...a.map((value, i) => Math.abs(value - b[i])));
}

describe('against scikit-learn', () => {
  it.each([
    ['synthetic', () => syntheticTable(expected.synthetic.rows)],
    ['flights', flightsTable],
  ] as const)('has the same coefficients on %s', (name, load) => {
    const { train, test } = split(load());
    const model = trainLogisticRegression(train, params({ l2: 2 }));
    const reference = expected[name].logisticRegression;
    expect(model.converged).toBe(true);
    expect(largestDifference(model.means, reference.means)).toBeLessThan(1e-9);
    expect(largestDifference(model.scales, reference.scales)).toBeLessThan(1e-9);
    expect(largestDifference(model.coefficients, reference.coefficients)).toBeLessThan(1e-6);
    expect(Math.abs(model.intercept - reference.intercept)).toBeLessThan(1e-6);
    const auc = areaUnderRoc(test.labels, predictProbability(model, test.columns));
    expect(auc).toBeCloseTo(reference.auc, 6);
  });
});

describe('laws', () => {
  const table = syntheticTable(2000);

  it('does not depend on the unit of a feature', () => {
    const scaled = { ...table, columns: table.columns.map((column, f) => column.map((x) => x * 2 ** f)) };
    const model = trainLogisticRegression(table, params());
    const other = trainLogisticRegression(scaled, params());
    expect(largestDifference(other.coefficients, model.coefficients)).toBeLessThan(1e-12);
  });

  it('meets the mean of the labels, since the intercept is free', () => {
    const model = trainLogisticRegression(table, params({ l2: 50 }));
    const p = predictProbability(model, table.columns);
    const mean = (values: ArrayLike<number>) =>
      Array.from(values).reduce((sum, v) => sum + v, 0) / values.length;
    expect(mean(p)).toBeCloseTo(mean(table.labels), 7);
  });

  it('shrinks coefficients as the penalty grows', () => {
    const sizes = [0, 10, 1000].map((l2) =>
      trainLogisticRegression(table, params({ l2 })).coefficients.reduce((sum, w) => sum + w * w, 0),
    );
    expect(sizes[0]).toBeGreaterThan(sizes[1]);
    expect(sizes[1]).toBeGreaterThan(sizes[2]);
  });
});

describe('edges', () => {
  it('gives constant and empty features no weight', () => {
    const { columns, labels } = syntheticTable(500);
    const table = {
      columns: [columns[0], new Float32Array(500).fill(0.1), new Float32Array(500).fill(Number.NaN)],
      names: ['x', 'constant', 'empty'],
      labels,
    };
    for (const l2 of [0, 1]) {
      const model = trainLogisticRegression(table, params({ l2 }));
      expect(model.converged).toBe(true);
      expect(model.coefficients.slice(1)).toEqual([0, 0]);
      expect(model.importance.map((entry) => entry.importance)).toEqual([1, 0, 0]);
    }
  });

  it('handles a doubled feature without penalty', () => {
    const { columns, labels } = syntheticTable(500);
    const table = { columns: [columns[0], columns[0]], names: ['a', 'b'], labels };
    const model = trainLogisticRegression(table, params({ l2: 0 }));
    const single = trainLogisticRegression(
      { columns: [columns[0]], names: ['a'], labels },
      params({ l2: 0 }),
    );
    expect(model.coefficients[0] + model.coefficients[1]).toBeCloseTo(single.coefficients[0], 6);
  });

  it('says so when separable classes have no optimum', () => {
    const table = {
      columns: [Float32Array.of(-1, -1, 1, 1)],
      names: ['x'],
      labels: Uint8Array.of(0, 0, 1, 1),
    };
    const model = trainLogisticRegression(table, params({ l2: 0, maxIterations: 10 }));
    expect(model.converged).toBe(false);
    expect(model.coefficients[0]).toBeGreaterThan(5);
    expect(Number.isFinite(model.coefficients[0])).toBe(true);
  });

  it('reports each step and survives JSON', () => {
    const losses: number[] = [];
    const table = syntheticTable(500);
    const model = trainLogisticRegression(table, params(), (_step, _total, loss) => losses.push(loss));
    expect(losses).toHaveLength(model.iterations);
    expect(losses.at(-1)).toBe(model.loss);
    expect(JSON.parse(JSON.stringify(model))).toEqual(model);
  });

  it.each([{ l2: -1 }, { maxIterations: 0 }, { tolerance: 0 }])('refuses %j', (change) => {
    expect(() => trainLogisticRegression(syntheticTable(50), params(change))).toThrow(RangeError);
  });
});
