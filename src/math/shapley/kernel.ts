import { solveCholesky } from '../learn/cholesky.ts';
import { createRandom, type Random } from '../random.ts';
import { allCoalitions } from './exact.ts';
import { endsOf, type Game, type ShapleyValues, trivialDivision } from './game.ts';

export interface KernelOptions {
  /** Most coalitions to ask for; all of them are taken when they fit. At least 4 a player otherwise. */
  coalitions: number;
  seed: number;
  /** Asked before each block of a sample from the second on; true ends the work with what there is. */
  shouldStop?: () => boolean;
}

/** Groups of the jackknife. */
const groups = 20;
/** Beyond it 2^M has no place in 31 bits, and no budget either. */
const mostEnumerated = 24;

/** Sums of z zᵀ and z (v(z) − v(∅)) over coalitions z, row-major. */
type Moments = { a: Float64Array; b: Float64Array };

/**
 * Shapley values as the weighted least squares fit of v by a sum over members, with weight
 * (M − 1) / (C(M, |z|) |z| (M − |z|)) and the constraint that all values add up to v(all) − v(∅).
 * Where all coalitions fit the budget the result is exact. Otherwise coalitions are drawn by that weight, each with
 * its complement, and errors are those of a jackknife over 20 groups of pairs.
 * @throws RangeError when the budget of a sample is below 4 coalitions a player, or below 80
 * Source: Lundberg & Lee, "A unified approach to interpreting model predictions" (NIPS 2017), theorem 2; Covert &
 * Lee, "Improving KernelSHAP: practical Shapley value estimation using linear regression" (AISTATS 2021), for the
 * estimator and the pairs.
 */
export async function kernelShapley(game: Game, options: KernelOptions): Promise<ShapleyValues> {
  const { players } = game;
  const ends = await endsOf(game);
  const trivial = trivialDivision(players, ends);
  if (trivial) return trivial;
  if (isEnumerated(players, options.coalitions)) return enumerate(game, ends);
  const least = Math.max(4 * players, 4 * groups);
  if (!(options.coalitions >= least)) {
    throw new RangeError(`A sample of coalitions of ${players} players needs ${least} of them or more.`);
  }
  return sample(game, ends, options);
}

/** Whether a budget holds all coalitions, so that the result is exact. */
export function isEnumerated(players: number, coalitions: number): boolean {
  return players <= mostEnumerated && 2 ** players <= coalitions;
}

type Ends = { base: number; total: number };

async function enumerate(game: Game, ends: Ends): Promise<ShapleyValues> {
  const { players } = game;
  const all = allCoalitions(players);
  const count = 2 ** players - 2;
  const members = all.subarray(players, all.length - players);
  const worth = await game.values(members, count);
  const weights = sizeWeights(players);
  const choices = binomials(players);
  const moments = emptyMoments(players);
  for (let i = 0; i < count; i++) {
    const z = members.subarray(i * players, (i + 1) * players);
    const size = z.reduce((sum, one) => sum + one, 0);
    addCoalition(moments, z, worth[i] - ends.base, weights[size] / choices[size]);
  }
  const values = constrainedFit(moments, ends.total - ends.base);
  return { ...ends, values, errors: new Float64Array(players), coalitions: count + 2 };
}

async function sample(game: Game, ends: Ends, options: KernelOptions): Promise<ShapleyValues> {
  const { players } = game;
  const { shouldStop = () => false } = options;
  const random = createRandom(options.seed);
  const pairs = Math.floor((options.coalitions - 2) / 2);
  const byGroup = Array.from({ length: groups }, () => emptyMoments(players));
  const draw = coalitionSampler(players, random);
  // A block gives every group as many pairs as the others, whenever the work ends.
  const perBlock = groups * Math.max(1, Math.ceil(players / groups));
  let drawn = 0;
  while (drawn < pairs && !(drawn > 0 && shouldStop())) {
    const size = Math.min(perBlock, pairs - drawn);
    const members = new Uint8Array(2 * size * players);
    for (let i = 0; i < size; i++) {
      const z = members.subarray(2 * i * players, (2 * i + 1) * players);
      draw(z);
      for (let p = 0; p < players; p++) members[(2 * i + 1) * players + p] = 1 - z[p];
    }
    const worth = await game.values(members, 2 * size);
    for (let i = 0; i < 2 * size; i++) {
      const z = members.subarray(i * players, (i + 1) * players);
      addCoalition(byGroup[(i >> 1) % groups], z, worth[i] - ends.base, 1);
    }
    drawn += size;
  }
  const gain = ends.total - ends.base;
  const whole = sumOf(byGroup, -1);
  const values = constrainedFit(whole, gain);
  const errors = jackknife(byGroup, players, gain);
  return { ...ends, values, errors, coalitions: 2 * drawn + 2 };
}

/** Standard errors from fits that each leave one group out. */
function jackknife(byGroup: readonly Moments[], players: number, gain: number): Float64Array {
  const fits = byGroup.map((_, left) => constrainedFit(sumOf(byGroup, left), gain));
  return Float64Array.from({ length: players }, (_, player) => {
    const mean = fits.reduce((sum, fit) => sum + fit[player], 0) / groups;
    const squares = fits.reduce((sum, fit) => sum + (fit[player] - mean) ** 2, 0);
    return Math.sqrt(((groups - 1) / groups) * squares);
  });
}

/** Draws a size by its weight, then a coalition of it, into the empty `z`. */
function coalitionSampler(players: number, random: Random): (z: Uint8Array) => void {
  const weights = sizeWeights(players);
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const order = Uint32Array.from({ length: players }, (_, player) => player);
  return (z) => {
    let rest = random.next() * all;
    let size = 1;
    while (size < players - 1 && rest >= weights[size]) rest -= weights[size++];
    random.shuffle(order);
    for (let i = 0; i < size; i++) z[order[i]] = 1;
  };
}

/** The kernel's weight of all coalitions of a size together: (M − 1) / (|z| (M − |z|)). */
function sizeWeights(players: number): Float64Array {
  return Float64Array.from({ length: players }, (_, size) =>
    size === 0 ? 0 : (players - 1) / (size * (players - size)),
  );
}

function binomials(players: number): Float64Array {
  const choices = new Float64Array(players + 1).fill(1);
  for (let size = 1; size <= players; size++) {
    choices[size] = (choices[size - 1] * (players - size + 1)) / size;
  }
  return choices;
}

const emptyMoments = (players: number): Moments => ({
  a: new Float64Array(players * players),
  b: new Float64Array(players),
});

function addCoalition({ a, b }: Moments, z: Uint8Array, worth: number, weight: number): void {
  const players = z.length;
  for (let i = 0; i < players; i++) {
    if (z[i] === 0) continue;
    b[i] += weight * worth;
    for (let j = 0; j <= i; j++) a[i * players + j] += weight * z[j];
  }
}

function sumOf(parts: readonly Moments[], without: number): Moments {
  const sum = emptyMoments(parts[0].b.length);
  parts.forEach(({ a, b }, part) => {
    if (part === without) return;
    for (let i = 0; i < a.length; i++) sum.a[i] += a[i];
    for (let i = 0; i < b.length; i++) sum.b[i] += b[i];
  });
  return sum;
}

/** The least squares solution whose entries add up to `gain`: A⁻¹ (b − λ 1) with the λ that makes them. */
function constrainedFit({ a, b }: Moments, gain: number): Float64Array {
  const free = Float64Array.from(b);
  solveCholesky(Float64Array.from(a), free);
  const ones = new Float64Array(b.length).fill(1);
  solveCholesky(Float64Array.from(a), ones);
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  const lambda = (sum(free) - gain) / sum(ones);
  return free.map((value, player) => value - lambda * ones[player]);
}
