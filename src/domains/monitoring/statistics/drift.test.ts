import { describe, expect, it } from 'vitest';
import { countNumeric, freezeNumericBins } from '../../../math/bins.ts';
import { createRandom } from '../../../math/random.ts';
import { type Course, cliffsDelta, datasetScore, judgeDrift } from './drift.ts';
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
const course = (windows: number): Course => ({
  profile: reference,
  groups: [Array.from({ length: windows }, (_, i) => ({ counts: day(10 + i), isPart: false }))],
  needed: [7],
});
const learned = course(7);

describe('drift', () => {
  it('has no limits and no flags while it learns', () => {
    const figures = judgeDrift(course(6), day(50, 3), rule);
    expect(figures.map(({ threshold, ratio, flag }) => ({ threshold, ratio, flag }))).toEqual(
      Array(3).fill({ threshold: null, ratio: null, flag: false }),
    );
    expect(datasetScore(figures, null)).toBeNull();
  });

  it('flags a moved column and names its direction', () => {
    const [a, b, score] = judgeDrift(learned, day(60, -0.8), rule);
    expect(a.flag).toBe(true);
    expect(a.shift).toBeLessThan(-0.3);
    expect(a.ratio).toBeGreaterThan(1);
    expect(b.flag).toBe(false);
    expect(score.feature).toBe(scoreColumn);
    expect(score.flag).toBe(false);
  });

  it('counts missing values as drift', () => {
    const [a] = judgeDrift(learned, day(61, 0, 0.3), rule);
    expect(a.flag).toBe(true);
    expect(a.missing).toBeCloseTo(0.3, 1);
    expect(a.missingReference).toBe(0);
  });

  it('flags nothing on fewer rows than the minimum', () => {
    const few = countsOf(sample(70, 150, 2), sample(71, 150, 2), sample(72, 150, 2));
    expect(judgeDrift(learned, few, rule).some(({ flag }) => flag)).toBe(false);
  });

  it('weighs the score of a window by importance', () => {
    const figures = judgeDrift(learned, day(60, -0.8), rule);
    const equal = datasetScore(figures, null) as number;
    expect(datasetScore(figures, { a: 1, b: 0 })).toBeGreaterThan(equal);
    expect(datasetScore(figures, { a: 0, b: 1 })).toBeLessThan(equal);
  });

  it('compares a chunk of the reference with the rest of it, not with itself', () => {
    const parts = Array.from({ length: 7 }, (_, i) => sample(200 + i, 600, 0.3 * Math.sin(i)));
    const profile = referenceOf({ a: parts.flat(), b: sample(2, 4200) });
    const lessons = parts.map((part) => ({
      counts: { a: Array.from(countNumeric(profile.features.a.bins, part)) },
      isPart: true,
    }));
    const current = { a: Array.from(countNumeric(profile.features.a.bins, sample(300, 600))) };
    const learn = (isPart: boolean) =>
      judgeDrift(
        { profile, groups: [lessons.map((one) => ({ ...one, isPart }))], needed: [7] },
        current,
        rule,
      )[0];
    // Left in, a chunk pulls the reference towards itself by a seventh.
    expect(learn(true).shiftHigh).toBeGreaterThan(learn(false).shiftHigh as number);
    expect(learn(true).flag).toBe(false);
  });

  it('judges what differs between days only, as the weekday does, by new and missing values alone', () => {
    const weekdays = Array.from({ length: 7 }, (_, day) => new Array<number>(600).fill(day + 1));
    const profile = referenceOf({ a: sample(1, 4200), b: weekdays.flat() });
    const count = (b: number[]) => ({ b: Array.from(countNumeric(profile.features.b.bins, b)) });
    const taught = (isPart: boolean): Course => ({
      profile,
      groups: [weekdays.map((day) => ({ counts: count(day), isPart }))],
      needed: [7],
    });
    for (const isPart of [true, false]) {
      const judge = (b: number[]) => judgeDrift(taught(isPart), count(b), rule)[0];
      for (const day of weekdays)
        expect(judge(day)).toMatchObject({ calendar: true, flag: false, effect: 0, ratio: 0 });
      expect(judge(new Array<number>(600).fill(9))).toMatchObject({ calendar: true, flag: true, unseen: 1 });
      expect(judge(new Array<number>(600).fill(Number.NaN))).toMatchObject({ flag: true, missing: 1 });
    }
    // A column that never changes is no calendar: it has no right to change.
    const constant = Array.from({ length: 7 }, () => ({ counts: { b: [600, 0, 0] }, isPart: false }));
    const fixed = referenceOf({ a: sample(1, 4200), b: new Array<number>(4200).fill(3) });
    const course = { profile: fixed, groups: [constant], needed: [7] };
    expect(judgeDrift(course, { b: [0, 600, 0] }, rule)[0]).toMatchObject({ calendar: false, flag: true });
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
