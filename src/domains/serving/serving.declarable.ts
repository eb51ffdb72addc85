import type { Json } from '../../platform/json.ts';
import type { Declarable } from '../../platform/module.ts';
import { afterCommit } from '../../platform/scope.ts';
import { applyLimits, putDeployment } from './deployments.service.ts';
import { checkDeclared } from './graphs/graph-deploys.ts';
import { checkRecording } from './privacy/recording.service.ts';
import { DeploymentSpec, type DeploymentSpecInput } from './serving.contract.ts';
import type { ServingState } from './serving.state.ts';
import * as store from './serving.store.ts';

export const deployDeclared = 'serving/deploy-declared';

/** `deployments:` of houston.yaml. A declared deployment without a version gets its model's when there is one. */
export function deploymentsDeclarable(state: ServingState): Declarable {
  return {
    kind: 'deployments',
    schema: DeploymentSpec,
    order: 60,
    check: (spec) => checkDeclared(spec as unknown as DeploymentSpecInput),
    async list(scope) {
      const deployments = await store.listDeployments(scope.db);
      return Object.fromEntries(deployments.map(({ name, spec }) => [name, spec as unknown as Json]));
    },
    async apply(tx, name, spec) {
      const champion = state.routes.get(name)?.champion;
      if (champion) checkRecording(champion, spec as unknown as DeploymentSpecInput);
      await putDeployment(tx, name, spec as unknown as DeploymentSpecInput);
      afterCommit(tx, () => applyLimits(state, name, spec as unknown as DeploymentSpecInput));
      const deployment = await store.getDeployment(tx.db, name);
      if (deployment?.champion !== null) return;
      await tx.platform.jobs.enqueue(tx, {
        kind: deployDeclared,
        payload: { deployment: name },
        key: `${deployDeclared}:${name}`,
      });
    },
  };
}
