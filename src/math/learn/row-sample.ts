import { createRandom } from '../random.ts';

/**
 * `size` of `rows` without replacement, ascending; all of them when `size >= rows`.
 * Selection sampling: Knuth, The Art of Computer Programming vol. 2, 3.4.2, algorithm S.
 */
export function sampleRows(rows: number, size: number, seed: number): Int32Array {
  if (size >= rows) return Int32Array.from({ length: rows }, (_, i) => i);
  const random = createRandom(seed);
  const picked = new Int32Array(size);
  let taken = 0;
  for (let i = 0; taken < size; i++) {
    if (random.next() * (rows - i) < size - taken) picked[taken++] = i;
  }
  return picked;
}

/**
 * Splits row numbers into a training and a validation part, each with the classes' overall shares.
 * `share` in (0, 1) goes to validation. Both parts are ascending.
 * @throws RangeError when a class is too small to appear in both parts.
 */
export function stratifiedSplit(
  labels: Uint8Array,
  share: number,
  seed: number,
): { training: Int32Array; validation: Int32Array } {
  const isHeldOut = new Uint8Array(labels.length);
  let held = 0;
  for (const label of [0, 1]) {
    const members: number[] = [];
    for (let i = 0; i < labels.length; i++) if (labels[i] === label) members.push(i);
    const size = Math.round(members.length * share);
    if (size === 0 || size === members.length) {
      throw new RangeError(`Class ${label} has only ${members.length} rows, too few for a validation part.`);
    }
    for (const k of sampleRows(members.length, size, seed + label)) isHeldOut[members[k]] = 1;
    held += size;
  }
  const training = new Int32Array(labels.length - held);
  const validation = new Int32Array(held);
  for (let i = 0, t = 0, v = 0; i < labels.length; i++) {
    if (isHeldOut[i]) validation[v++] = i;
    else training[t++] = i;
  }
  return { training, validation };
}
