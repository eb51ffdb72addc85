import { errorText } from '../../../platform/log.ts';
import { type Scope, transact } from '../../../platform/scope.ts';
import type { LiveRollout } from '../routing/route.ts';
import { type LiveRevision, orRelease } from '../runtime/live-revision.ts';
import { reopenRevision } from '../runtime/revisions.ts';
import { servingError } from '../serving.errors.ts';
import type { ServingState } from '../serving.state.ts';
import type { Rollout } from '../serving.store.ts';
import * as store from '../serving.store.ts';
import { warmed } from '../warm-up/warm-up.ts';
import { createEvidence } from './evidence.ts';
import { latencyObjective, leastObjectiveMs } from './latency-objective.ts';
import { replayEvidence } from './replay-evidence.ts';
import type { Evidence } from './rollout.contract.ts';
import { liveStates, type Move, nextMove } from './rollout.model.ts';
import {
  commitEnd,
  commitPromotion,
  commitStart,
  commitStep,
  promoteStopped,
  swapChampion,
} from './rollout.moves.ts';
import { recordRollout } from './rollout-events.ts';

/** Runs the rollouts of this process: starts them, watches the evidence, moves them, ends them. */
export type RolloutController = {
  /** Starts an inserted rollout whose challenger is loaded (shadow, or promoted at once). */
  begin(scope: Scope, rollout: Rollout, challenger: LiveRevision): Promise<void>;
  /** Takes a running rollout up again after a restart. */
  resume(scope: Scope, rollout: Rollout): Promise<void>;
  /** Ends a rollout by a person's decision. */
  end(scope: Scope, id: string, to: 'aborted' | 'promoted', reason: string): Promise<void>;
  /** Feeds an outcome to the rollout of its deployment. */
  label(deployment: string, request: string, row: number, value: number): void;
  /** Looks at every running rollout; also runs by a timer. */
  tick(): Promise<void>;
  /** The evidence of a running rollout as it is now. */
  evidenceOf(rollout: Rollout): Evidence;
  start(): void;
  stop(): Promise<void>;
};

const tickMs = 250;
const persistMs = 2000;

type Running = { rollout: Rollout; live: LiveRollout; persistedAt: number; pairs: number };

export function createRolloutController(state: ServingState): RolloutController {
  const running = new Map<string, Running>();
  const system = () => state.platform.systemScope('reactor:serving-rollouts');
  let timer: NodeJS.Timeout | undefined;
  let ticking: Promise<void> | undefined;

  const snapshot = ({ rollout, live }: Running): Evidence => ({
    requests: live.evidence.requests(),
    labelled: live.evidence.verdict().labelled,
    tests: live.evidence.tests(),
    transitions: rollout.evidence.transitions,
  });

  const goLive = (rollout: Rollout, challenger: LiveRevision, objectiveMs: number): Running => {
    const live: LiveRollout = {
      id: rollout.id,
      salt: rollout.salt,
      stickyParameter: rollout.settings.stickyParameter,
      challenger,
      evidence: createEvidence(rollout.settings, objectiveMs),
      state: rollout.state === 'canary' ? 'canary' : 'shadow',
      weight: rollout.weight,
      stepRequests: 0,
      onAlarm: () =>
        void look(entry).catch((error) =>
          state.platform.log.error('a rollback failed', { error: errorText(error) }),
        ),
    };
    const entry: Running = { rollout, live, persistedAt: 0, pairs: 0 };
    state.meters.keep(challenger.meter);
    return entry;
  };

  /** One look at one rollout: moves it when the evidence says so. */
  const look = (entry: Running): Promise<void> =>
    state.exclusive(entry.rollout.deployment, async () => {
      const { rollout, live } = entry;
      if (!running.has(rollout.id)) return;
      const scope = system();
      const verdict = live.evidence.verdict();
      const now = scope.now();
      const quarantine = state.faults.quarantineOf(rollout.challenger);
      if (quarantine)
        return finish(scope, entry, 'rolled-back', `It went into quarantine. ${quarantine.reason}`);
      const move = nextMove(
        {
          state: rollout.state,
          step: rollout.step,
          startedAt: rollout.startedAt ?? now,
          stepRequests: live.stepRequests,
        },
        rollout.settings,
        verdict,
        now,
      );
      if (move) return apply(scope, entry, move);
      live.evidence.mark(now);
      const requests = live.evidence.requests();
      const seen = requests.paired + requests.champion + requests.challenger + verdict.labelled;
      if (seen === entry.pairs || now - entry.persistedAt < persistMs) return;
      entry.pairs = seen;
      entry.persistedAt = now;
      rollout.evidence = snapshot(entry);
      await store.updateRollout(scope.db, rollout.id, { evidence: rollout.evidence });
    });

  const apply = async (scope: Scope, entry: Running, move: Exclude<Move, null>) => {
    if (move.to === 'canary') return advance(scope, entry, move);
    return finish(scope, entry, move.to, move.reason);
  };

  const advance = async (
    scope: Scope,
    entry: Running,
    move: { step: number; weight: number; reason: string },
  ) => {
    const { rollout, live } = entry;
    const now = scope.now();
    rollout.evidence.transitions.push({
      time: now,
      state: 'canary',
      weight: move.weight,
      reason: move.reason,
    });
    Object.assign(rollout, {
      state: 'canary',
      step: move.step,
      weight: move.weight,
      stepAt: now,
      reason: move.reason,
    });
    live.evidence.mark(now);
    rollout.evidence = snapshot(entry);
    await commitStep(scope, rollout, live.challenger);
    live.state = 'canary';
    live.weight = move.weight;
    live.stepRequests = 0;
  };

  /** Ends a running rollout. Traffic changes in memory first: the next request already goes the new way. */
  const finish = async (
    scope: Scope,
    entry: Running,
    to: 'promoted' | 'rolled-back' | 'held' | 'aborted',
    reason: string,
  ) => {
    const { rollout, live } = entry;
    const route = state.route(rollout.deployment);
    const now = scope.now();
    live.evidence.mark(now);
    live.state = 'stopped';
    live.weight = 0;
    rollout.evidence.transitions.push({ time: now, state: to, weight: to === 'promoted' ? 100 : 0, reason });
    rollout.evidence = snapshot(entry);
    running.delete(rollout.id);
    const before = {
      state: rollout.state,
      weight: rollout.weight,
      reason: rollout.reason,
      endedAt: rollout.endedAt,
    };
    try {
      if (to === 'promoted') await commitPromotion(state, scope, rollout, live.challenger, reason);
      else await commitEnd(scope, rollout, live.challenger, to, reason);
    } catch (error) {
      // The next look tries again. A promotion that was not written leaves the traffic as it was.
      running.set(rollout.id, entry);
      Object.assign(rollout, before);
      rollout.evidence.transitions.pop();
      if (to === 'promoted') Object.assign(live, { state: rollout.state, weight: rollout.weight });
      throw error;
    }
    if (to === 'promoted') return swapChampion(state, rollout.deployment, live.challenger);
    if (route.rollout === live) route.rollout = null;
    state.retire(live.challenger);
  };

  const begin: RolloutController['begin'] = async (scope, rollout, challenger) => {
    const route = state.route(rollout.deployment);
    const now = scope.now();
    const isHeld = route.champion?.runner.placement === 'none';
    if (!route.champion || isHeld || rollout.settings.strategy === 'immediate') {
      const reason = isHeld
        ? 'The champion is in quarantine, so there is none to compare with: checked, loaded and warm.'
        : route.champion
          ? 'Checked, loaded and warm; the deployment asks for no steps.'
          : 'The first version of this deployment: checked, loaded and warm.';
      rollout.evidence.transitions.push({ time: now, state: 'promoted', weight: 100, reason });
      await transact(scope, async (tx) => {
        rollout.event = (await recordRollout(tx, 'started', rollout, challenger, {})).id;
        await commitPromotion(state, tx, rollout, challenger, reason);
      });
      swapChampion(state, rollout.deployment, challenger);
      return;
    }
    const objective = rollout.settings.latencyObjectiveMs ?? latencyObjective(route.champion);
    rollout.settings.latencyObjectiveMs = objective;
    const reason = 'Scored aside of the champion; it answers nobody yet.';
    rollout.evidence.transitions.push({ time: now, state: 'shadow', weight: 0, reason });
    Object.assign(rollout, { state: 'shadow', step: 0, weight: 0, reason, startedAt: now, stepAt: now });
    await commitStart(scope, rollout, challenger);
    const entry = goLive(rollout, challenger, objective);
    running.set(rollout.id, entry);
    route.rollout = entry.live;
  };

  return {
    begin,
    async resume(scope, rollout) {
      const deployment = await store.getDeployment(scope.db, rollout.deployment);
      const revision = await store.getRevision(scope.db, rollout.challenger);
      if (!deployment || !revision || !liveStates.includes(rollout.state)) return;
      const quarantine = state.faults.quarantineOf(revision.id);
      if (quarantine)
        return commitEnd(
          scope,
          rollout,
          null,
          'rolled-back',
          `It went into quarantine. ${quarantine.reason}`,
        );
      const loaded = await reopenRevision(state, scope, deployment.spec, revision);
      await orRelease(loaded, async () => {
        const challenger = await warmed(state, loaded);
        const entry = goLive(rollout, challenger, rollout.settings.latencyObjectiveMs ?? leastObjectiveMs);
        entry.live.evidence.restoreHistory(rollout.evidence.tests);
        const { stepRequests } = await replayEvidence(
          state.platform.tables,
          state.log(rollout.deployment),
          rollout,
          entry.live.evidence,
        );
        entry.live.stepRequests = stepRequests;
        running.set(rollout.id, entry);
        state.route(rollout.deployment).rollout = entry.live;
      });
    },
    async end(scope, id, to, reason) {
      const found = await store.getRollout(scope.db, id);
      if (!found) throw servingError('serving.rollout.not_found', 'There is no rollout with this id.');
      await state.exclusive(found.deployment, async () => {
        const entry = running.get(id);
        if (entry) return finish(scope, entry, to, reason);
        const rollout = (await store.getRollout(scope.db, id)) ?? found;
        if (rollout.state !== 'held' && rollout.state !== 'awaiting-approval') {
          throw servingError('serving.rollout.finished', 'This rollout has ended.');
        }
        if (to === 'promoted') return promoteStopped(state, scope, rollout, reason);
        rollout.evidence.transitions.push({ time: scope.now(), state: to, weight: 0, reason });
        await commitEnd(scope, rollout, null, to, reason);
      });
    },
    label(deployment, request, row, value) {
      const live = state.routes.get(deployment)?.rollout;
      if (!live || live.state === 'stopped') return;
      live.evidence.label(request, row, value);
      if (!live.evidence.hasAlarm()) return;
      live.weight = 0;
      live.state = 'stopped';
      live.onAlarm();
    },
    async tick() {
      for (const entry of [...running.values()]) {
        await look(entry).catch((error) => {
          state.platform.log.error('a rollout could not be judged', {
            rollout: entry.rollout.id,
            error: errorText(error),
          });
        });
      }
    },
    evidenceOf(rollout) {
      const entry = running.get(rollout.id);
      return entry ? snapshot(entry) : rollout.evidence;
    },
    start() {
      timer = setInterval(() => {
        ticking ??= this.tick().finally(() => {
          ticking = undefined;
        });
      }, tickMs).unref();
    },
    async stop() {
      clearInterval(timer);
      await ticking;
      for (const entry of running.values()) {
        const { rollout } = entry;
        await store.updateRollout(state.platform.db, rollout.id, { evidence: snapshot(entry) });
      }
      running.clear();
    },
  };
}
