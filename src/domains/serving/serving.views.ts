import { isoTime } from '../../platform/clock.ts';
import type { Scope } from '../../platform/scope.ts';
import type { Gate } from './admission/gate.ts';
import { batchingView, cacheView, uncachedReason } from './cache/cache.views.ts';
import { quarantineView } from './faults/quarantine.routes.ts';
import { listQuarantines } from './faults/quarantine.store.ts';
import { headline } from './meter/meter.ts';
import type { PredictionView } from './predictions.service.ts';
import { bytesOf } from './residency/residency.ts';
import type { RolloutController } from './rollouts/controller.ts';
import type { Route, revisionsOf } from './routing/route.ts';
import type { Revision } from './runtime/live-revision.ts';
import type { ServingState } from './serving.state.ts';
import type { Deployment, Rollout } from './serving.store.ts';
import * as store from './serving.store.ts';

/** What the API shows of deployments, revisions and rollouts: times as ISO text, live numbers beside the stored. */

function revisionView(revision: Revision) {
  const { id, model, version, digest, featureService, features, settings, graph, createdAt } = revision;
  return {
    id,
    model,
    version,
    digest,
    featureService,
    features,
    settings,
    models: graph && Object.entries(graph.models).map(([node, one]) => ({ node, ...one })),
    createdAt: isoTime(createdAt),
  };
}

export async function rolloutView(scope: Scope, controller: RolloutController, rollout: Rollout) {
  const { id, deployment, state, step, weight, reason, approval, actor, settings } = rollout;
  const load = async (revision: string | null) => {
    const found = revision === null ? undefined : await store.getRevision(scope.db, revision);
    return found ? revisionView(found) : null;
  };
  return {
    id,
    deployment,
    state,
    challenger: await load(rollout.challenger),
    champion: await load(rollout.champion),
    step,
    steps: settings.steps,
    weight,
    reason,
    approval,
    actor,
    evidence: controller.evidenceOf(rollout),
    createdAt: isoTime(rollout.createdAt),
    startedAt: isoTime(rollout.startedAt),
    endedAt: isoTime(rollout.endedAt),
  };
}

export async function deploymentView(
  state: ServingState,
  controller: RolloutController,
  scope: Scope,
  deployment: Deployment,
) {
  const { name, environment, spec, createdAt, updatedAt } = deployment;
  const route = state.routes.get(name);
  const load = async (id: string | null) => {
    const revision = id === null ? undefined : await store.getRevision(scope.db, id);
    return revision ? revisionView(revision) : null;
  };
  const [open] = await store.listRollouts(scope.db, { deployment: name, open: true, limit: 1 });
  const quarantines = state.faults.hasQuarantine(name)
    ? await listQuarantines(scope.db, { deployment: name, isActive: true })
    : [];
  const weight = route?.rollout?.weight ?? 0;
  const arms: [string, ReturnType<typeof revisionsOf>[number] | null | undefined, number][] = [
    ['champion', route?.champion, 100 - weight],
    ['challenger', route?.rollout?.challenger, weight],
    ['fallback', route?.fallback, 0],
    ['previous', route?.previous, 0],
  ];
  const meters = state.meters.of(name);
  return {
    name,
    environment,
    spec,
    state: deploymentState(route?.error ?? null, deployment.champion, route),
    quarantine: quarantines.map(quarantineView),
    error: route?.error ?? null,
    champion: await load(deployment.champion),
    previous: await load(deployment.previous),
    rollout: open ? await rolloutView(scope, controller, open) : null,
    route: arms.flatMap(([arm, live, share]) =>
      live
        ? [
            {
              arm,
              revision: live.revision.id,
              version: live.revision.version,
              weight: share,
              placement: live.runner.placement,
              runMs: live.runMs,
              warmedOn: live.warmedOn,
              uncached: uncachedReason(route?.cache, live),
            },
          ]
        : [],
    ),
    traffic: headline(meters, scope.now()),
    residency: {
      state: route?.champion ? ('loaded' as const) : route?.cold ? ('cold' as const) : ('none' as const),
      bytes: route ? bytesOf(route) : 0,
      usedAt: isoTime(route?.usedAt || null),
    },
    load: loadView(route?.gate),
    batching: batchingView(meters),
    cache: cacheView(route?.cache, meters),
    createdAt: isoTime(createdAt),
    updatedAt: isoTime(updatedAt),
  };
}

function loadView(gate: Gate | undefined) {
  if (!gate) return { running: 0, queued: 0, waited: 0, meanWaitMs: null, rejected: {} };
  const { waited, rejected } = gate;
  return {
    running: gate.running(),
    queued: gate.queued(),
    waited: waited.count,
    meanWaitMs: waited.count > 0 ? waited.ms / waited.count : null,
    rejected: { ...rejected },
  };
}

function deploymentState(error: string | null, champion: string | null, route: Route | undefined) {
  if (error !== null) return 'failed' as const;
  if (champion === null) return 'empty' as const;
  if (route?.champion?.runner.placement === 'none') return 'quarantined' as const;
  return route?.rollout ? ('rolling-out' as const) : ('serving' as const);
}

export function predictionReply(prediction: PredictionView) {
  return { ...prediction, eventTime: isoTime(prediction.eventTime), time: isoTime(prediction.time) };
}
