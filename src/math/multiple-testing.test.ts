import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture, relativeError } from '../../test/fixtures/math/read-fixture.ts';
import { benjaminiHochberg, holm } from './multiple-testing.ts';
import { createRandom } from './random.ts';

interface Case {
  p: number[];
  benjaminiHochberg: number[];
  holm: number[];
}
const { cases } = readFixture<{ cases: Case[] }>('multiple-testing');
const methods = { benjaminiHochberg, holm };

describe.each(Object.entries(methods))('%s', (name, adjust) => {
  it('agrees with scipy and statsmodels', () => {
    for (const row of cases) {
      const expected = row[name as keyof typeof methods];
      adjust(row.p).forEach((value, i) => {
        expect(relativeError(value, expected[i])).toBeLessThan(1e-15);
      });
    }
  });

  it('never lowers a p-value, keeps their order and ignores NaN', () => {
    const pValues = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 30 });
    fc.assert(
      fc.property(pValues, (p) => {
        const adjusted = adjust(p);
        for (let i = 0; i < p.length; i++) {
          expect(adjusted[i]).toBeGreaterThanOrEqual(p[i]);
          expect(adjusted[i]).toBeLessThanOrEqual(1);
          for (let j = 0; j < p.length; j++)
            if (p[i] < p[j]) expect(adjusted[i]).toBeLessThanOrEqual(adjusted[j]);
        }
        expect([...adjust([Number.NaN, ...p])]).toEqual([Number.NaN, ...adjusted]);
      }),
    );
  });
});

describe('false discoveries', () => {
  it('stay under the level: 20 shifted tests among 100', () => {
    const random = createRandom(6);
    let share = 0;
    for (let round = 0; round < 400; round++) {
      const p = Array.from({ length: 100 }, (_, i) => (i < 20 ? random.next() ** 8 : random.next()));
      const found = [...benjaminiHochberg(p).keys()].filter((i) => benjaminiHochberg(p)[i] <= 0.1);
      share += found.filter((i) => i >= 20).length / Math.max(1, found.length) / 400;
    }
    expect(share).toBeLessThan(0.1);
    expect(share).toBeGreaterThan(0.04);
  });
});
