import { performance } from 'node:perf_hooks';
import { localCaller } from '../../../platform/auth/auth.ts';
import { HoustonError } from '../../../platform/errors.ts';
import { meterRequest, meterRun } from '../meter/meter.ts';
import type { PredictionLog } from '../recorder/prediction-log.ts';
import { isChallengers } from '../rollouts/rollout.model.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import type { NamedTensor } from '../runtime/tensors.ts';
import { servingError } from '../serving.errors.ts';
import type { AsideQueue } from './aside-queue.ts';
import { createPredictionIds } from './prediction-ids.ts';
import { type PreparedRows, prepareRows } from './request-rows.ts';
import type { LiveRollout, Route } from './route.ts';

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
  /** The request's tensors are looked at after this: the other arm of a rollout scores them too. */
  tensorsInUse: boolean;
};

/** One run of one revision. */
type Run = {
  live: LiveRevision;
  outputs: NamedTensor[];
  scores: Float64Array;
  computeMs: number;
  error: string | null;
  /** What the caller is told when nobody else can answer. */
  failure: HoustonError | null;
};

export type PredictorNeeds = { log: PredictionLog; aside: AsideQueue; now: () => number };

const newPredictionId = createPredictionIds();

/**
 * Answers one request: choose the arm, make the vectors, run, score; when the chosen arm fails, another one
 * answers. The record is in its file before this resolves. During a rollout the other arm scores the same rows
 * afterwards, off the reply's path. The deployment's gate may let it wait first, or refuse it.
 * @throws serving.request.overloaded, …expired, serving.caller.limited, serving.request.invalid, serving.request.failed,
 * serving.deployment.not_ready, serving.version.not_served
 */
export async function predict(
  needs: PredictorNeeds,
  route: Route,
  request: PredictRequest,
): Promise<Prediction> {
  const start = performance.now();
  const turn = enter(route, request, start, needs.now());
  if (turn !== undefined) await turn;
  let end = 0;
  try {
    const now = needs.now();
    const isCallersId = request.id !== undefined && request.id !== '';
    const id = isCallersId ? String(request.id) : newPredictionId(now);
    const { live: chosen, arm: chosenArm, rollout, champion } = choose(route, request, id);
    const rows = prepareRows(chosen, request, now);
    let arm: Arm = chosenArm;
    let run = await runRows(chosen, rows);
    let failed: Run | null = null;
    const rescue = champion === chosen ? route.fallback : champion;
    if (rescue && rescue !== chosen && isBad(run) && arm !== 'pinned') {
      failed = run;
      arm = 'fallback';
      run = await runRows(rescue, sameVectors(rescue, chosen) ? rows : prepareRows(rescue, request, now));
    }
    end = performance.now();
    const latencyMs = end - start;
    const { live, outputs, scores } = run;
    const ok = run.error === null;
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
      error: failed ? (failed.error ?? 'invalid output') : run.error,
    });
    meterRequest(live.meter, now, { rows: rows.rows, latencyMs, failed: !ok });
    if (failed)
      meterRequest(failed.live.meter, now, { rows: rows.rows, latencyMs: failed.computeMs, failed: true });
    if (rollout) observe(needs, rollout, { id, now, arm, champion, chosen, rows, request, run, failed });
    if (!ok) {
      throw run.failure ?? servingError('serving.request.failed', 'The model could not answer this request.');
    }
    const tensorsInUse = rollout !== null;
    return { id, rows: rows.rows, arm, live, outputs, scores, recorded, tensorsInUse };
  } finally {
    route.gate.leave(start, end);
  }
}

/** Lets the request in, now or in its turn. @throws as `Gate.enter` and `Gate.checkCaller` */
function enter(route: Route, request: PredictRequest, start: number, now: number): Promise<void> | undefined {
  const { gate, champion } = route;
  if (!champion) throw notReady(route);
  route.usedAt = now;
  const { callerPerSecond, deadlineMs } = gate.limits;
  if (callerPerSecond !== null) gate.checkCaller(request.caller ?? localCaller.actor, now);
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

function runRows(live: LiveRevision, rows: PreparedRows): Promise<Run> {
  const start = performance.now();
  const finish = (outputs: NamedTensor[], error: string | null, failure: HoustonError | null = null): Run => {
    const computeMs = performance.now() - start;
    meterRun(live.meter, computeMs);
    const scores = error === null ? live.scorer.scores(outputs, rows.rows) : new Float64Array(0);
    return { live, outputs, scores, computeMs, error, failure };
  };
  return withTimeout(live.runner.run(rows.feeds), live).then(
    (outputs) => finish(outputs, null),
    (thrown: unknown) =>
      thrown instanceof HoustonError
        ? finish([], thrown.message, thrown)
        : finish([], 'The model failed on this request.'),
  );
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

function isBad(run: Run): boolean {
  if (run.error !== null) return true;
  if (run.live.scorer.output === null) return false;
  for (const score of run.scores) if (Number.isNaN(score)) return true;
  return false;
}

function sameVectors(a: LiveRevision, b: LiveRevision): boolean {
  return a.revision.featureDigest === b.revision.featureDigest;
}

type Answered = {
  id: string;
  now: number;
  arm: Arm;
  champion: LiveRevision;
  chosen: LiveRevision;
  rows: PreparedRows;
  request: PredictRequest;
  run: Run;
  failed: Run | null;
};

/** Feeds the rollout's evidence: who was assigned, and both arms' results on the same rows. */
function observe(needs: PredictorNeeds, rollout: LiveRollout, answered: Answered): void {
  const { id, now, champion, chosen, run, failed } = answered;
  rollout.stepRequests++;
  rollout.evidence.assigned(chosen === rollout.challenger, rollout.weight);
  const settle = (other: Run, mine: Run) => {
    if (rollout.state === 'stopped') return;
    const [ofChampion, ofChallenger] = mine.live === rollout.challenger ? [other, mine] : [mine, other];
    rollout.evidence.pair({
      id,
      time: now,
      champion: armResult(ofChampion),
      challenger: armResult(ofChallenger),
    });
    if (!rollout.evidence.hasAlarm()) return;
    rollout.weight = 0;
    rollout.state = 'stopped';
    rollout.onAlarm();
  };
  const record = (other: Run) =>
    needs.log.pair({
      id,
      time: needs.now(),
      revision: other.live.revision.id,
      rollout: rollout.id,
      computeMs: other.computeMs,
      scores: other.error === null ? other.scores : null,
      error: other.error,
    });
  if (failed) {
    record(failed);
    settle(run, failed);
    return;
  }
  needs.aside.push(async () => {
    if (rollout.state === 'stopped') return;
    const other = chosen === champion ? rollout.challenger : champion;
    const rows = sameVectors(other, chosen) ? answered.rows : prepareRows(other, answered.request, now);
    const aside = await runRows(other, rows);
    record(aside);
    settle(aside, run);
  });
}

function armResult(run: Run) {
  return {
    failed: run.error !== null,
    computeMs: run.computeMs,
    scores: run.error === null ? run.scores : null,
  };
}
