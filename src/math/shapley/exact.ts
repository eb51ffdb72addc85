import type { Game, ShapleyValues } from './game.ts';

/** Beyond it the 2^M coalitions are too many. */
export const mostExactPlayers = 15;

/**
 * Shapley values by enumeration of all 2^M coalitions:
 * φ_i = Σ over S without i of |S|! (M − |S| − 1)! / M! · (v(S ∪ i) − v(S)).
 * @throws RangeError when there are more than `mostExactPlayers`
 * Source: Shapley, "A value for n-person games", Contributions to the Theory of Games II (1953), 307-317.
 */
export async function exactShapley(game: Game): Promise<ShapleyValues> {
  const { players } = game;
  if (players > mostExactPlayers) {
    throw new RangeError(`Enumeration takes at most ${mostExactPlayers} players, not ${players}.`);
  }
  const count = 2 ** players;
  const worth = await game.values(allCoalitions(players), count);
  const weights = marginalWeights(players);
  const values = new Float64Array(players);
  for (let coalition = 0; coalition < count; coalition++) {
    const weight = weights[sizeOf(coalition)];
    for (let player = 0; player < players; player++) {
      const bit = 1 << player;
      if ((coalition & bit) === 0) values[player] += weight * (worth[coalition | bit] - worth[coalition]);
    }
  }
  return {
    base: worth[0],
    total: worth[count - 1],
    values,
    errors: new Float64Array(players),
    coalitions: count,
  };
}

/** All coalitions, row-major; player p belongs to coalition c when bit p of c is set. */
export function allCoalitions(players: number): Uint8Array {
  const count = 2 ** players;
  const members = new Uint8Array(count * players);
  for (let coalition = 0; coalition < count; coalition++) {
    for (let player = 0; player < players; player++) {
      members[coalition * players + player] = (coalition >> player) & 1;
    }
  }
  return members;
}

/** |S|! (M − |S| − 1)! / M! by |S|, which is 1 / (M · C(M − 1, |S|)). */
function marginalWeights(players: number): Float64Array {
  const weights = new Float64Array(players + 1);
  let choices = 1;
  for (let size = 0; size < players; size++) {
    weights[size] = 1 / (players * choices);
    choices = (choices * (players - 1 - size)) / (size + 1);
  }
  return weights;
}

function sizeOf(coalition: number): number {
  let size = 0;
  for (let rest = coalition; rest !== 0; rest &= rest - 1) size++;
  return size;
}
