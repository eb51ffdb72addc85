import type { StepKind } from '../../platform/engines/steps.ts';
import type { DomainModule } from '../../platform/module.ts';
import type { Platform } from '../../platform/platform.ts';
import { datasetsDeclarable } from './data.declarations.ts';
import { dataJobs } from './data.jobs.ts';
import { dataRoutes } from './data.routes.ts';
import * as service from './data.service.ts';
import { dataSteps } from './data.steps.ts';
import * as explore from './explore.service.ts';
import { sweepStaged } from './ingest/staged-file.ts';
import { dataTables } from './migrations/data-001-datasets.ts';
import { defaultMaxBytes, uploadVersion } from './uploads.service.ts';

export type { Column } from './columns.ts';
export { dataError } from './data.errors.ts';
export { type Dataset, type DatasetVersion, datasetSubject, versionSubject } from './data.model.ts';
export type { DatasetChange, VersionParts, VersionRef } from './data.service.ts';
export type { Validation } from './data.store.ts';
export type { Expectation, ExpectationResult, SuiteReport } from './expectations/expectation.model.ts';
export type { Profile } from './explore/profile.model.ts';
export type { ProfileState } from './explore.service.ts';
export type { Upload, UploadResult } from './uploads.service.ts';

/** What higher floors may do with datasets; see the services for each. */
export type DataDoor = Pick<
  typeof service,
  'getDataset' | 'getVersion' | 'latestVersion' | 'listDatasets' | 'putDataset' | 'versionParts'
> &
  Pick<typeof explore, 'getProfile' | 'judgeVersion'> & {
    uploadVersion: typeof uploadVersion;
    /** Steps that pipelines may use. */
    readonly steps: readonly StepKind[];
  };

/** The data domain: datasets, versions, expectations, profiles, differences. */
export function createDataDomain(
  platform: Platform,
  _needs: Record<string, never> = {},
  options: { maxUploadBytes?: number } = {},
): DomainModule & DataDoor {
  const { getDataset, getVersion, latestVersion, listDatasets, putDataset, versionParts } = service;
  const { getProfile, judgeVersion } = explore;
  const maxUploadBytes = options.maxUploadBytes ?? defaultMaxBytes;
  return {
    name: 'data',
    migrations: [dataTables],
    blobReferrers: [
      { table: 'data_parts', column: 'digest', holds: 'digest' },
      { table: 'data_derived', column: 'blob', holds: 'digest' },
    ],
    routes: (app) => dataRoutes(app, { maxUploadBytes }),
    jobs: dataJobs,
    declarables: [datasetsDeclarable],
    steps: dataSteps,
    start: () => sweepStaged(platform.config, platform.now()),
    getDataset,
    getVersion,
    latestVersion,
    listDatasets,
    putDataset,
    versionParts,
    getProfile,
    judgeVersion,
    uploadVersion,
  };
}
