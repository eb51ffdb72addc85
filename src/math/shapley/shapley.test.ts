import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readFixture } from '../../../test/fixtures/math/read-fixture.ts';
import { createRandom } from '../random.ts';
import { exactShapley } from './exact.ts';
import { type Game, interventionalGame, logOdds, type RowModel, type ShapleyValues } from './game.ts';
import { kernelShapley } from './kernel.ts';
import { permutationShapley } from './permutation.ts';

type Tree = { feature: number[]; threshold: number[]; left: number[]; right: number[]; value: number[] };
type Model =
  | { kind: 'linear'; weights: number[]; bias: number }
  | { kind: 'logistic'; weights: number[]; bias: number }
  | { kind: 'interactions' }
  | { kind: 'trees'; trees: Tree[] }
  | { kind: 'network'; first: number[][]; firstBias: number[]; second: number[]; secondBias: number };
type Case = {
  name: string;
  model: Model;
  background: number[][];
  rows: number[][];
  base: number;
  exact: number[][];
  kernel: number[][];
};
const { cases } = readFixture<{ cases: Case[] }>('shapley');

const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, one, i) => sum + one * b[i], 0);

function leafValue(tree: Tree, x: readonly number[]): number {
  let node = 0;
  while (tree.left[node] !== -1) {
    node = x[tree.feature[node]] <= tree.threshold[node] ? tree.left[node] : tree.right[node];
  }
  return tree.value[node];
}

function score(model: Model, x: readonly number[]): number {
  if (model.kind === 'linear') return dot(model.weights, x) + model.bias;
  if (model.kind === 'logistic') return 1 / (1 + Math.exp(-dot(model.weights, x) - model.bias));
  if (model.kind === 'interactions') return x[0] * x[1] + x[2] * x[3] * x[0] + Math.sin(x[4]);
  if (model.kind === 'trees') {
    return model.trees.reduce((sum, tree) => sum + leafValue(tree, x), 0) / model.trees.length;
  }
  const hidden = model.first.map((weights, i) => Math.tanh(dot(weights, x) + model.firstBias[i]));
  return dot(model.second, hidden) + model.secondBias;
}

/** A model of one row as one of matrices. */
function rowModel(width: number, score: (row: number[]) => number): RowModel {
  return async (rows, count) =>
    Float64Array.from({ length: count }, (_, i) => score([...rows.subarray(i * width, (i + 1) * width)]));
}

function gameOf(one: Case, row: number) {
  const x = one.rows[row];
  return interventionalGame(
    rowModel(x.length, (values) => score(one.model, values)),
    x,
    one.background.flat(),
  );
}

/** A game by the worth of each set of members, as a bit mask. */
function tableGame(players: number, worth: (mask: number) => number): Game {
  return {
    players,
    async values(members, count) {
      return Float64Array.from({ length: count }, (_, i) => {
        let mask = 0;
        for (let p = 0; p < players; p++) mask |= members[i * players + p] << p;
        return worth(mask);
      });
    },
  };
}

/** A game of random worths, the same for the same seed. */
function randomGame(players: number, seed: number): Game {
  const random = createRandom(seed);
  const worth = Float64Array.from({ length: 2 ** players }, () => random.normal());
  return tableGame(players, (mask) => worth[mask]);
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    expect(Math.abs(actual[i] - expected[i]), `${i}: ${actual[i]}, not ${expected[i]}`).toBeLessThan(
      tolerance,
    );
  }
}

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

describe('the shap package', () => {
  for (const one of cases) {
    it(`agrees to 1e-9 on ${one.name}`, async () => {
      for (let row = 0; row < one.rows.length; row++) {
        const game = gameOf(one, row);
        const spread = (values: ArrayLike<number>) => {
          const all = new Float64Array(one.rows[row].length);
          game.columns.forEach((column, player) => {
            all[column] = values[player];
          });
          return all;
        };
        const exact = await exactShapley(game);
        expect(Math.abs(exact.base - one.base)).toBeLessThan(1e-9);
        expectClose(spread(exact.values), one.exact[row], 1e-9);
        const kernel = await kernelShapley(game, { coalitions: 2 ** game.players, seed: 1 });
        expectClose(spread(kernel.values), one.kernel[row], 1e-9);
        expectClose(kernel.values, exact.values, 1e-9);
        expect(sum(kernel.errors)).toBe(0);
      }
    });
  }

  it('is equal on the scale of the link, where an additive model has its own terms', async () => {
    const one = cases.find(({ name }) => name === 'probability') as Case;
    if (one.model.kind !== 'logistic') throw new Error('The case has another model.');
    const { weights } = one.model;
    const [x] = one.rows;
    const model = rowModel(x.length, (values) => score(one.model, values));
    const { values } = await exactShapley(interventionalGame(model, x, one.background.flat(), logOdds));
    const means = weights.map((_, i) => sum(one.background.map((row) => row[i])) / one.background.length);
    expectClose(
      values,
      weights.map((weight, i) => weight * (x[i] - means[i])),
      1e-6,
    );
  });
});

describe('laws of exact values', () => {
  const shape = fc.record({ players: fc.integer({ min: 1, max: 7 }), seed: fc.integer() });

  it('efficiency: they add up to what all are worth', async () => {
    await fc.assert(
      fc.asyncProperty(shape, async ({ players, seed }) => {
        const { values, base, total } = await exactShapley(randomGame(players, seed));
        expect(Math.abs(sum(values) - (total - base))).toBeLessThan(1e-10);
      }),
    );
  });

  it('symmetry: players that are worth the same get the same', async () => {
    await fc.assert(
      fc.asyncProperty(shape, async ({ players, seed }) => {
        const inner = randomGame(players, seed);
        // Two more players, of whom only the number counts.
        const count = (mask: number) => ((mask >> players) & 1) + ((mask >> (players + 1)) & 1);
        const worth = new Map<number, number>();
        const random = createRandom(seed + 0.5);
        const game = tableGame(players + 2, (mask) => {
          const key = (mask & (2 ** inner.players - 1)) * 3 + count(mask);
          if (!worth.has(key)) worth.set(key, random.normal());
          return worth.get(key) as number;
        });
        const { values } = await exactShapley(game);
        expect(Math.abs(values[players] - values[players + 1])).toBeLessThan(1e-10);
      }),
      { numRuns: 30 },
    );
  });

  it('dummy and linearity', async () => {
    await fc.assert(
      fc.asyncProperty(shape, fc.integer(), async ({ players, seed }, other) => {
        const [a, b] = [randomGame(players, seed), randomGame(players, other)];
        const mixed: Game = {
          players,
          async values(members, count) {
            const [x, y] = [await a.values(members, count), await b.values(members, count)];
            return x.map((value, i) => 2 * value - 3 * y[i]);
          },
        };
        const [one, two, both] = [await exactShapley(a), await exactShapley(b), await exactShapley(mixed)];
        expectClose(
          both.values,
          one.values.map((value, i) => 2 * value - 3 * two.values[i]),
          1e-9,
        );
        const withDummy = tableGame(players + 1, (mask) => Math.sin((mask & (2 ** players - 1)) * 7));
        expect(Math.abs((await exactShapley(withDummy)).values[players])).toBeLessThan(1e-12);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses what it cannot enumerate and rows of another width', async () => {
    await expect(exactShapley(tableGame(16, () => 0))).rejects.toThrow(RangeError);
    expect(() => interventionalGame(async () => [], [1, 2], [1, 2, 3])).toThrow(RangeError);
    expect(() => interventionalGame(async () => [], [1, 2], [])).toThrow(RangeError);
  });

  it('takes missing values as values, and leaves out columns that never vary', async () => {
    const model = rowModel(3, ([a, b, c]) => (Number.isNaN(a) ? 10 : a) + b * c);
    const game = interventionalGame(model, [Number.NaN, 2, 5], [1, 3, 5, Number.NaN, 1, 5]);
    expect(game.columns).toEqual([0, 1]);
    const { values, base, total } = await exactShapley(game);
    expect([...values, base, total]).toEqual([4.5, 0, 15.5, 20]);
    const same = interventionalGame(model, [Number.NaN, 2, 5], [Number.NaN, 2, 5]);
    expect(await exactShapley(same)).toMatchObject({ base: 20, total: 20, values: new Float64Array(0) });
  });
});

type Method = (game: Game, seed: number, more?: number) => Promise<ShapleyValues>;
/** `more` multiplies the draws. */
const sampled: Record<string, Method> = {
  permutation: (game, seed, more = 1) => permutationShapley(game, { pairs: 30 * more, seed }),
  kernel: (game, seed, more = 1) => kernelShapley(game, { coalitions: 400 * more + 2, seed }),
};

describe.each(Object.entries(sampled))('%s sampling', (_, method) => {
  it('adds up exactly, repeats itself by its seed, and is exact for a sum', async () => {
    const game = randomGame(10, 3);
    const one = await method(game, 7);
    expect(Math.abs(sum(one.values) - (one.total - one.base))).toBeLessThan(1e-10);
    expect(await method(game, 7)).toEqual(one);
    expect(await method(game, 8)).not.toEqual(one);
    const weights = [1, -2, 3, 0, 5, 6, -7, 8, 9, 10];
    const additive = tableGame(10, (mask) => sum(weights.map((weight, i) => weight * ((mask >> i) & 1))));
    const { values, errors } = await method(additive, 1);
    expectClose(values, weights, 1e-9);
    expectClose(errors, new Float64Array(10), 1e-9);
  });

  it('is right on average, and as wrong as it says', async () => {
    const game = randomGame(10, 11);
    const exact = await exactShapley(game);
    const seeds = 200;
    const mean = new Float64Array(10);
    let squares = 0;
    let stated = 0;
    for (let seed = 0; seed < seeds; seed++) {
      const { values, errors } = await method(game, seed);
      for (let i = 0; i < 10; i++) {
        mean[i] += values[i] / seeds;
        squares += (values[i] - exact.values[i]) ** 2;
        stated += errors[i] ** 2;
      }
    }
    const typical = Math.sqrt(squares / seeds / 10);
    expectClose(mean, exact.values, (5 * typical) / Math.sqrt(seeds));
    expect(Math.sqrt(stated / squares)).toBeGreaterThan(0.85);
    expect(Math.sqrt(stated / squares)).toBeLessThan(1.2);
  });

  it('comes nearer as the root of the draws', async () => {
    const game = randomGame(12, 5);
    const exact = await exactShapley(game);
    const miss = async (more: number) => {
      let squares = 0;
      for (let seed = 0; seed < 20; seed++) {
        const { values } = await method(game, seed, more);
        squares += sum(values.map((value, i) => (value - exact.values[i]) ** 2));
      }
      return Math.sqrt(squares);
    };
    const ratio = (await miss(9)) / (await miss(1));
    expect(ratio).toBeGreaterThan(1 / 4);
    expect(ratio).toBeLessThan(1 / 2.2);
  });
});

describe('sampling', () => {
  it('ends when told to, with what there is', async () => {
    const game = randomGame(8, 2);
    const stopped = await permutationShapley(game, { pairs: 500, seed: 1, shouldStop: () => true });
    expect(stopped).toEqual(await permutationShapley(game, { pairs: 2, seed: 1 }));
    const wide = tableGame(30, (mask) => mask % 7);
    const early = await kernelShapley(wide, { coalitions: 5000, seed: 1, shouldStop: () => true });
    expect(early.coalitions).toBe(82);
  });

  it('refuses budgets that say nothing', async () => {
    const wide = tableGame(30, () => 0);
    await expect(kernelShapley(wide, { coalitions: 100, seed: 1 })).rejects.toThrow(RangeError);
    await expect(permutationShapley(wide, { pairs: 1, seed: 1 })).rejects.toThrow(RangeError);
  });

  it('needs no draws for one player', async () => {
    const one = tableGame(1, (mask) => 3 + 4 * mask);
    for (const method of [...Object.values(sampled), (game: Game) => exactShapley(game)] as Method[]) {
      expect(await method(one, 1)).toMatchObject({ base: 3, total: 7, values: Float64Array.of(4) });
    }
  });
});
