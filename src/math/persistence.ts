/**
 * True when at least `m` of the last `k` flags are set (the newest flag is last). With fewer than k flags it
 * looks at those there are.
 *
 * @throws RangeError unless 1 ≤ m ≤ k.
 */
export function persists(flags: readonly boolean[], m = 3, k = 5): boolean {
  if (!(m >= 1 && m <= k)) throw new RangeError('Persistence needs 1 ≤ m ≤ k.');
  let set = 0;
  for (let i = Math.max(0, flags.length - k); i < flags.length; i++) if (flags[i]) set++;
  return set >= m;
}
