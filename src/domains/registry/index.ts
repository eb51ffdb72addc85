import { dataFolder } from '../../platform/config.ts';
import type { Engine } from '../../platform/engines/engine.ts';
import { createLocalEngine } from '../../platform/engines/local-engine.ts';
import type { DomainModule } from '../../platform/module.ts';
import type { Platform } from '../../platform/platform.ts';
import type { ArtifactHolders, ExperimentsDoor, TrackingDoor } from '../experiments/index.ts';
import type { StepKind } from '../pipelines/index.ts';
import { type CatalogDoor, createCatalog } from './catalog/catalog.door.ts';
import { conversionRoutes } from './conversion/conversion.routes.ts';
import { conversionJob } from './conversion/conversion-job.ts';
import { latestEvaluation } from './evaluation/evaluations.service.ts';
import { gate, latestVerdict } from './gate/gate.service.ts';
import { modelsDeclarable } from './registry.declarable.ts';
import type { RegistryDoor } from './registry.door.ts';
import { createHeldOwners, registryReferrers } from './registry.referrers.ts';
import { registryRoutes } from './registry.routes.ts';
import * as service from './registry.service.ts';
import { registrySteps } from './registry.steps.ts';
import { registryMigrations } from './registry.tables.ts';
import { createWebhooks, type WebhooksDoor } from './webhooks/webhooks.door.ts';
import { webhookRoutes } from './webhooks/webhooks.routes.ts';

export type { CatalogDoor } from './catalog/catalog.door.ts';
export type { CatalogModel, CatalogVersion } from './catalog/catalog.model.ts';
export type { PromotionPolicy, PromotionRequest, PromotionRequirement } from './promotion-policy.ts';
export { openPromotionPolicy } from './promotion-policy.ts';
export { isPrompt } from './prompt.model.ts';
export type {
  GateCheck,
  GateDecision,
  GateSpec,
  Lineage,
  ModelSignature,
  Tensor,
} from './registry.contract.ts';
export type {
  EvaluationRecord,
  FeatureProfile,
  ModelRecord,
  ModelVersion,
  ProfileChunk,
  ProfileChunks,
  RegisterVersionInput,
  RegistryDoor,
  TrainingProfile,
  Verdict,
  VersionRef,
} from './registry.door.ts';
export type { Risk, RiskRating, Severity } from './risk.model.ts';
export { assessRisk, atLeast, riskMatrix, SEVERITIES, severityOf } from './risk.model.ts';
export { isWebhookEvent, type WebhookEvent, webhookEvents } from './webhooks/events.model.ts';
export type { WebhooksDoor } from './webhooks/webhooks.door.ts';
export type { Webhook } from './webhooks/webhooks.service.ts';

/** The registry domain: models, versions, aliases, evaluations, gates; the steps evaluate, register and gate. */
export function createRegistryDomain(
  platform: Platform,
  { experiments }: { experiments: ExperimentsDoor & { tracking: TrackingDoor } },
): DomainModule &
  RegistryDoor & {
    steps: readonly StepKind[];
    catalog: CatalogDoor;
    heldOwners: ArtifactHolders;
    webhooks: WebhooksDoor;
  } {
  let made: Engine | undefined;
  const engine = () => {
    made ??= createLocalEngine({ folder: dataFolder(platform.config, 'conversions') });
    return made;
  };
  const webhooks = createWebhooks();
  return {
    name: 'registry',
    migrations: registryMigrations,
    blobReferrers: registryReferrers,
    jobs: [conversionJob(engine), webhooks.job],
    reactors: [webhooks.reactor],
    webhooks: webhooks.door,
    routes(app) {
      registryRoutes(app);
      conversionRoutes(app, engine());
      webhookRoutes(app, webhooks.door);
    },
    declarables: [modelsDeclarable],
    steps: registrySteps(experiments),
    catalog: createCatalog(experiments.tracking),
    heldOwners: createHeldOwners(experiments.tracking),
    findModel: service.findModel,
    getModel: service.getModel,
    listModels: service.listModels,
    countModels: service.countModels,
    findVersion: service.findVersion,
    getVersion: service.getVersion,
    listVersions: service.listVersions,
    registerVersion: service.registerVersion,
    setAlias: service.setAlias,
    deleteAlias: service.deleteAlias,
    profile: service.profile,
    gate,
    latestVerdict,
    latestEvaluation,
  };
}
