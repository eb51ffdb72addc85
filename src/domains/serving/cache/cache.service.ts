import { record } from '../../../platform/ledger/index.ts';
import { authorise, type Scope, transact } from '../../../platform/scope.ts';
import { getDeployment } from '../deployments.service.ts';
import type { ServingState } from '../serving.state.ts';

/**
 * Forgets the cached answers of a deployment; runs that are under way leave none behind. Returns what was kept.
 * @throws serving.deployment.not_found
 */
export async function clearCache(
  state: ServingState,
  scope: Scope,
  name: string,
): Promise<{ entries: number; bytes: number }> {
  authorise(scope, 'serving.deploy');
  await getDeployment(scope, name);
  const cleared = state.routes.get(name)?.cache?.clear() ?? { entries: 0, bytes: 0 };
  await transact(scope, (tx) =>
    record(tx, {
      type: 'serving.cache.cleared',
      subject: `deployment:${name}`,
      data: { deployment: name, ...cleared },
    }),
  );
  return cleared;
}
