import type { Scope } from '../../platform/scope.ts';
import { isPrompt, type RegistryDoor, type Risk } from '../registry/index.ts';
import type { ServingDoor } from '../serving/index.ts';
import { type ApprovalState, listApprovals } from './approvals.service.ts';
import { listPolicies } from './policies.service.ts';
import { policyApplies } from './policy.model.ts';

/** What serves right now, as serving tells it. */
export type ServedVersion = { deployment: string; environment: string; model: string; version: number };
export type ListServed = (scope: Scope) => Promise<readonly ServedVersion[]>;

export type InventoryItem = {
  model: string;
  description: string;
  owner: string;
  risk: Risk | null;
  versions: number;
  aliases: Record<string, number>;
  deployments: {
    deployment: string;
    environment: string;
    version: number;
    digest: string | null;
    verdict: string | null;
    approvals: { id: string; state: ApprovalState; policy: string }[];
  }[];
  policies: string[];
};

/** Everything that decides: each model with its risk, owner, what of it serves where, and who let it. */
export async function inventory(
  scope: Scope,
  registry: RegistryDoor,
  listServed: ListServed,
): Promise<InventoryItem[]> {
  const [models, served, policies] = await Promise.all([
    registry.listModels(scope),
    listServed(scope),
    listPolicies(scope),
  ]);
  const decisive = models.filter(({ tags }) => !isPrompt(tags));
  return Promise.all(
    decisive.map(async (model) => ({
      model: model.name,
      description: model.description,
      owner: model.owner,
      risk: model.risk,
      versions: model.latestVersion ?? 0,
      aliases: model.aliases,
      deployments: await Promise.all(
        served.filter((one) => one.model === model.name).map((one) => describeServed(scope, registry, one)),
      ),
      policies: policies
        .filter(({ spec }) =>
          policyApplies(spec, { model: model.name, environment: 'prod', risk: model.risk }),
        )
        .map(({ name }) => name),
    })),
  );
}

async function describeServed(
  scope: Scope,
  registry: RegistryDoor,
  { deployment, environment, model, version }: ServedVersion,
): Promise<InventoryItem['deployments'][number]> {
  const found = await registry.findVersion(scope, model, version);
  const verdict = await registry.latestVerdict(scope, model, version);
  const approvals = found ? await listApprovals(scope, { digests: [found.digest] }) : [];
  return {
    deployment,
    environment,
    version,
    digest: found?.digest ?? null,
    verdict: verdict?.decision ?? null,
    approvals: approvals
      .filter((approval) => approval.kind === 'promotion')
      .filter((approval) => approval.environment === environment)
      .map(({ id, state, policy }) => ({ id, state, policy })),
  };
}

type Serving = Pick<ServingDoor, 'listDeployments' | 'getRevision'>;

/** What the champions of all deployments are, each model of a graph by itself. `serving` is asked at each call, so it may be made later. */
export function servedBy(serving: () => Serving): ListServed {
  return async (scope) => {
    const { listDeployments, getRevision } = serving();
    const served = await Promise.all(
      (await listDeployments(scope)).map(async ({ name, environment, champion }) => {
        const revision = champion === null ? undefined : await getRevision(scope, champion);
        const models = revision?.graph ? Object.values(revision.graph.models) : revision ? [revision] : [];
        const known = new Map(models.map((one) => [`${one.model}:${one.version}`, one]));
        return [...known.values()].map(({ model, version }) => ({
          deployment: name,
          environment,
          model,
          version,
        }));
      }),
    );
    return served.flat();
  };
}
