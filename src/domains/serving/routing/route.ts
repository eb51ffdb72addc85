import type { Gate } from '../admission/gate.ts';
import type { ResultCache } from '../cache/result-cache.ts';
import type { EvidenceBook } from '../rollouts/evidence.ts';
import type { LiveRevision, Revision } from '../runtime/live-revision.ts';

/** A rollout as the request path sees it. `weight` is the one number that a rollback sets to zero. */
export type LiveRollout = {
  readonly id: string;
  readonly salt: string;
  readonly stickyParameter: string | null;
  readonly challenger: LiveRevision;
  readonly evidence: EvidenceBook;
  state: 'shadow' | 'canary' | 'stopped';
  /** Percent of requests that the challenger answers. */
  weight: number;
  /** Requests since the present step began. */
  stepRequests: number;
  /** Called when a harm test has alarmed; the weight is already zero. */
  onAlarm(): void;
};

/** Which revision answers for a deployment. Swapped as a whole or by its fields, between two requests. */
export type Route = {
  readonly deployment: string;
  /** Every request of the deployment passes it. */
  readonly gate: Gate;
  /** Answers that may be given again; null when the deployment declares no cache. */
  cache: ResultCache | null;
  champion: LiveRevision | null;
  /** Kept warm for the way back. */
  previous: LiveRevision | null;
  fallback: LiveRevision | null;
  rollout: LiveRollout | null;
  /** Why there is no champion. */
  error: string | null;
  /** The champion while it is not in memory; it loads at the next request. */
  cold: Revision | null;
  /** When the last request came, and before when a load that failed is not tried again; milliseconds. */
  usedAt: number;
  retryAt: number;
};

/** Whether requests are answered, be it after loading the model. */
export function isServing({ champion, cold, error, fallback }: Route): boolean {
  if (champion !== null) return champion.runner.placement !== 'none' || fallback !== null;
  return cold !== null && error === null;
}

/** Revisions in use by a route. */
export function revisionsOf(route: Route): LiveRevision[] {
  const all = [route.champion, route.previous, route.fallback, route.rollout?.challenger];
  return all.filter((one, i): one is LiveRevision => !!one && all.indexOf(one) === i);
}
