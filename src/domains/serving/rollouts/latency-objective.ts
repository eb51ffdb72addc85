import { latencyQuantile } from '../meter/latency-histogram.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';

/** Below this nobody minds: an answer is slow only beyond it. */
export const leastObjectiveMs = 25;

/** A slow answer: three times the champion's p99, and never below what nobody minds. */
export function latencyObjective(champion: LiveRevision): number {
  const p99 = champion.meter.compute.count >= 100 ? latencyQuantile(champion.meter.compute, 0.99) : null;
  return Math.max(leastObjectiveMs, 3 * (p99 ?? 5 * champion.runMs));
}
