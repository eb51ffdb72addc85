import type { DomainModule } from '../../platform/module.ts';
import type { Platform } from '../../platform/platform.ts';
import type { ExperimentsDoor, TrackingDoor } from '../experiments/index.ts';
import type { StepKind } from '../pipelines/index.ts';
import { type CatalogDoor, createCatalog } from './catalog/catalog.door.ts';
import { latestEvaluation } from './evaluation/evaluations.service.ts';
import { gate, latestVerdict } from './gate/gate.service.ts';
import { modelsDeclarable } from './registry.declarable.ts';
import type { RegistryDoor } from './registry.door.ts';
import { registryRoutes } from './registry.routes.ts';
import * as service from './registry.service.ts';
import { registrySteps } from './registry.steps.ts';
import { registryMigrations } from './registry.tables.ts';

export type { CatalogDoor } from './catalog/catalog.door.ts';
export type { CatalogModel, CatalogVersion } from './catalog/catalog.model.ts';
export type { PromotionPolicy, PromotionRequest, PromotionRequirement } from './promotion-policy.ts';
export { openPromotionPolicy } from './promotion-policy.ts';
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
  RegisterVersionInput,
  RegistryDoor,
  TrainingProfile,
  Verdict,
  VersionRef,
} from './registry.door.ts';
export type { Risk, RiskRating, Severity } from './risk.model.ts';
export { assessRisk, atLeast, riskMatrix, SEVERITIES, severityOf } from './risk.model.ts';

/** The registry domain: models, versions, aliases, evaluations, gates; the steps evaluate, register and gate. */
export function createRegistryDomain(
  _platform: Platform,
  { experiments }: { experiments: ExperimentsDoor & { tracking: TrackingDoor } },
): DomainModule & RegistryDoor & { steps: readonly StepKind[]; catalog: CatalogDoor } {
  return {
    name: 'registry',
    migrations: registryMigrations,
    routes: registryRoutes,
    declarables: [modelsDeclarable],
    steps: registrySteps(experiments),
    catalog: createCatalog(experiments.tracking),
    findModel: service.findModel,
    getModel: service.getModel,
    listModels: service.listModels,
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
