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
  itAgrees('gammaQ', fixture.gamma, ([a, x]) => special.gammaQ(a, x), 2, 2e-12, 1e-290);
  itAgrees('erf', fixture.erf, ([x]) => special.erf(x), 1, 1e-15);
  itAgrees('erfc', fixture.erf, ([x]) => special.erfc(x), 2, 5e-14);
  itAgrees('normalSf', fixture.normal, ([z]) => special.normalSf(-z), 1, 5e-13);
  itAgrees('normalQuantile', fixture.normalQuantile, ([p]) => special.normalQuantile(p), 1, 2e-15, 1e-12);
  itAgrees('tSf', fixture.t, ([t, df]) => special.tSf(-t, df), 2, 5e-13);
  itAgrees('tQuantile', fixture.tQuantile, ([p, df]) => special.tQuantile(p, df), 2, 2e-14, 1e-12);
  itAgrees('chiSquareSf', fixture.chiSquareSf, ([x, df]) => special.chiSquareSf(x, df), 2, 2e-14, 1e-290);

  it('keeps logBeta exact where differences of logGamma are not', () => {
    // mpmath, 40 digits.
    expect(relativeError(special.logBeta(0.1, 100_000), 1.101420555237783)).toBeLessThan(1e-15);
  });

  it('inverts its own distribution functions', () => {
    const level = fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true });
    const shape = fc.double({ min: 0.2, max: 5000, noNaN: true });
    fc.assert(
      fc.property(level, shape, (p, df) => {
        expect(special.normalSf(special.normalQuantile(p))).toBeCloseTo(1 - p, 12);
        expect(special.tSf(special.tQuantile(p, df), df)).toBeCloseTo(1 - p, 12);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps the complements together: erf + erfc = 1', () => {
    fc.assert(
      fc.property(fc.double({ min: -6, max: 6, noNaN: true }), (x) => {
        expect(special.erf(x) + special.erfc(x)).toBeCloseTo(1, 14);
      }),
    );
  });

  it('gives NaN outside the domain and limits at its ends', () => {
    expect(special.logGamma(-1)).toBeNaN();
    expect(special.gammaQ(0, 1)).toBeNaN();
    expect(special.normalQuantile(1.1)).toBeNaN();
    expect(special.tQuantile(0.5, -1)).toBeNaN();
    expect(special.normalQuantile(0)).toBe(Number.NEGATIVE_INFINITY);
    expect(special.tQuantile(1, 3)).toBe(Number.POSITIVE_INFINITY);
    expect(special.chiSquareSf(Number.POSITIVE_INFINITY, 3)).toBe(0);
    expect(special.tSf(1.3, Number.POSITIVE_INFINITY)).toBe(special.normalSf(1.3));
  });
});
