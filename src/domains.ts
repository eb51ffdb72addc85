import { createDataDomain } from './domains/data/index.ts';
import { createExperimentsDomain } from './domains/experiments/index.ts';
import { createFeaturesDomain } from './domains/features/index.ts';
import { createGovernanceDomain, servedBy } from './domains/governance/index.ts';
import { createInsightsDomain } from './domains/insights/index.ts';
import { createMonitoringDomain } from './domains/monitoring/index.ts';
import { createPipelinesDomain } from './domains/pipelines/index.ts';
import { createRegistryDomain } from './domains/registry/index.ts';
import { createServingDomain, type ServingDomain } from './domains/serving/index.ts';
import type { Platform } from './platform/platform.ts';

/** All domains, wired from the lower floors up; every arrow between them stands on this screen. */
export function createDomains(platform: Platform) {
  const data = createDataDomain(platform, {});
  const pipelines = createPipelinesDomain(platform, {});
  const features = createFeaturesDomain(platform, { data });
  const experiments = createExperimentsDomain(platform, {});
  const registry = createRegistryDomain(platform, { experiments });
  const governance = createGovernanceDomain(platform, {
    data,
    features,
    experiments,
    registry,
    listServed: servedBy(() => serving),
    serving: () => serving,
  });
  pipelines.connectApprovals(governance.approvals);
  experiments.connectHolders(registry.heldOwners);
  const serving: ServingDomain = createServingDomain(platform, {
    features,
    registry,
    promotionPolicy: governance.promotionPolicy,
  });
  const monitoring = createMonitoringDomain(platform, { serving, registry });
  const insights = createInsightsDomain(platform, { serving, monitoring, registry, governance });
  for (const domain of [data, features, experiments, registry, serving]) {
    pipelines.registerSteps(domain.steps);
  }
  return { data, pipelines, features, experiments, registry, serving, monitoring, governance, insights };
}

export type Domains = ReturnType<typeof createDomains>;
