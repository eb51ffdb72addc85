/**
 * Notation: M players, a coalition S of them, v(S) what it is worth. Of a model f with the row x and background rows
 * b, v(S) = mean over b of link(f(x on S, b elsewhere)): the interventional value function, which never asks what
 * features a row "would have had". The link stands inside the mean, so that a model that is additive on the link's
 * scale gets exactly its own terms.
 */

/** A game that Shapley values divide the worth of. */
export interface Game {
  /** M ≥ 0. */
  readonly players: number;
  /** v of `count` coalitions; `members` is row-major [count, M] with 1 for a member and 0 for the others. */
  values(members: Uint8Array, count: number): Promise<Float64Array>;
}

/** A division of v(all) − v(∅) among the players. */
export interface ShapleyValues {
  /** v(∅). */
  base: number;
  /** v(all). */
  total: number;
  /** One a player; they add up to total − base. */
  values: Float64Array;
  /** Standard error of each value that comes from sampling; 0 where nothing is sampled. */
  errors: Float64Array;
  /** Coalitions that were asked for. */
  coalitions: number;
}

/** Scores of `count` rows, row-major. */
export type RowModel = (rows: Float64Array, count: number) => Promise<ArrayLike<number>>;

export interface InterventionalGame extends Game {
  /** Columns of x that are players: those in which some background row differs. The others are worth nothing. */
  readonly columns: readonly number[];
}

/** Rows of one call of the model. */
const blockRows = 4096;

/**
 * The game of a model at the row `x` against `background`, row-major with the width of `x`; NaN is a value like any
 * other.
 * @throws RangeError when the background is empty or not a whole number of rows
 * Source: Janzing, Minorics & Blöbaum, "Feature relevance quantification in explainable AI" (AISTATS 2020), for why
 * interventional; Lundberg & Lee (2017) for the game.
 */
export function interventionalGame(
  model: RowModel,
  x: ArrayLike<number>,
  background: ArrayLike<number>,
  link: (score: number) => number = (score) => score,
): InterventionalGame {
  const width = x.length;
  const rows = background.length / width;
  if (!(rows >= 1 && Number.isInteger(rows))) {
    throw new RangeError('The background must be one row or more, each as wide as the row to explain.');
  }
  const columns: number[] = [];
  for (let column = 0; column < width; column++) {
    for (let row = 0; row < rows; row++) {
      if (Object.is(background[row * width + column] + 0, x[column] + 0)) continue;
      columns.push(column);
      break;
    }
  }
  const players = columns.length;
  const perBlock = Math.max(1, Math.floor(blockRows / rows));
  return {
    players,
    columns,
    async values(members, count) {
      const values = new Float64Array(count);
      for (let start = 0; start < count; start += perBlock) {
        const size = Math.min(perBlock, count - start);
        const mixed = new Float64Array(size * rows * width);
        for (let i = 0; i < size; i++) {
          const at = i * rows * width;
          for (let k = 0; k < rows * width; k++) mixed[at + k] = background[k];
          for (let player = 0; player < players; player++) {
            if (members[(start + i) * players + player] === 0) continue;
            const column = columns[player];
            for (let row = 0; row < rows; row++) mixed[at + row * width + column] = x[column];
          }
        }
        const scores = await model(mixed, size * rows);
        for (let i = 0; i < size; i++) {
          let sum = 0;
          for (let row = 0; row < rows; row++) sum += link(scores[i * rows + row]);
          values[start + i] = sum / rows;
        }
      }
      return values;
    },
  };
}

/** v(∅) and v(all). */
export async function endsOf(game: Game): Promise<{ base: number; total: number }> {
  const { players } = game;
  const members = new Uint8Array(2 * players).fill(1, players);
  const [base, total] = await game.values(members, 2);
  return { base, total };
}

/** A division among no player or one, which no method needs to work out; undefined for more. */
export function trivialDivision(
  players: number,
  { base, total }: { base: number; total: number },
): ShapleyValues | undefined {
  if (players > 1) return undefined;
  const values = new Float64Array(players).fill(total - base);
  return { base, total, values, errors: new Float64Array(players), coalitions: 2 };
}

/** Nearest a probability may come to 0 or 1: half the step of float32 below 1. */
const leastChance = 2 ** -25;

/** ln(p / (1 − p)) in nats, finite for every p in [0, 1]: at most 17.3 away from 0. */
export function logOdds(p: number): number {
  const chance = Math.min(1 - leastChance, Math.max(leastChance, p));
  return Math.log(chance / (1 - chance));
}
