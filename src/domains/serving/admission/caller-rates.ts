/** How fast each caller may ask: a bucket that fills by the second and holds ten seconds' worth. */
export type CallerRates = {
  /** Takes one request from the caller's bucket; false when it is empty. `now` in milliseconds. */
  take(caller: string, perSecond: number, now: number): boolean;
};

const burstSeconds = 10;
/** Buckets that are remembered; the one that was asked least recently is forgotten, and would be full soon. */
const mostCallers = 10_000;

/** Creates the buckets of one deployment. */
export function createCallerRates(): CallerRates {
  const buckets = new Map<string, { left: number; at: number }>();
  return {
    take(caller, perSecond, now) {
      const most = Math.max(1, perSecond * burstSeconds);
      const bucket = buckets.get(caller) ?? { left: most, at: now };
      buckets.delete(caller);
      buckets.set(caller, bucket);
      if (buckets.size > mostCallers) buckets.delete(buckets.keys().next().value as string);
      bucket.left = Math.min(most, bucket.left + ((now - bucket.at) / 1000) * perSecond);
      bucket.at = now;
      if (bucket.left < 1) return false;
      bucket.left--;
      return true;
    },
  };
}
