import type { Scope } from '../../../platform/scope.ts';
import type { TrackingDoor } from '../../experiments/index.ts';
import { parseStage } from './catalog.model.ts';
import * as models from './models.service.ts';
import { searchModels, searchVersions } from './search.service.ts';
import * as versions from './versions.service.ts';

/** The registry in the nouns of other tools' catalogs; each function says what it does where it is defined. */
export function createCatalog(tracking: TrackingDoor) {
  return {
    createModel: models.createModel,
    getModel: models.getModel,
    changeModel: models.changeModel,
    renameModel: models.renameModel,
    deleteModel: models.deleteModel,
    searchModels,
    createVersion: (scope: Scope, input: versions.NewCatalogVersion) =>
      versions.createVersion(scope, tracking, input),
    filePlace: (scope: Scope, model: string, version: number, path: string) =>
      versions.filePlace(scope, tracking, model, version, path),
    getVersion: versions.getVersion,
    getVersionByAlias: versions.getVersionByAlias,
    changeVersion: versions.changeVersion,
    transitionStage: versions.transitionStage,
    deleteVersion: versions.deleteVersion,
    searchVersions,
    parseStage,
  };
}

export type CatalogDoor = ReturnType<typeof createCatalog>;
