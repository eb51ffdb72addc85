import { performance } from 'node:perf_hooks';
import { sameVectors } from '../routing/same-vectors.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import type { NamedTensor } from '../runtime/tensors.ts';
import { inputDigest } from './input-digest.ts';
import type { Answer, ResultCache } from './result-cache.ts';

/** What the cache of a deployment knows about one input. */
export type Known = {
  readonly cache: ResultCache;
  readonly digest: string;
  readonly generation: number;
  /** The answer of the revision that was chosen, and of the other arm where a rollout needs both. */
  readonly answer: Answer | null;
  readonly others: Answer | null;
  /** Time that the look took, in milliseconds. */
  readonly lookMs: number;
};

/**
 * Looks an input up under the chosen revision. While a rollout compares two arms, both answer from the cache or
 * neither does, so that failures and slow runs fall on either with the same chance. Null when answers are not cached:
 * a revision whose answers may not be, or arms that see the request through different features.
 */
export function lookUp(
  cache: ResultCache,
  chosen: LiveRevision,
  other: LiveRevision | null,
  feeds: readonly NamedTensor[],
  now: number,
): Known | null {
  if (whyNotCached(cache, chosen) !== null) return null;
  if (other !== null) {
    if (!sameVectors(other, chosen)) return null;
    if (whyNotCached(cache, other) !== null) return null;
  }
  const start = performance.now();
  const digest = inputDigest(feeds);
  const mine = cache.find(keyOf(chosen, digest), now);
  const others = other === null ? null : cache.find(keyOf(other, digest), now);
  const answer = other === null || others !== null ? mine : null;
  const generation = cache.generation();
  return { cache, digest, generation, answer, others, lookMs: performance.now() - start };
}

/** Why the answers of this revision are not cached, or null. */
export function whyNotCached({ settings }: ResultCache, live: LiveRevision): string | null {
  if (live.unrepeatable !== null) return live.unrepeatable;
  if (live.runner.placement === 'constant') return 'A constant costs nothing.';
  if (live.runner.placement === 'upstream' && settings.ttlMs === null)
    return 'It runs elsewhere and may change there; declare a ttlSeconds for how old its answers may be.';
  return null;
}

/** The answer of a run for the same input that is under way (null when it fails), or undefined when there is none. */
export function sharedAnswer(known: Known, live: LiveRevision): Promise<Answer | null> | undefined {
  return known.cache.awaited(keyOf(live, known.digest));
}

/**
 * Runs an input and keeps the answer, if `answerOf` gives one. Who asks the same meanwhile can share it.
 */
export async function runAndKeep<R>(
  known: Known,
  live: LiveRevision,
  now: number,
  run: () => Promise<R>,
  answerOf: (run: R) => Answer | null,
): Promise<R> {
  const { cache, digest, generation } = known;
  const key = keyOf(live, digest);
  const land = cache.announce(key);
  let kept: Answer | null = null;
  try {
    const result = await run();
    const answer = answerOf(result);
    if (answer) kept = cache.put(key, answer, now, generation);
    return result;
  } finally {
    land(kept);
  }
}

/** A revision's id is a digest of model, features and settings, so no other revision ever has this key. */
const keyOf = ({ revision }: LiveRevision, digest: string) => `${revision.id} ${digest}`;
