import type { NamedTensor, TensorData } from '../../runtime/tensors.ts';
import type { EnsembleNode } from '../plan/graph.plan.ts';

/** Writes one row of an ensemble; false when there is no member to take it from. */
export function joinMembers(
  { how, weights, members }: EnsembleNode,
  tensors: readonly NamedTensor[],
  isMissing: (member: number, row: number) => boolean,
  output: NamedTensor,
  allRows: number,
  row: number,
): boolean {
  const present: number[] = [];
  for (let i = 0; i < members.length; i++) if (weights[i] > 0 && !isMissing(i, row)) present.push(i);
  if (present.length === 0) return false;
  const width = output.data.length / allRows;
  const target = output.data as unknown as unknown[];
  for (let column = 0; column < width; column++) {
    const read = (member: number) => {
      const { data } = tensors[member];
      const step = data.length / allRows;
      return data[row * step + members[member].from + column];
    };
    target[row * width + column] =
      how === 'vote' ? vote(present, weights, read) : join(how, present, weights, read);
  }
  return true;
}

type Read = (member: number) => TensorData[number];

function join(
  how: Exclude<EnsembleNode['how'], 'vote'>,
  present: readonly number[],
  weights: readonly number[],
  read: Read,
): number {
  if (how === 'mean') {
    let sum = 0;
    let weight = 0;
    for (const member of present) {
      sum += weights[member] * Number(read(member));
      weight += weights[member];
    }
    return sum / weight;
  }
  const values = present.map((member) => Number(read(member)));
  if (how === 'max') return Math.max(...values);
  if (how === 'min') return Math.min(...values);
  if (values.some(Number.isNaN)) return Number.NaN;
  values.sort((a, b) => a - b);
  const middle = values.length >> 1;
  return values.length % 2 === 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

/** The value with the most weight; of equals, that of the member named first. */
function vote(present: readonly number[], weights: readonly number[], read: Read): TensorData[number] {
  const votes = new Map<TensorData[number], number>();
  for (const member of present) {
    const value = read(member);
    votes.set(value, (votes.get(value) ?? 0) + weights[member]);
  }
  let best = read(present[0]);
  let most = Number.NEGATIVE_INFINITY;
  for (const [value, weight] of votes) {
    if (weight <= most) continue;
    best = value;
    most = weight;
  }
  return best;
}
