import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture, relativeError } from '../../test/fixtures/math/read-fixture.ts';
import { logLosses } from './classification.ts';
import { delongPairedTest, pairedLossTest } from './compare.ts';
import { falseAlarms } from './false-alarms.testing.ts';
import { createRandom } from './random.ts';

interface Case {
  y: number[];
  a: number[];
  b: number[];
  groups: number[];
  delong: { aucA: number; aucB: number; z: number; pValue: number };
  pairedLoss: { difference: number; t: number; pValue: number; interval: number[] };
  clusteredLoss: { error: number; pValue: number; interval: number[] };
}
const { cases } = readFixture<{ cases: Case[] }>('classification');

describe('delongPairedTest', () => {
  it('agrees with the definition', () => {
    for (const { y, a, b, delong } of cases) {
      const result = delongPairedTest(y, a, b);
      expect(relativeError(result.aucA, delong.aucA)).toBeLessThan(1e-14);
      expect(relativeError(result.aucB, delong.aucB)).toBeLessThan(1e-14);
      expect(relativeError(result.z, delong.z)).toBeLessThan(1e-10);
      expect(relativeError(result.pValue, delong.pValue)).toBeLessThan(1e-9);
    }
  });

  it('turns around with the models and sees no difference between equal rankings', () => {
    const scores = fc.array(fc.tuple(fc.nat(9), fc.nat(9), fc.nat(1)), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(scores, (rows) => {
        const y = [...rows.map((row) => row[2]), 0, 1, 0, 1];
        const a = [...rows.map((row) => row[0]), 1, 2, 3, 4];
        const b = [...rows.map((row) => row[1]), 4, 2, 3, 4];
        const forth = delongPairedTest(y, a, b);
        const back = delongPairedTest(y, b, a);
        expect(back.difference + forth.difference).toBe(0);
        expect(back.pValue).toBeCloseTo(forth.pValue, 10);
        expect(
          delongPairedTest(
            y,
            a,
            a.map((score) => 2 * score),
          ),
        ).toMatchObject({ difference: 0, pValue: 1 });
      }),
    );
  });

  it('decides without variance and says NaN with one class', () => {
    expect(delongPairedTest([0, 0, 1, 1], [1, 2, 3, 4], [4, 3, 2, 1])).toMatchObject({
      difference: -1,
      pValue: 0,
    });
    expect(delongPairedTest([1, 1], [1, 2], [2, 1]).pValue).toBeNaN();
    expect(() => delongPairedTest([1], [1], [2, 1])).toThrow(RangeError);
  });

  it('raises false alarms at its level between equally good, correlated models', () => {
    const random = createRandom(1);
    const alarms = falseAlarms(1500, 0.05, () => {
      const y = Uint8Array.from({ length: 200 }, () => random.int(2));
      const common = Float64Array.from(y, (label) => label + random.normal());
      const noisy = (): Float64Array => common.map((score) => score + 0.7 * random.normal());
      return delongPairedTest(y, noisy(), noisy()).pValue;
    });
    expect(alarms.isCalibrated, String(alarms.rate)).toBe(true);
  });
});

describe('pairedLossTest', () => {
  it('agrees with scipy’s paired t-test and statsmodels’ cluster-robust errors', () => {
    for (const { y, a, b, groups, pairedLoss, clusteredLoss } of cases) {
      const [lossA, lossB] = [logLosses(y, a), logLosses(y, b)];
      const plain = pairedLossTest(lossA, lossB);
      expect(relativeError(plain.difference, pairedLoss.difference)).toBeLessThan(1e-12);
      expect(relativeError(plain.statistic, pairedLoss.t)).toBeLessThan(1e-12);
      expect(relativeError(plain.pValue, pairedLoss.pValue)).toBeLessThan(1e-10);
      expect(plain.interval[0]).toBeCloseTo(pairedLoss.interval[0], 12);
      const clustered = pairedLossTest(lossA, lossB, groups);
      expect(relativeError(clustered.standardError, clusteredLoss.error)).toBeLessThan(1e-12);
      expect(relativeError(clustered.pValue, clusteredLoss.pValue)).toBeLessThan(1e-10);
      expect(clustered.interval[1]).toBeCloseTo(clusteredLoss.interval[1], 12);
      const ownCluster = pairedLossTest(
        lossA,
        lossB,
        groups.map((_, row) => row),
      );
      expect(ownCluster.pValue).toBeCloseTo(plain.pValue, 12);
    }
  });

  it('drops NaN rows and decides equal losses', () => {
    expect(pairedLossTest([1, 2, Number.NaN], [1, 2, 5])).toMatchObject({ difference: 0, pValue: 1 });
    expect(pairedLossTest([1, 2], [2, 3])).toMatchObject({ difference: 1, pValue: 0 });
    expect(pairedLossTest([1], [2]).pValue).toBeNaN();
    expect(pairedLossTest([1, 2], [2, 5], ['u', 'u']).pValue).toBeNaN();
    expect(() => pairedLossTest([1], [1, 2])).toThrow(RangeError);
  });

  it('keeps its level when rows of one user move together, where the plain test does not', () => {
    const random = createRandom(2);
    const rows = 300;
    const user = Uint16Array.from({ length: rows }, (_, row) => row % 30);
    const zeros = new Float64Array(rows);
    const draw = (): Float64Array => {
      const taste = Float64Array.from({ length: 30 }, () => random.normal());
      return Float64Array.from(user, (id) => taste[id] + random.normal());
    };
    const robust = falseAlarms(1500, 0.05, () => pairedLossTest(zeros, draw(), user).pValue);
    const plain = falseAlarms(500, 0.05, () => pairedLossTest(zeros, draw()).pValue);
    expect(robust.isCalibrated, String(robust.rate)).toBe(true);
    expect(plain.rate).toBeGreaterThan(0.2);
  });
});
