import { newId } from '../../../platform/ids.ts';
import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact, withCause } from '../../../platform/scope.ts';
import { commitRollback } from '../rollback.service.ts';
import type { RolloutController } from '../rollouts/controller.ts';
import type { LiveRevision, Revision } from '../runtime/live-revision.ts';
import { servingError } from '../serving.errors.ts';
import type { ServingState } from '../serving.state.ts';
import type { Quarantine } from './fault-book.ts';
import { type AnsweredBy, insertQuarantine, listQuarantines, releaseQuarantine } from './quarantine.store.ts';
import { quarantinedRevision } from './quarantined-revision.ts';

/** What has become of a route when a revision was taken off it. */
type Change = { answeredBy: AnsweredBy; champion: LiveRevision | null; restored: LiveRevision | null };

/** Connects what goes wrong in the runtime with routes, ledger and database. Called once, at the start. */
export function watchFaults(state: ServingState, controller: RolloutController): void {
  state.faults.listen({
    onFault(revision, fault, count) {
      const { kind, detail, time } = fault;
      state.platform.log.warn('a model went wrong', { ...namesOf(revision), kind, detail });
      state.late.push(`the fault of ${revision.id}`, (scope) =>
        recordOf(scope, revision, 'faulted', { kind, detail, count, at: new Date(time).toISOString() }),
      );
    },
    onRecovered(revision) {
      state.late.push(`the recovery of ${revision.id}`, (scope) =>
        recordOf(scope, revision, 'recovered', { reason: 'It has run without a fault for a while.' }),
      );
    },
    onQuarantine(revision, quarantine) {
      const change = takeOff(state, revision.id, quarantine.reason);
      state.platform.log.error('a model went into quarantine', {
        ...namesOf(revision),
        reason: quarantine.reason,
        answeredBy: change.answeredBy,
      });
      state.late.push(`the quarantine of ${revision.id}`, (scope) =>
        commit(state, controller, scope, revision, quarantine, change),
      );
    },
  });
}

/**
 * Takes a revision off its route, in memory and at once: a challenger answers nobody any more; for a champion the one
 * before answers again, else the declared fallback, else callers are told.
 */
function takeOff(state: ServingState, id: string, reason: string): Change {
  for (const route of state.routes.values()) {
    const { champion, previous, fallback, rollout } = route;
    const is = (live: LiveRevision | null | undefined) => live?.revision.id === id;
    if (is(previous)) {
      route.previous = null;
      state.retire(previous as LiveRevision, 0);
    }
    if (is(fallback)) {
      route.fallback = null;
      state.retire(fallback as LiveRevision, 0);
    }
    if (rollout && is(rollout.challenger)) {
      rollout.weight = 0;
      rollout.state = 'stopped';
      rollout.onAlarm();
      return { answeredBy: 'champion', champion: null, restored: null };
    }
    if (!champion || !is(champion)) continue;
    const before = is(previous) ? null : previous;
    if (before) {
      route.champion = before;
      route.previous = null;
    } else {
      const { revision, runner, source, meter } = champion;
      route.champion = quarantinedRevision(revision, runner, reason, { source, meter });
    }
    if (rollout) {
      rollout.weight = 0;
      rollout.state = 'stopped';
    }
    state.retire(champion, 0);
    const answeredBy = before ? 'previous' : route.fallback ? 'fallback' : 'nobody';
    return { answeredBy, champion, restored: before };
  }
  return { answeredBy: 'champion', champion: null, restored: null };
}

/** The database's half: quarantine, event, and the way back to the champion before. */
async function commit(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  revision: Revision,
  quarantine: Quarantine,
  { answeredBy, champion, restored }: Change,
): Promise<void> {
  const { kind, reason, faults, since } = quarantine;
  const [known] = await listQuarantines(scope.db, { revision: revision.id, isActive: true, limit: 1 });
  if (known) return;
  const rollout = state.routes.get(revision.deployment)?.rollout;
  if (champion && rollout)
    await controller.end(scope, rollout.id, 'aborted', 'The champion went into quarantine.');
  await transact(scope, async (tx) => {
    const event = await recordOf(tx, revision, 'quarantined', {
      kind,
      reason,
      answeredBy,
      restored: restored?.revision.version ?? null,
      faults: faults.map((fault) => ({ ...fault, time: new Date(fault.time).toISOString() })),
      at: new Date(since).toISOString(),
    });
    await insertQuarantine(tx.db, {
      id: newId('quarantine', since),
      revision: revision.id,
      deployment: revision.deployment,
      model: revision.model,
      version: revision.version,
      kind,
      reason,
      faults,
      answeredBy,
      event: event.id,
      createdAt: since,
      releasedAt: null,
      releasedBy: null,
      releaseReason: null,
    });
    if (!champion || !restored) return;
    const change = { champion, previous: restored, reason: `It went into quarantine. ${reason}` };
    await commitRollback(state, withCause(tx, event.id), revision.deployment, change);
  });
}

/**
 * Lets a revision run again: it loads at its next request where it is still the champion, and may be deployed where it
 * is not.
 * @throws serving.quarantine.not_found
 */
export async function release(
  state: ServingState,
  scope: Scope,
  revisionId: string,
  reason: string,
): Promise<void> {
  authorise(scope, 'serving.deploy');
  const [found] = await listQuarantines(scope.db, { revision: revisionId, isActive: true, limit: 1 });
  if (!found) throw servingError('serving.quarantine.not_found', 'No revision of this id is in quarantine.');
  await state.exclusive(found.deployment, async () => {
    await transact(withCause(scope, found.event), async (tx) => {
      await releaseQuarantine(tx.db, revisionId, { at: tx.now(), by: tx.actor, reason });
      await record(tx, {
        type: 'serving.revision.released',
        subject: `revision:${revisionId}`,
        data: {
          revision: revisionId,
          deployment: found.deployment,
          model: found.model,
          version: found.version,
          reason,
        },
        uses: [`deployment:${found.deployment}`, `model:${found.model}/${found.version}`],
      });
    });
    state.faults.release(revisionId);
    const route = state.routes.get(found.deployment);
    if ((route?.champion?.revision ?? route?.cold)?.id !== revisionId || !route) return;
    route.cold = route.champion?.revision ?? route.cold;
    route.champion = null;
    route.error = null;
    route.retryAt = 0;
  });
}

/** Puts back what the database knows to be in quarantine; before anything is loaded. */
export async function restoreQuarantines(state: ServingState, scope: Scope): Promise<void> {
  for (const record of await listQuarantines(scope.db, { isActive: true, limit: 100_000 })) {
    const { revision, deployment, kind, reason, faults, createdAt } = record;
    state.faults.restore({ revision, deployment, kind, reason, faults, since: createdAt });
  }
}

const namesOf = ({ id, deployment, model, version }: Revision) => ({
  revision: id,
  deployment,
  model,
  version,
});

function recordOf(
  scope: Scope,
  revision: Revision,
  verb: string,
  data: Parameters<typeof record>[1]['data'],
) {
  const { id, deployment, model, version } = revision;
  return transact(scope, (tx) =>
    record(tx, {
      type: `serving.revision.${verb}`,
      subject: `revision:${id}`,
      data: { ...namesOf(revision), ...data },
      uses: [`deployment:${deployment}`, `model:${model}/${version}`],
    }),
  );
}
