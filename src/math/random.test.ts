import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from './random.ts';

describe('createRandom', () => {
  it('repeats its draws for one seed and differs between seeds', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e300, max: 1e300, noNaN: true }), (seed) => {
        const [a, b, other] = [
          createRandom(seed),
          createRandom(seed),
          createRandom(seed + 1 + Math.abs(seed)),
        ];
        const draws = Array.from({ length: 5 }, () => a.next());
        expect(Array.from({ length: 5 }, () => b.next())).toEqual(draws);
        expect(Array.from({ length: 5 }, () => other.next())).not.toEqual(draws);
      }),
    );
  });

  it('rejects a seed that is not a number', () => {
    expect(() => createRandom(Number.NaN)).toThrow(RangeError);
  });

  it('spreads uniforms evenly over 64 cells, for neighbouring seeds too', () => {
    for (const drawsPerSeed of [64_000, 1]) {
      const cells = new Float64Array(64);
      for (let seed = 0; seed < 64_000 / drawsPerSeed; seed++) {
        const random = createRandom(seed);
        for (let i = 0; i < drawsPerSeed; i++) cells[Math.floor(random.next() * 64)]++;
      }
      const chiSquare = cells.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
      expect(chiSquare).toBeGreaterThan(30);
      expect(chiSquare).toBeLessThan(110);
    }
  });

  it('draws with the right mean and variance', () => {
    const random = createRandom(11);
    const shapes: [() => number, mean: number, variance: number][] = [
      [() => random.next(), 1 / 2, 1 / 12],
      [() => random.normal(), 0, 1],
      [() => random.exponential(), 1, 1],
      [() => random.gamma(0.4), 0.4, 0.4],
      [() => random.gamma(7), 7, 7],
      [() => random.beta(2, 3), 0.4, 0.04],
      [() => random.int(10), 4.5, 8.25],
    ];
    for (const [draw, mean, variance] of shapes) {
      const values = Array.from({ length: 40_000 }, draw);
      const average = values.reduce((sum, value) => sum + value, 0) / values.length;
      const spread = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length;
      expect(Math.abs(average - mean)).toBeLessThan(4.5 * Math.sqrt(variance / values.length));
      expect(spread / variance).toBeGreaterThan(0.93);
      expect(spread / variance).toBeLessThan(1.07);
    }
  });

  it('shuffles without losing anything, each order about as often', () => {
    const random = createRandom(5);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffle([1, 2, 3]).join('');
      seen.set(order, (seen.get(order) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const count of seen.values()) expect(Math.abs(count - 1000)).toBeLessThan(130);
    expect(random.shuffle(Float64Array.of(3, 1, 2)).toSorted()).toEqual(Float64Array.of(1, 2, 3));
  });

  it('forks a stream that goes its own way', () => {
    const random = createRandom(9);
    const fork = random.fork();
    expect(fork.next()).not.toBe(random.next());
    expect(() => random.int(0)).toThrow(RangeError);
  });
});
