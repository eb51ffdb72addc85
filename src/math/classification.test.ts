import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture, relativeError } from '../../test/fixtures/math/read-fixture.ts';
import * as quality from './classification.ts';
import { createRandom } from './random.ts';

interface Case {
  y: number[];
  a: number[];
  rocAuc: number;
  logLoss: number;
  brierScore: number;
  /** At 0.4: true negatives, false positives, false negatives, true positives. */
  confusion: number[];
  rocCurve: [number[], number[]];
  expectedCalibrationError: number | null;
  calibration: { params: number[]; errors: number[] };
  delong: { errorA: number };
}
const { cases, extremeLogLoss } = readFixture<{ cases: Case[]; extremeLogLoss: number }>('classification');

const labelled = fc
  .array(fc.tuple(fc.constantFrom(0, 1), fc.integer({ min: 0, max: 12 })), { maxLength: 40 })
  .map((rows) => ({
    y: [...rows.map(([label]) => label), 0, 1],
    s: [...rows.map(([, score]) => score), 3, 5],
  }));

describe('metrics', () => {
  it('agree with scikit-learn', () => {
    for (const row of cases) {
      const { y, a } = row;
      const actual = {
        rocAuc: quality.rocAuc(y, a),
        logLoss: quality.logLoss(y, a),
        brierScore: quality.brierScore(y, a),
      };
      for (const [name, value] of Object.entries(actual)) {
        expect(relativeError(value, row[name as keyof typeof actual]), name).toBeLessThan(1e-13);
      }
    }
    expect(relativeError(quality.logLoss([1, 0, 1], [1, 1, 0]), extremeLogLoss)).toBeLessThan(1e-13);
  });

  it('say NaN for what is not defined, and refuse other lengths', () => {
    expect(quality.rocAuc([], [])).toBeNaN();
    expect(quality.rocAuc([0, 0], [1, 2])).toBeNaN();
    expect(quality.rocAuc([0, 1], [Number.NaN, 2])).toBeNaN();
    expect(() => quality.rocAuc([0], [1, 2])).toThrow(RangeError);
    expect(quality.rocAuc([1, 1], [1, 2])).toBeNaN();
    expect(quality.logLoss([], [])).toBeNaN();
  });

  it('AUC is ½ for all ties, 1 − AUC for reversed scores, and blind to monotone maps', () => {
    expect(quality.rocAuc([0, 1, 1], [4, 4, 4])).toBe(0.5);
    fc.assert(
      fc.property(labelled, ({ y, s }) => {
        const auc = quality.rocAuc(y, s);
        expect(
          quality.rocAuc(
            y,
            s.map((score) => -score),
          ),
        ).toBeCloseTo(1 - auc, 12);
        expect(
          quality.rocAuc(
            y,
            s.map((score) => Math.exp(score)),
          ),
        ).toBe(auc);
      }),
    );
  });

  it('AUC on a million rows takes no time that grows with their square', () => {
    const random = createRandom(1);
    const y = Uint8Array.from({ length: 1_000_000 }, () => random.int(2));
    const scores = Float64Array.from(y, (label) => random.next() + label * 0.2);
    expect(quality.rocAuc(y, scores)).toBeCloseTo(0.68, 2);
  });
});

describe('confusionAt', () => {
  it('agrees with scikit-learn', () => {
    for (const { y, a, confusion } of cases) {
      const { trueNegatives, falsePositives, falseNegatives, truePositives } = quality.confusionAt(y, a, 0.4);
      expect([trueNegatives, falsePositives, falseNegatives, truePositives]).toEqual(confusion);
    }
  });
});

describe('aucInterval', () => {
  it('has the error of DeLong’s definition', () => {
    for (const { y, a, delong, rocAuc } of cases) {
      const interval = quality.aucInterval(y, a);
      expect(relativeError(interval.estimate, rocAuc)).toBeLessThan(1e-14);
      expect(relativeError(interval.standardError, delong.errorA)).toBeLessThan(1e-11);
      expect(interval.lower).toBeCloseTo(Math.max(0, rocAuc - 1.959963984540054 * delong.errorA), 12);
    }
  });

  it('covers the truth about as often as it says', () => {
    const random = createRandom(2);
    const truth = 0.7602499389065233; // normals one deviation apart: Φ(1/√2)
    let covered = 0;
    for (let round = 0; round < 1500; round++) {
      const y = Uint8Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? 1 : 0));
      const { lower, upper } = quality.aucInterval(
        y,
        Float64Array.from(y, (label) => random.normal() + label),
      );
      if (lower <= truth && truth <= upper) covered++;
    }
    expect(covered / 1500).toBeGreaterThan(0.92);
    expect(covered / 1500).toBeLessThan(0.975);
  });

  it('is never certain on few rows, and NaN with one class', () => {
    const perfect = quality.aucInterval([0, 0, 0, 1, 1], [1, 2, 3, 4, 5]);
    expect(perfect).toMatchObject({ estimate: 1, upper: 1 });
    expect(perfect.lower).toBeLessThan(0.5);
    expect(quality.aucInterval([1, 1], [1, 2]).estimate).toBeNaN();
  });
});

describe('rocCurve', () => {
  it('keeps every threshold when there are few', () => {
    for (const { y, a, rocCurve } of cases) {
      const curve = quality.rocCurve(y, a, 10_000);
      expect(curve.map((point) => point.falsePositiveRate)).toEqual(rocCurve[0]);
      expect(curve.map((point) => point.truePositiveRate)).toEqual(rocCurve[1]);
    }
  });

  it('thins long curves, keeps the ends and nearly the area', () => {
    const random = createRandom(3);
    const y = Uint8Array.from({ length: 20_000 }, () => random.int(2));
    const scores = Float64Array.from(y, (label) => random.normal() + label);
    const curve = quality.rocCurve(y, scores, 100);
    expect(curve.length).toBeLessThanOrEqual(102);
    expect(curve[0]).toEqual({ falsePositiveRate: 0, truePositiveRate: 0, threshold: null });
    expect(curve.at(-1)).toMatchObject({ falsePositiveRate: 1, truePositiveRate: 1 });
    let area = 0;
    for (let i = 1; i < curve.length; i++) {
      const width = curve[i].falsePositiveRate - curve[i - 1].falsePositiveRate;
      area += (width * (curve[i].truePositiveRate + curve[i - 1].truePositiveRate)) / 2;
    }
    expect(area).toBeCloseTo(quality.rocAuc(y, scores), 3);
    expect(quality.rocCurve([1], [0.3])).toEqual([]);
  });
});

describe('calibration', () => {
  it('error agrees with its definition on equal-count bins', () => {
    for (const { y, a, expectedCalibrationError } of cases) {
      if (expectedCalibrationError === null) continue;
      expect(quality.expectedCalibrationError(y, a)).toBeCloseTo(expectedCalibrationError, 14);
    }
  });

  it('curve holds every row once and never splits equal probabilities', () => {
    fc.assert(
      fc.property(labelled, ({ y, s }) => {
        const probabilities = s.map((score) => score / 12);
        const curve = quality.calibrationCurve(y, probabilities, 5);
        expect(curve.reduce((sum, bin) => sum + bin.n, 0)).toBe(y.length);
        for (let i = 1; i < curve.length; i++)
          expect(curve[i].predicted).toBeGreaterThan(curve[i - 1].predicted);
        for (const bin of curve) expect(bin.lower <= bin.observed && bin.observed <= bin.upper).toBe(true);
      }),
    );
    expect(quality.calibrationCurve([0, 1, 1], [0.4, 0.4, 0.4])).toHaveLength(1);
    expect(quality.calibrationCurve([], [])).toEqual([]);
    expect(quality.expectedCalibrationError([], [])).toBeNaN();
  });

  it('slope and intercept agree with statsmodels', () => {
    for (const { y, a, calibration: expected } of cases) {
      const fit = quality.calibrationSlopeIntercept(y, a);
      expect(relativeError(fit.intercept, expected.params[0])).toBeLessThan(1e-9);
      expect(relativeError(fit.slope, expected.params[1])).toBeLessThan(1e-9);
      expect(relativeError(fit.interceptStandardError, expected.errors[0])).toBeLessThan(1e-9);
      expect(relativeError(fit.slopeStandardError, expected.errors[1])).toBeLessThan(1e-9);
    }
  });

  it('slope is NaN without two classes, for one probability, and for separated classes', () => {
    expect(quality.calibrationSlopeIntercept([1, 1, 1], [0.2, 0.5, 0.7]).slope).toBeNaN();
    expect(quality.calibrationSlopeIntercept([1, 0, 1], [0.5, 0.5, 0.5]).slope).toBeNaN();
    expect(quality.calibrationSlopeIntercept([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9]).slope).toBeNaN();
    expect(quality.calibrationSlopeIntercept([], []).slope).toBeNaN();
  });
});
