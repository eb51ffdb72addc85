import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture, relativeError } from '../../test/fixtures/math/read-fixture.ts';
import * as special from './special.ts';

const fixture = readFixture<Record<string, number[][]>>('special');

/** Name, rows of arguments and expected value, function, tolerance; errors relative above `floor`. */
function itAgrees(
  name: string,
  rows: number[][],
  evaluate: (row: number[]) => number,
  column: number,
  tolerance: number,
  floor = 0,
): void {
  it(`${name} agrees with the reference to ${tolerance}`, () => {
    for (const row of rows) {
      const error = relativeError(evaluate(row), row[column], floor);
      expect(error, `${name}(${row.slice(0, column).join(', ')})`).toBeLessThan(tolerance);
    }
  });
}

describe('special functions', () => {
  itAgrees('logGamma', fixture.logGamma, ([x]) => special.logGamma(x), 1, 2e-15, 1);
  // The reference itself loses digits where one argument is large and the other small.
  itAgrees('logBeta', fixture.logBeta, ([a, b]) => special.logBeta(a, b), 2, 5e-11, 1);
  itAgrees('gammaP', fixture.gamma, ([a, x]) => special.gammaP(a, x), 2, 2e-12);
  itAgrees('gammaQ', fixture.gamma, ([a, x]) => special.gammaQ(a, x), 3, 2e-12, 1e-290);
  itAgrees('betaInc', fixture.beta, ([x, a, b]) => special.betaInc(x, a, b), 3, 1e-12, 1e-290);
  itAgrees('erf', fixture.erf, ([x]) => special.erf(x), 1, 1e-15);
  itAgrees('erfc', fixture.erf, ([x]) => special.erfc(x), 2, 5e-14);
  itAgrees('normalCdf', fixture.normal, ([z]) => special.normalCdf(z), 1, 5e-13);
  itAgrees('normalQuantile', fixture.normalQuantile, ([p]) => special.normalQuantile(p), 1, 2e-15, 1e-12);
  itAgrees('tCdf', fixture.t, ([t, df]) => special.tCdf(t, df), 2, 5e-13);
  itAgrees('tQuantile', fixture.tQuantile, ([p, df]) => special.tQuantile(p, df), 2, 2e-14, 1e-12);
  itAgrees('chiSquareSf', fixture.chiSquareSf, ([x, df]) => special.chiSquareSf(x, df), 2, 2e-14, 1e-290);
  itAgrees(
    'chiSquareQuantile',
    fixture.chiSquareQuantile,
    ([p, df]) => special.chiSquareQuantile(p, df),
    2,
    1e-11,
  );
  itAgrees('betaQuantile', fixture.betaQuantile, ([p, a, b]) => special.betaQuantile(p, a, b), 3, 2e-14);

  it('keeps logBeta exact where differences of logGamma are not', () => {
    // mpmath, 40 digits.
    expect(relativeError(special.logBeta(0.1, 100_000), 1.101420555237783)).toBeLessThan(1e-15);
  });

  it('inverts its own distribution functions', () => {
    const level = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });
    const shape = fc.double({ min: 0.2, max: 5000, noNaN: true });
    fc.assert(
      fc.property(level, shape, shape, (p, a, b) => {
        expect(special.normalCdf(special.normalQuantile(p))).toBeCloseTo(p, 12);
        expect(special.tCdf(special.tQuantile(p, a), a)).toBeCloseTo(p, 12);
        expect(special.chiSquareCdf(special.chiSquareQuantile(p, a), a)).toBeCloseTo(p, 11);
        expect(special.betaInc(special.betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 6);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps the complements together: P + Q = 1, I_x(a, b) + I_1−x(b, a) = 1, erf + erfc = 1', () => {
    const positive = fc.double({ min: 0.01, max: 1e4, noNaN: true });
    const share = fc.integer({ min: 0, max: 1024 }).map((k) => k / 1024);
    fc.assert(
      fc.property(positive, positive, share, (a, b, x) => {
        expect(special.gammaP(a, b) + special.gammaQ(a, b)).toBeCloseTo(1, 13);
        expect(special.betaInc(x, a, b) + special.betaInc(1 - x, b, a)).toBeCloseTo(1, 11);
        expect(special.erf(x) + special.erfc(x)).toBeCloseTo(1, 14);
      }),
      { numRuns: 200 },
    );
  });

  it('gives NaN outside the domain and limits at its ends', () => {
    expect(special.logGamma(-1)).toBeNaN();
    expect(special.gammaP(0, 1)).toBeNaN();
    expect(special.betaInc(2, 1, 1)).toBeNaN();
    expect(special.normalQuantile(1.1)).toBeNaN();
    expect(special.tQuantile(0.5, -1)).toBeNaN();
    expect(special.normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(special.tQuantile(1, 3)).toBe(Number.POSITIVE_INFINITY);
    expect(special.chiSquareQuantile(0, 3)).toBe(0);
    expect(special.chiSquareSf(Number.POSITIVE_INFINITY, 3)).toBe(0);
    expect(special.tCdf(1.3, Number.POSITIVE_INFINITY)).toBe(special.normalCdf(1.3));
    expect([special.betaInc(0, 2, 3), special.betaInc(1, 2, 3)]).toEqual([0, 1]);
  });
});
