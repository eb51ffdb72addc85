import { performance } from 'node:perf_hooks';
import { localCaller } from '../../../platform/auth/auth.ts';
import type { HoustonError } from '../../../platform/errors.ts';
import type { RequestTrace } from '../../../platform/tracing/tracer.ts';
import type { Gate } from '../admission/gate.ts';
import { type Known, lookUp, runAndKeep, sharedAnswer } from '../cache/known-answers.ts';
import { type FailureBook, ofPrediction } from '../failures/failure-book.ts';
import { meterCache, meterRequest } from '../meter/meter.ts';
import type { PredictionLog } from '../recorder/prediction-log.ts';
import { isChallengers } from '../rollouts/rollout.model.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import type { NamedTensor } from '../runtime/tensors.ts';
import { servingError } from '../serving.errors.ts';
import type { AsideQueue } from './aside-queue.ts';
import { observe, otherArm } from './paired-arms.ts';
import { createPredictionIds } from './prediction-ids.ts';
import { describePrediction, traced } from './prediction-trace.ts';
import { type PreparedRows, prepareRows } from './request-rows.ts';
import { answerOf, isBad, knownRun, type Run, runRows } from './revision-run.ts';
import type { LiveRollout, Route } from './route.ts';
import { sameVectors } from './same-vectors.ts';

export type PredictRequest = {
  /** The caller's own id; a prediction id is made when there is none. */
  id?: string;
  /** Version that must answer; only those in the route can. */
  version?: string;
  tensors: readonly NamedTensor[];
  parameters: Readonly<Record<string, unknown>>;
  /** How long the caller still waits for the answer, in milliseconds. */
  deadlineMs?: number;
  /** Who asks, for limits by caller; default: the person at this machine. */
  caller?: string;
  /** The trace that the request is in, when it is in one. */
  trace?: RequestTrace | undefined;
};

export type Arm = 'champion' | 'canary' | 'fallback' | 'pinned';

export type Prediction = {
  id: string;
  rows: number;
  arm: Arm;
  live: LiveRevision;
  outputs: NamedTensor[];
  scores: Float64Array;
  /** False when the disk refused the record (the answer is good all the same). */
  recorded: boolean;
  /** The request's tensors are looked at after this; their memory may not be used again. */
  tensorsInUse: boolean;
};

export type PredictorNeeds = {
  log: PredictionLog;
  aside: AsideQueue;
  failures: FailureBook;
  now: () => number;
};

const newPredictionId = createPredictionIds();

/** A request with its arm and its vectors. */
type Asked = Choice & {
  now: number;
  id: string;
  isCallersId: boolean;
  rows: PreparedRows;
  /** What the cache of the deployment knows; null when answers are not cached. */
  known: Known | null;
};

/**
 * Answers one request: choose the arm, make the vectors, run, score; when the chosen arm fails, another one
 * answers. The record is in its file before this resolves. During a rollout the other arm scores the same rows
 * afterwards, off the reply's path. The deployment's gate may let it wait first, or refuse it; what its cache knows
 * needs no place there.
 * @throws serving.request.overloaded, …expired, serving.caller.limited, serving.request.invalid, serving.request.failed,
 * serving.deployment.not_ready, serving.version.not_served
 */
export async function predict(
  needs: PredictorNeeds,
  route: Route,
  request: PredictRequest,
): Promise<Prediction> {
  const start = performance.now();
  const span = request.trace?.span;
  const present = admit(route, request, needs.now());
  let asked = route.cache === null ? null : ask(needs, route, request);
  const isWork = !asked?.known?.answer;
  let end = 0;
  const turn = isWork ? enter(route.gate, present, request, start) : undefined;
  if (turn !== undefined) {
    await (span ? traced(span, 'houston.admission', turn) : turn);
    // The route and the cache may have changed meanwhile.
    asked = null;
  }
  try {
    asked ??= ask(needs, route, request);
    const { now, id, isCallersId, live: chosen, arm: chosenArm, rollout, champion, rows, known } = asked;
    let arm: Arm = chosenArm;
    let answer = known === null ? null : known.answer;
    if (known !== null && answer === null && rollout === null) {
      const shared = sharedAnswer(known, chosen);
      if (shared !== undefined) answer = await shared;
    }
    let run =
      known === null
        ? await runRows(chosen, rows, request.trace, arm)
        : answer === null
          ? await runAndKeep(
              known,
              chosen,
              now,
              () => runRows(chosen, rows, request.trace, chosenArm),
              answerOf,
            )
          : knownRun(chosen, rows, answer);
    let failed: Run | null = null;
    const rescue = champion === chosen ? route.fallback : champion;
    if (rescue && rescue !== chosen && isBad(run) && arm !== 'pinned') {
      failed = run;
      arm = 'fallback';
      const again = sameVectors(rescue, chosen) ? rows : prepareRows(rescue, request, now);
      run = await runRows(rescue, again, request.trace, arm);
    }
    end = performance.now();
    const latencyMs = end - start;
    const { live, outputs, scores } = run;
    const ok = run.error === null;
    const recording = span?.child('houston.record');
    const recorded = await needs.log.record({
      id,
      isCallersId,
      time: now,
      revision: live.revision.id,
      arm,
      rollout: rollout?.id ?? null,
      rows: rows.rows,
      latencyMs,
      computeMs: run.computeMs,
      eventTimes: rows.eventTimes,
      inputs: rows.inputs,
      features: rows.vectors,
      width: rows.width,
      scores: ok ? scores : null,
      ...(outputs.path !== undefined && { path: outputs.path }),
      error: failed ? (failed.error ?? 'invalid output') : run.error,
      cached: answer !== null && failed === null,
    });
    if (span) {
      recording?.set({ 'houston.recorded': recorded }).end();
      const cached = answer !== null && failed === null;
      describePrediction(span, { id, arm, rows: rows.rows, live, rollout, cached, error: run.error });
    }
    meterRequest(live.meter, now, { rows: rows.rows, latencyMs, failed: !ok });
    if (known !== null) meterCache(chosen.meter, rows.rows, known.lookMs, answer);
    if (failed) {
      meterRequest(failed.live.meter, now, { rows: rows.rows, latencyMs: failed.computeMs, failed: true });
      if (ok) needs.failures.noteRescue(route.deployment, id, failed.error ?? 'The output was invalid.');
    }
    if (rollout) observe(needs, rollout, { ...asked, champion, chosen, request, run, failed });
    if (!ok) {
      const failure =
        run.failure ?? servingError('serving.request.failed', 'The model could not answer this request.');
      throw ofPrediction(failure, id);
    }
    // The run of another arm, one that was given up, or a kept answer may still look at them.
    const tensorsInUse = rollout !== null || failed !== null || known !== null;
    return { id, rows: rows.rows, arm, live, outputs, scores, recorded, tensorsInUse };
  } finally {
    if (isWork) route.gate.leave(start, end);
  }
}

/** The champion, when there is one and the caller may ask. @throws serving.deployment.not_ready, and as `Gate.checkCaller` */
function admit(route: Route, request: PredictRequest, now: number): LiveRevision {
  const { gate, champion } = route;
  if (!champion) throw notReady(route);
  route.usedAt = now;
  if (gate.limits.callerPerSecond !== null) gate.checkCaller(request.caller ?? localCaller.actor, now);
  return champion;
}

/** Lets the request in, now or in its turn. @throws as `Gate.enter` */
function enter(
  gate: Gate,
  champion: LiveRevision,
  request: PredictRequest,
  start: number,
): Promise<void> | undefined {
  const { deadlineMs } = gate.limits;
  const own = deadlineMs ?? champion.revision.settings.timeoutMs;
  const callers = request.deadlineMs;
  return callers !== undefined && callers < own
    ? gate.enter(start, champion.runner.parallel, callers, true)
    : gate.enter(start, champion.runner.parallel, own, false);
}

/** Why a deployment without a champion does not answer. */
export function notReady(route: Route): HoustonError {
  return servingError(
    'serving.deployment.not_ready',
    route.error ??
      (route.cold ? 'Its model is not in memory; it loads now.' : 'This deployment serves no version yet.'),
  );
}

function ask(needs: PredictorNeeds, route: Route, request: PredictRequest): Asked {
  const now = needs.now();
  const isCallersId = request.id !== undefined && request.id !== '';
  const id = isCallersId ? String(request.id) : newPredictionId(now);
  const { live, arm, rollout, champion } = choose(route, request, id);
  const preparing = request.trace?.span?.child('houston.features');
  const rows = prepareRows(live, request, now);
  preparing?.end();
  const { cache } = route;
  const other = rollout === null || cache === null ? null : otherArm(rollout, live, champion);
  const known = cache === null ? null : lookUp(cache, live, other, rows.feeds, now);
  return { now, id, isCallersId, live, arm, rollout, champion, rows, known };
}

type Choice = { live: LiveRevision; arm: Arm; rollout: LiveRollout | null; champion: LiveRevision };

function choose(route: Route, request: PredictRequest, id: string): Choice {
  const { champion, rollout } = route;
  if (!champion) throw notReady(route);
  if (request.version !== undefined && request.version !== '') {
    const named = [champion, rollout?.challenger, route.previous].find(
      (live) => live && String(live.revision.version) === request.version,
    );
    if (!named)
      throw servingError('serving.version.not_served', 'This deployment does not serve that version.');
    return { live: named, arm: named === champion ? 'champion' : 'pinned', rollout: null, champion };
  }
  if (!rollout || rollout.state === 'stopped')
    return { live: champion, arm: 'champion', rollout: null, champion };
  const sticky = rollout.stickyParameter === null ? undefined : request.parameters[rollout.stickyParameter];
  const key = sticky === undefined ? id : String(sticky);
  return isChallengers(key, rollout.salt, rollout.weight)
    ? { live: rollout.challenger, arm: 'canary', rollout, champion }
    : { live: champion, arm: 'champion', rollout, champion };
}
