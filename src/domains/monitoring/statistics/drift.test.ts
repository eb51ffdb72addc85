import { describe, expect, it } from 'vitest';
import { countNumeric, freezeNumericBins } from '../../../math/bins.ts';
import { createRandom } from '../../../math/random.ts';
import { cliffsDelta, datasetScore, effectsOf, judgeDrift } from './drift.ts';
import { type ReferenceProfile, scoreColumn } from './reference.ts';

const rule = { alpha: 0.01, learningWindows: 7, minimumRows: 200 };

function sample(seed: number, n: number, mean = 0, missing = 0): number[] {
  const random = createRandom(seed);
  return Array.from({ length: n }, () => (random.next() < missing ? Number.NaN : mean + random.normal()));
}

function referenceOf(columns: Record<string, number[]>): ReferenceProfile {
  const freeze = (values: number[]) => {
    const bins = freezeNumericBins(values);
    return { bins, counts: Array.from(countNumeric(bins, values)) };
  };
  const features = Object.fromEntries(
    Object.entries(columns).map(([name, values]) => [name, freeze(values)]),
  );
  return { features, score: freeze(sample(99, 1000)), labelRate: 0.2, rows: 1000 };
}

const reference = referenceOf({ a: sample(1, 5000), b: sample(2, 5000) });
const countsOf = (a: number[], b: number[], s: number[]) => ({
  a: Array.from(countNumeric(reference.features.a.bins, a)),
  b: Array.from(countNumeric(reference.features.b.bins, b)),
  [scoreColumn]: Array.from(countNumeric(reference.score.bins, s)),
});
const day = (seed: number, mean = 0, missing = 0) =>
  countsOf(sample(seed, 600, mean, missing), sample(seed + 1000, 600), sample(seed + 2000, 600));
const learned = Array.from({ length: 7 }, (_, i) => effectsOf(judgeDrift(reference, day(10 + i), [], rule)));

describe('drift', () => {
  it('has no limits and no flags while it learns', () => {
    const figures = judgeDrift(reference, day(50, 3), learned.slice(0, 6), rule);
    expect(figures.map(({ threshold, ratio, flag }) => ({ threshold, ratio, flag }))).toEqual(
      Array(3).fill({ threshold: null, ratio: null, flag: false }),
    );
    expect(datasetScore(figures, null)).toBeNull();
  });

  it('flags a moved column and names its direction', () => {
    const [a, b, score] = judgeDrift(reference, day(60, -0.8), learned, rule);
    expect(a.flag).toBe(true);
    expect(a.shift).toBeLessThan(-0.3);
    expect(a.ratio).toBeGreaterThan(1);
    expect(b.flag).toBe(false);
    expect(score.feature).toBe(scoreColumn);
    expect(score.flag).toBe(false);
  });

  it('counts missing values as drift', () => {
    const [a] = judgeDrift(reference, day(61, 0, 0.3), learned, rule);
    expect(a.flag).toBe(true);
    expect(a.missing).toBeCloseTo(0.3, 1);
    expect(a.missingReference).toBe(0);
  });

  it('flags nothing on fewer rows than the minimum', () => {
    const few = countsOf(sample(70, 150, 2), sample(71, 150, 2), sample(72, 150, 2));
    expect(judgeDrift(reference, few, learned, rule).some(({ flag }) => flag)).toBe(false);
  });

  it('weighs the score of a window by importance', () => {
    const figures = judgeDrift(reference, day(60, -0.8), learned, rule);
    const equal = datasetScore(figures, null) as number;
    expect(datasetScore(figures, { a: 1, b: 0 })).toBeGreaterThan(equal);
    expect(datasetScore(figures, { a: 0, b: 1 })).toBeLessThan(equal);
  });

  it("computes Cliff's delta by its definition", () => {
    const reference = [3, 0, 2, 5];
    const current = [1, 4, 0, 2];
    let sum = 0;
    for (let i = 0; i < 4; i++)
      for (let j = 0; j < 4; j++) sum += Math.sign(i - j) * current[i] * reference[j];
    expect(cliffsDelta(reference, current)).toBeCloseTo(sum / (10 * 7), 12);
    expect(cliffsDelta([0, 0], [1, 2])).toBe(0);
  });
});
