import { performance } from 'node:perf_hooks';
import { HoustonError } from '../../../platform/errors.ts';
import { type RequestTrace, traceOf } from '../../../platform/tracing/tracer.ts';
import type { Answer } from '../cache/result-cache.ts';
import { meterRun } from '../meter/meter.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import type { RunOutputs } from '../runtime/runner.ts';
import { countScores } from '../runtime/score.ts';
import { servingError } from '../serving.errors.ts';
import { beginRun, endRun } from './prediction-trace.ts';
import type { Arm } from './predictor.ts';
import type { PreparedRows } from './request-rows.ts';

/** One run of one revision. */
export type Run = {
  live: LiveRevision;
  outputs: RunOutputs;
  scores: Float64Array;
  computeMs: number;
  /** In milliseconds since 1970. */
  endedAt: number;
  error: string | null;
  /** What the caller is told when nobody else can answer. */
  failure: HoustonError | null;
};

/** Runs and scores the rows; a failure is told by the run and not thrown. */
export function runRows(
  live: LiveRevision,
  rows: PreparedRows,
  trace?: RequestTrace | undefined,
  arm?: Arm,
): Promise<Run> {
  const start = performance.now();
  const span = trace?.span ? beginRun(trace.span, live, arm) : undefined;
  const finish = (outputs: RunOutputs, error: string | null, failure: HoustonError | null = null): Run => {
    const computeMs = performance.now() - start;
    meterRun(live.meter, rows.rows, computeMs);
    if (span) endRun(span, error);
    const scores = error === null ? live.scorer.scores(outputs, rows.rows) : new Float64Array(0);
    countScores(live.scorer, scores);
    const endedAt = performance.timeOrigin + start + computeMs;
    return { live, outputs, scores, computeMs, endedAt, error, failure };
  };
  const handed = span ? traceOf(span) : trace;
  return withTimeout(live.runner.run(rows.feeds, handed), live).then(
    (outputs) => finish(outputs, null),
    (thrown: unknown) =>
      thrown instanceof HoustonError
        ? finish([], thrown.message, thrown)
        : finish([], 'The model failed on this request.'),
  );
}

/** What the cache gives, as a run that cost nothing. */
export function knownRun(live: LiveRevision, rows: PreparedRows, { outputs }: Answer): Run {
  const scores = live.scorer.scores(outputs, rows.rows);
  return { live, outputs, scores, computeMs: 0, endedAt: 0, error: null, failure: null };
}

/** The answer of a run that may be given again; not when a part of it has failed. */
export function answerOf(run: Run): Answer | null {
  return isBad(run) || run.outputs.isPartial ? null : run;
}

/** A run in a worker that takes too long is given up (it ends on its own); inline runs cannot be. */
function withTimeout<T>(run: Promise<T>, live: LiveRevision): Promise<T> {
  if (live.runner.placement === 'inline') return run;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(servingError('serving.request.timeout', 'The model took longer than its time limit.'));
    }, live.revision.settings.timeoutMs);
    run.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Failed, or with a score that is no number. */
export function isBad(run: Run): boolean {
  if (run.error !== null) return true;
  if (run.live.scorer.output === null) return false;
  for (const score of run.scores) if (Number.isNaN(score)) return true;
  return false;
}
