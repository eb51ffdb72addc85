import { newId } from '../../platform/ids.ts';
import type { Json, JsonObject } from '../../platform/json.ts';
import { record } from '../../platform/ledger/index.ts';
import { errorText } from '../../platform/log.ts';
import { checkName } from '../../platform/names.ts';
import { authorise, type Scope, transact } from '../../platform/scope.ts';
import type { ModelVersion } from '../registry/index.ts';
import { limitsOf } from './admission/gate.ts';
import { declareCache } from './cache/declared-cache.ts';
import { insertRevision, openFallback } from './fallback.service.ts';
import type { GraphSpecInput } from './graphs/graph.contract.ts';
import { checkDeclared, checkInterface, openWanted, requirementOf } from './graphs/graph-deploys.ts';
import { resolveModels } from './graphs/graph-revision.ts';
import { reload } from './loading.service.ts';
import { applyRecording, checkRecording } from './privacy/recording.service.ts';
import { loadIfCold } from './restore.service.ts';
import type { RolloutController } from './rollouts/controller.ts';
import { liveStates, rolloutSettings } from './rollouts/rollout.model.ts';
import { commitEnd } from './rollouts/rollout.moves.ts';
import { recordRollout } from './rollouts/rollout-events.ts';
import { type LiveRevision, orRelease } from './runtime/live-revision.ts';
import { parseModelReference, reopenRevision, resolveVersion } from './runtime/revisions.ts';
import type { DeploymentSpecInput } from './serving.contract.ts';
import { servingError } from './serving.errors.ts';
import type { ServingState } from './serving.state.ts';
import type { Deployment, Rollout } from './serving.store.ts';
import * as store from './serving.store.ts';
import type { Upstream } from './upstreams/remote-model.ts';
import { warmed } from './warm-up/warm-up.ts';

const noDeployment = () =>
  servingError('serving.deployment.not_found', 'There is no deployment of this name.');

/** @throws serving.deployment.not_found */
export async function getDeployment(scope: Scope, name: string): Promise<Deployment> {
  const deployment = await store.getDeployment(scope.db, name);
  if (!deployment) throw noDeployment();
  return deployment;
}

/** Creates a deployment or changes what it declares; but for its limits and its cache, that takes effect at the next deploy. A no-op when equal. */
export async function putDeployment(scope: Scope, name: string, spec: DeploymentSpecInput): Promise<void> {
  authorise(scope, 'serving.deploy');
  checkName('deployment', name);
  checkDeclared(spec);
  await transact(scope, async (tx) => {
    const before = await store.getDeployment(tx.db, name);
    if (before && JSON.stringify(before.spec) === JSON.stringify(spec)) return;
    await store.putDeployment(tx.db, name, spec, tx.now());
    await record(tx, {
      type: before ? 'serving.deployment.changed' : 'serving.deployment.created',
      subject: `deployment:${name}`,
      data: { deployment: name, spec: spec as unknown as Json } as JsonObject,
    });
  });
}

/** Makes the declared limits, cache and rules of recording hold for the requests of a deployment from the next one on. */
export function applyLimits(state: ServingState, name: string, spec: DeploymentSpecInput): void {
  const route = state.route(name);
  route.gate.limits = limitsOf(spec.limits);
  declareCache(state.cacheRoom, route, spec.cache);
  applyRecording(state, name, spec);
}

/** Takes a deployment off the air. Its predictions stay on disk. @throws serving.deployment.not_found */
export async function removeDeployment(state: ServingState, scope: Scope, name: string): Promise<void> {
  authorise(scope, 'serving.deploy');
  await state.exclusive(name, async () => {
    await getDeployment(scope, name);
    const [open] = await store.listRollouts(scope.db, { deployment: name, open: true });
    if (open) throw servingError('serving.rollout.running', 'A rollout of this deployment is open.');
    await transact(scope, async (tx) => {
      await store.removeDeployment(tx.db, name);
      await record(tx, {
        type: 'serving.deployment.removed',
        subject: `deployment:${name}`,
        data: { deployment: name },
      });
    });
    state.drop(name);
  });
}

export type DeployRequest = {
  /** NAME, NAME:3 or NAME@alias; default: what the deployment declares. */
  model?: string;
  /** A graph instead of a model. */
  graph?: GraphSpecInput;
  /** The server that runs this version; default: what the deployment declares. */
  upstream?: Upstream;
};

/**
 * Brings a model version into a deployment: resolves it, loads and checks it aside, asks the promotion policy, and
 * starts a rollout. The first version goes live at once; later ones go aside first and then in steps. A deployment
 * that is not there yet is created when a model is named. The same version again returns the rollout that has it.
 * @throws serving.model.refused, serving.rollout.running, registry.version.not_found
 */
export async function deploy(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  name: string,
  request: DeployRequest,
): Promise<Rollout> {
  authorise(scope, 'serving.deploy');
  checkName('deployment', name);
  return state.exclusive(name, async () => {
    const deployment = await ensureDeployment(state, scope, name, request);
    applyLimits(state, name, deployment.spec);
    await reload(state, controller, scope, deployment);
    // One whose present model does not load any more is what a deploy mends.
    await loadIfCold(state, controller, scope, deployment).catch((error) => {
      scope.log.warn('the present version could not be loaded', {
        deployment: name,
        error: errorText(error),
      });
    });
    const { challenger, versions } = await openWanted(state, scope, deployment, request);
    let kept = false;
    try {
      checkRecording(challenger, deployment.spec);
      const twin = await findTwin(scope, deployment, challenger.revision.id);
      if (twin) return twin;
      const { champion } = state.route(name);
      if (champion && deployment.spec.rollout?.strategy !== 'immediate') checkInterface(champion, challenger);
      for (const version of versions) await checkGate(state, scope, deployment, version);
      await clearTheWay(scope, name);
      const rollout = await insertRollout(state, scope, deployment, challenger);
      if (rollout.state !== 'shadow') return rollout;
      await begin(state, controller, scope, rollout, await warmed(state, challenger));
      kept = true;
      await openFallback(state, scope, deployment);
      return (await store.getRollout(scope.db, rollout.id)) ?? rollout;
    } finally {
      if (!kept) await challenger.release();
    }
  });
}

/** Starts a rollout; one whose start could not be written is ended, so that it does not keep the next one out. */
async function begin(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  rollout: Rollout,
  challenger: LiveRevision,
): Promise<void> {
  try {
    await controller.begin(scope, rollout, challenger);
  } catch (error) {
    state.late.push(`the end of ${rollout.id}`, async (later) => {
      const written = await store.getRollout(later.db, rollout.id);
      if (!written || !liveStates.includes(written.state)) return;
      await commitEnd(later, written, null, 'aborted', 'Its start could not be written.');
    });
    throw error;
  }
}

async function ensureDeployment(
  state: ServingState,
  scope: Scope,
  name: string,
  request: DeployRequest,
): Promise<Deployment> {
  const found = await store.getDeployment(scope.db, name);
  if (found) return found;
  const { graph } = request;
  const model = request.model ?? name;
  // A wrong name leaves no empty deployment behind.
  if (graph) await resolveModels(state, scope, graph);
  else await resolveVersion(state, scope, model);
  await putDeployment(scope, name, graph ? { graph } : { model: parseModelReference(model).model });
  return getDeployment(scope, name);
}

/** The rollout that already has this revision, live or on its way. */
async function findTwin(
  scope: Scope,
  deployment: Deployment,
  revision: string,
): Promise<Rollout | undefined> {
  const rollouts = await store.listRollouts(scope.db, { deployment: deployment.name });
  return rollouts.find(
    (rollout) =>
      rollout.challenger === revision &&
      (rollout.state === 'promoted'
        ? deployment.champion === revision
        : liveStates.includes(rollout.state) || rollout.state === 'awaiting-approval'),
  );
}

/**
 * A version that its gate has refused does not get in; one that no gate has seen is judged now, when there is a
 * champion to be judged against.
 */
async function checkGate(
  state: ServingState,
  scope: Scope,
  deployment: Deployment,
  { model, version }: ModelVersion,
): Promise<void> {
  const known = await state.registry.latestVerdict(scope, model, version);
  const verdict =
    known ?? (deployment.champion === null ? undefined : await state.registry.gate(scope, model, version));
  if (verdict?.decision !== 'no-go') return;
  const failed = verdict.checks.filter((check) => check.decision === 'fail').map((check) => check.name);
  throw servingError(
    'serving.gate.refused',
    `The gate of ${model}:${version} says no: ${failed.join(', ')}.`,
    {
      verdict: verdict.id,
    },
  );
}

/** A held or waiting rollout gives way to a newer version; a running one does not. */
async function clearTheWay(scope: Scope, name: string): Promise<void> {
  for (const open of await store.listRollouts(scope.db, { deployment: name, open: true })) {
    if (liveStates.includes(open.state)) {
      throw servingError('serving.rollout.running', 'Another rollout of this deployment is running.');
    }
    const reason = 'A newer version took its place.';
    await transact(scope, async (tx) => {
      await store.updateRollout(tx.db, open.id, { state: 'aborted', reason, endedAt: tx.now() });
      await recordRollout(tx, 'aborted', open, null, { reason });
    });
  }
}

async function insertRollout(
  state: ServingState,
  scope: Scope,
  deployment: Deployment,
  challenger: LiveRevision,
): Promise<Rollout> {
  const now = scope.now();
  const { revision } = challenger;
  const rollout: Rollout = {
    id: newId('rollout', now),
    deployment: deployment.name,
    state: 'shadow',
    challenger: revision.id,
    champion: deployment.champion,
    step: 0,
    weight: 0,
    salt: newId('salt', now),
    settings: rolloutSettings(deployment.spec.rollout),
    evidence: {
      requests: { champion: 0, challenger: 0, paired: 0 },
      labelled: 0,
      tests: [],
      transitions: [],
    },
    reason: '',
    approval: null,
    event: null,
    actor: scope.actor,
    createdAt: now,
    startedAt: null,
    stepAt: null,
    endedAt: null,
  };
  await transact(scope, async (tx) => {
    await insertRevision(tx, revision);
    const requirement = await requirementOf(state, tx, deployment, revision);
    rollout.approval = requirement.approvalId ?? null;
    if (requirement.state === 'pending')
      Object.assign(rollout, { state: 'awaiting-approval', reason: requirement.reason });
    if (requirement.state === 'rejected') {
      Object.assign(rollout, { state: 'aborted', reason: requirement.reason, endedAt: now });
    }
    await store.insertRollout(tx.db, rollout);
    if (rollout.state !== 'shadow') {
      const data = { reason: rollout.reason, approval: rollout.approval };
      rollout.event = (await recordRollout(tx, rollout.state, rollout, challenger, data)).id;
      await store.updateRollout(tx.db, rollout.id, { event: rollout.event });
    }
  });
  return rollout;
}

/**
 * Looks again at a rollout that waits for an approval: starts it when granted, ends it when rejected, else
 * leaves it waiting. Idempotent.
 */
export async function reconsider(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  waiting: Rollout,
): Promise<void> {
  await state.exclusive(waiting.deployment, async () => {
    const rollout = await store.getRollout(scope.db, waiting.id);
    const deployment = await store.getDeployment(scope.db, waiting.deployment);
    if (!deployment || rollout?.state !== 'awaiting-approval') return;
    const revision = await store.getRevision(scope.db, rollout.challenger);
    if (!revision) return;
    const requirement = await requirementOf(state, scope, deployment, revision);
    if (requirement.state === 'pending') return;
    const quarantine = state.faults.quarantineOf(revision.id);
    if (requirement.state === 'rejected' || quarantine) {
      const reason = quarantine ? `It is in quarantine. ${quarantine.reason}` : requirement.reason;
      await transact(scope, async (tx) => {
        await store.updateRollout(tx.db, rollout.id, { state: 'aborted', reason, endedAt: tx.now() });
        await recordRollout(tx, 'aborted', rollout, null, { reason });
      });
      return;
    }
    rollout.state = 'shadow';
    await loadIfCold(state, controller, scope, deployment);
    const challenger = await reopenRevision(state, scope, deployment.spec, revision);
    await orRelease(challenger, async () =>
      controller.begin(scope, rollout, await warmed(state, challenger)),
    );
  });
}
