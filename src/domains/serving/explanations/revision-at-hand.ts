import type { Scope } from '../../../platform/scope.ts';
import { getDeployment } from '../deployments.service.ts';
import { revisionsOf } from '../routing/route.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import { reopenRevision } from '../runtime/revisions.ts';
import { servingError } from '../serving.errors.ts';
import type { ServingState } from '../serving.state.ts';
import * as store from '../serving.store.ts';

/**
 * Does `work` with a revision where it serves, else with one loaded aside for the while. When it leaves memory under
 * the work, that begins anew with a loaded one.
 * @throws serving.revision.not_found, serving.model.refused, and what `work` throws
 */
export async function withRevision<T>(
  state: ServingState,
  scope: Scope,
  { deployment, revision: id }: { deployment: string; revision: string },
  work: (live: LiveRevision) => Promise<T>,
): Promise<T> {
  const find = () => {
    const route = state.routes.get(deployment);
    return route && revisionsOf(route).find(({ revision }) => revision.id === id);
  };
  const serving = find();
  if (serving) {
    try {
      return await work(serving);
    } catch (error) {
      if (find() === serving) throw error;
    }
  }
  const revision = await store.getRevision(scope.db, id);
  if (!revision) throw servingError('serving.revision.not_found', 'This revision is not known any more.');
  const { spec } = await getDeployment(scope, deployment);
  const live = await reopenRevision(state, scope, spec, revision);
  try {
    return await work(live);
  } finally {
    await live.release();
  }
}
