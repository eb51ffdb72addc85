/**
 * What each bin adds to the population stability index Σ (p − q) ln(p/q), in nats, on shares smoothed as the
 * server does: (c + 0.5)/(n + 0.5 B) over the B bins that hold a row on either side.
 */
export function psiParts(reference: number[], current: number[]): number[] {
  const used = reference.map((count, at) => count + (current[at] ?? 0) > 0);
  const bins = used.filter(Boolean).length;
  const n = reference.reduce((sum, count) => sum + count, 0);
  const m = current.reduce((sum, count) => sum + count, 0);
  if (n === 0 || m === 0) return reference.map(() => 0);
  return reference.map((count, at) => {
    if (!used[at]) return 0;
    const p = (count + 0.5) / (n + 0.5 * bins);
    const q = ((current[at] ?? 0) + 0.5) / (m + 0.5 * bins);
    return (p - q) * Math.log(p / q);
  });
}
