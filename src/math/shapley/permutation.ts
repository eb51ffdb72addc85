import { createRandom } from '../random.ts';
import { endsOf, type Game, type ShapleyValues, trivialDivision } from './game.ts';

export interface PermutationOptions {
  /** Orders to draw, each taken forwards and backwards; at least 2. */
  pairs: number;
  seed: number;
  /** Asked before each pair from the third on; true ends the work with what there is. */
  shouldStop?: () => boolean;
}

/** Coalitions that `pairs` orders of `players` ask for. */
export function permutationCoalitions(players: number, pairs: number): number {
  return players > 1 ? 2 + pairs * 2 * (players - 1) : 2;
}

/**
 * Shapley values as the mean of what each player adds when all join in a random order. Every order is also taken
 * backwards (antithetic), which cancels the error of every pairwise interaction; each pair adds up to
 * v(all) − v(∅) exactly, and so does the mean. Errors come from the spread between pairs.
 * @throws RangeError for fewer than two pairs
 * Source: Castro, Gómez & Tejada, Computers & Operations Research 36 (2009), 1726-1730; for the antithetic pairs
 * Mitchell, Cooper, Frank & Holmes, "Sampling permutations for Shapley value estimation", JMLR 23 (2022).
 */
export async function permutationShapley(game: Game, options: PermutationOptions): Promise<ShapleyValues> {
  const { pairs, seed, shouldStop = () => false } = options;
  if (!(Number.isInteger(pairs) && pairs >= 2))
    throw new RangeError('A sample of orders needs two pairs or more.');
  const { players } = game;
  const ends = await endsOf(game);
  const trivial = trivialDivision(players, ends);
  if (trivial) return trivial;
  const random = createRandom(seed);
  const order = Uint32Array.from({ length: players }, (_, player) => player);
  const mean = new Float64Array(players);
  const squares = new Float64Array(players);
  let drawn = 0;
  while (drawn < pairs && !(drawn >= 2 && shouldStop())) {
    const added = await addedBy(game, random.shuffle(order), ends);
    drawn++;
    for (let player = 0; player < players; player++) {
      const before = added[player] - mean[player];
      mean[player] += before / drawn;
      squares[player] += before * (added[player] - mean[player]);
    }
  }
  return {
    ...ends,
    values: mean,
    errors: squares.map((sum) => Math.sqrt(sum / (drawn - 1) / drawn)),
    coalitions: permutationCoalitions(players, drawn),
  };
}

/** What each player adds, averaged over an order and its reverse. */
async function addedBy(
  game: Game,
  order: Uint32Array,
  { base, total }: { base: number; total: number },
): Promise<Float64Array> {
  const { players } = game;
  const inner = players - 1;
  // Row k: the first k + 1 of the order; row inner + k: the last k + 1 of it.
  const members = new Uint8Array(2 * inner * players);
  for (let k = 0; k < inner; k++) {
    for (let i = 0; i <= k; i++) {
      members[k * players + order[i]] = 1;
      members[(inner + k) * players + order[players - 1 - i]] = 1;
    }
  }
  const worth = await game.values(members, 2 * inner);
  const added = new Float64Array(players);
  for (let i = 0; i < players; i++) {
    const forwards = (i === inner ? total : worth[i]) - (i === 0 ? base : worth[i - 1]);
    const place = players - 1 - i;
    const backwards =
      (place === inner ? total : worth[inner + place]) - (place === 0 ? base : worth[inner + place - 1]);
    added[order[i]] = (forwards + backwards) / 2;
  }
  return added;
}
