import { HoustonError } from '../../platform/errors.ts';
import { record } from '../../platform/ledger/index.ts';
import { type Scope, transact } from '../../platform/scope.ts';
import { constantRevision } from './runtime/constant-revision.ts';
import { type LiveRevision, orRelease, type Revision } from './runtime/live-revision.ts';
import { openRevision, resolveVersion } from './runtime/revisions.ts';
import type { ServingState } from './serving.state.ts';
import type { Deployment } from './serving.store.ts';
import * as store from './serving.store.ts';
import { warmed } from './warm-up/warm-up.ts';

/** Makes ready what answers when the champion fails: another model, run here, or a constant. */
export async function openFallback(state: ServingState, scope: Scope, deployment: Deployment): Promise<void> {
  const { fallback } = deployment.spec;
  const route = state.route(deployment.name);
  if (fallback === undefined) return;
  const live =
    typeof fallback === 'string'
      ? await openModel(state, scope, deployment, fallback)
      : route.champion && constantRevision(route.champion, fallback.constant, scope.now());
  if (!live || live === route.fallback) return;
  await orRelease(live, () => transact(scope, (tx) => insertRevision(tx, live.revision)));
  state.meters.keep(live.meter);
  const before = route.fallback;
  route.fallback = live;
  if (before) state.retire(before);
}

async function openModel(
  state: ServingState,
  scope: Scope,
  { name, spec }: Deployment,
  reference: string,
): Promise<LiveRevision | null> {
  const version = await resolveVersion(state, scope, reference);
  const present = state.route(name).fallback;
  if (present?.revision.digest === version.digest) return present;
  // The champion's upstream may be what fails.
  const { upstream: _, ...runtime } = spec.runtime ?? {};
  try {
    return await warmed(state, await openRevision(state, scope, name, { ...spec, runtime }, version));
  } catch (error) {
    // One in quarantine is no reason that the champion does not serve.
    if (!(error instanceof HoustonError) || error.code !== 'serving.quarantine.deployed') throw error;
    scope.log.warn('a fallback is in quarantine', { deployment: name, model: version.model });
    return null;
  }
}

/** Writes a revision and its event, once. */
export async function insertRevision(tx: Scope, revision: Revision): Promise<void> {
  if (!(await store.insertRevision(tx.db, revision))) return;
  const { id, deployment, model, version, digest, featureService, graph } = revision;
  const models = graph ? Object.values(graph.models) : version > 0 ? [revision] : [];
  const uses = [...new Set(models.map((one) => `model:${one.model}/${one.version}`))];
  if (featureService !== null) uses.push(`feature-service:${featureService}`);
  await record(tx, {
    type: 'serving.revision.created',
    subject: `revision:${id}`,
    data: {
      revision: id,
      deployment,
      model,
      version,
      digest,
      featureService,
      ...(graph && { models: graph.models }),
    },
    uses,
  });
}
