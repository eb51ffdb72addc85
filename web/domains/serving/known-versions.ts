import { path } from '../../api/client.ts';
import { useList } from '../../api/hooks.ts';
import type { Deployment, ModelVersion, Rollout } from '../../api/types.ts';

export type KnownVersion = { version: number; aliases?: string[] };

/** Versions that recorded requests can be run through: those of the model; of a graph, those that were tried. */
export function useKnownVersions(deployment: Deployment): KnownVersion[] {
  const model = deployment.spec.model?.split(/[:@]/)[0];
  const versions = useList<ModelVersion>(path`/api/registry/models/${model ?? ''}/versions`, {
    enabled: model !== undefined,
  });
  const rollouts = useList<Rollout>(path`/api/serving/deployments/${deployment.name}/rollouts`, {
    enabled: model === undefined,
  });
  const tried = (rollouts.data?.items ?? []).flatMap(({ challenger }) => (challenger ? [challenger] : []));
  return versions.data?.items ?? [...new Map(tried.map((revision) => [revision.version, revision])).values()];
}
