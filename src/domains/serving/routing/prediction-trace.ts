import type { Span } from '../../../platform/tracing/span.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';

/** Attributes of the request's span that name its prediction; the page of the prediction finds its trace by them. */
const predictionAttribute = 'houston.prediction.id';

/** Puts the wait for `work` into a span of its own. */
export async function traced<T>(parent: Span, name: string, work: Promise<T>): Promise<T> {
  const span = parent.child(name);
  try {
    return await work;
  } catch (error) {
    span.fail(error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    span.end();
  }
}

/** One run of one revision: of the arm that was drawn, or of the fallback. */
export function beginRun(parent: Span, live: LiveRevision, arm: string | undefined): Span {
  const { id, model, version } = live.revision;
  return parent.child('houston.run').set({
    'houston.model': model,
    'houston.model.version': version,
    'houston.revision': id,
    'houston.placement': live.runner.placement,
    ...(arm !== undefined && { 'houston.arm': arm }),
  });
}

export function endRun(span: Span, error: string | null): void {
  if (error !== null) span.fail(error, 'run_failed');
  span.end();
}

/** Says on the request's span what was predicted and by whom. */
export function describePrediction(
  span: Span,
  answer: {
    id: string;
    arm: string;
    rows: number;
    live: LiveRevision;
    rollout: { id: string } | null;
    /** The answer came out of the cache: nothing was run. */
    cached: boolean;
    error: string | null;
  },
): void {
  const { deployment, model, version } = answer.live.revision;
  span.set({
    [predictionAttribute]: answer.id,
    'houston.deployment': deployment,
    'houston.model': model,
    'houston.model.version': version,
    'houston.arm': answer.arm,
    'houston.rows': answer.rows,
    ...(answer.cached && { 'houston.cached': true }),
    ...(answer.rollout && { 'houston.rollout': answer.rollout.id }),
  });
  if (answer.error !== null) span.fail(answer.error, 'run_failed');
}
