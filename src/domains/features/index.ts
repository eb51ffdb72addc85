import { dataFolder } from '../../platform/config.ts';
import type { StepKind } from '../../platform/engines/steps.ts';
import type { DomainModule } from '../../platform/module.ts';
import type { Platform } from '../../platform/platform.ts';
import type { Scope } from '../../platform/scope.ts';
import type { DataDoor } from '../data/index.ts';
import type { FeatureService } from './definition.model.ts';
import type { FeatureServiceDefinition, PushEvents, PushReply } from './features.contract.ts';
import { featuresDeclarable } from './features.declarations.ts';
import { featuresRoutes } from './features.routes.ts';
import * as service from './features.service.ts';
import { trainingSetStep } from './features.steps.ts';
import { featuresMigrations } from './features.tables.ts';
import { OnlineStore } from './online/online-store.ts';
import type { Vectorizer } from './online/vectorizer.ts';

export type { FeatureService } from './definition.model.ts';
export {
  columnsOf,
  compileExpression,
  type Evaluate,
  type Expression,
  type Value,
  type ValueType,
} from './expression/expression.ts';
export type { FeatureServiceDefinition } from './features.contract.ts';
export { featuresError } from './features.errors.ts';
export type { FeatureStatus, VectorInputs, Vectorizer } from './online/vectorizer.ts';

/** What higher floors may do with features. */
export type FeaturesDoor = {
  /** The current version of a service, or the one with this digest. Raises features.service.not_found. */
  getService(scope: Scope, name: string, digest?: string): Promise<FeatureService>;
  /** `feature-service:NAME@DIGEST12`, for ledger events. */
  serviceSubject(name: string, digest: string): string;
  defineService(scope: Scope, name: string, definition: FeatureServiceDefinition): Promise<FeatureService>;
  /**
   * A synchronous vectorizer over the online store, for the prediction path. It follows pushes as they come; a
   * later version of the service does not change it.
   */
  createVectorizer(scope: Scope, name: string, digest?: string): Promise<Vectorizer>;
  /** Pushes events; they are durable when it returns. */
  push(scope: Scope, name: string, events: PushEvents): Promise<PushReply>;
  /** How many online events are of this entity (column → value as text); with `remove`, they are gone for good. */
  entityEvents(
    scope: Scope,
    name: string,
    request: { entity: Readonly<Record<string, string>>; remove: boolean },
  ): Promise<number>;
  describe(scope: Scope, name: string): Promise<service.ServiceDescription>;
  readonly steps: readonly StepKind[];
};

/** The features domain: definitions, training sets, the online store. */
export function createFeaturesDomain(
  platform: Platform,
  { data }: { data: Pick<DataDoor, 'versionParts'> },
): DomainModule & FeaturesDoor {
  const online = new OnlineStore(dataFolder(platform.config, 'online'));
  return {
    name: 'features',
    migrations: featuresMigrations,
    routes: (app) => featuresRoutes(app, online),
    declarables: [featuresDeclarable(online)],
    steps: [trainingSetStep(data)],
    start: (scope) => service.openOnline(scope, online),
    stop: async () => online.close(),
    getService: service.getService,
    serviceSubject: service.serviceSubject,
    defineService: (scope, name, definition) => service.defineService(scope, online, name, definition),
    createVectorizer: (scope, name, digest) => service.vectorizerOf(scope, online, name, digest),
    push: (scope, name, events) => service.pushEvents(scope, online, name, events),
    entityEvents: (scope, name, request) => service.entityEvents(scope, online, name, request),
    describe: (scope, name) => service.describe(scope, online, name),
  };
}
