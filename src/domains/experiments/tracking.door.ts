import {
  artifactsBelow,
  deleteArtifacts,
  findArtifact,
  getArtifact,
  listArtifacts,
  putArtifact,
} from './artifacts/artifacts.service.ts';
import { checkArtifactPath, placeOf } from './artifacts/paths.model.ts';
import { abortUpload, beginUpload, completeUpload, putUploadPart } from './artifacts/uploads.service.ts';
import * as evaluationDatasets from './evaluation-datasets/datasets.service.ts';
import * as issues from './issues/issues.service.ts';
import * as models from './logged-models/logged-models.service.ts';
import { searchLoggedModels } from './logged-models/search-models.ts';
import * as labelSchemas from './reviews/label-schemas.service.ts';
import * as reviewItems from './reviews/review-items.service.ts';
import * as reviewQueues from './reviews/review-queues.service.ts';
import * as scorers from './scorers/scorers.service.ts';
import { searchExperiments, searchTrackedRuns } from './search/search.service.ts';
import * as assessments from './traces/assessments/assessments.service.ts';
import { correlateFilters } from './traces/search/correlation.service.ts';
import { queryFigures } from './traces/search/figures.service.ts';
import { searchTraces } from './traces/search/trace-search.service.ts';
import { recordSpans, spansOf } from './traces/spans/spans.service.ts';
import * as traces from './traces/traces.service.ts';
import { logBatch } from './tracking/batches.service.ts';
import * as experiments from './tracking/experiments.service.ts';
import { metricHistories, metricHistoryPage, sampledHistories } from './tracking/histories.service.ts';
import * as runs from './tracking/runs.service.ts';
import { randomRunName } from './tracking/tracking.model.ts';

/** Everything that a tracking protocol asks of experiments; each function says what it does where it is defined. */
export const tracking = {
  ensureDefaultExperiment: experiments.ensureDefaultExperiment,
  createExperiment: experiments.createExperiment,
  getExperiment: experiments.getExperiment,
  getExperimentByName: experiments.getExperimentByName,
  renameExperiment: experiments.renameExperiment,
  deleteExperiment: experiments.deleteExperiment,
  restoreExperiment: experiments.restoreExperiment,
  setExperimentTag: experiments.setExperimentTag,
  deleteExperimentTag: experiments.deleteExperimentTag,
  searchExperiments,
  openRun: runs.openRun,
  getTrackedRun: runs.getTrackedRun,
  updateRun: runs.updateRun,
  deleteRun: runs.deleteRun,
  restoreRun: runs.restoreRun,
  logBatch,
  deleteRunTag: runs.deleteRunTag,
  logInputs: runs.logInputs,
  datasetSummaries: runs.datasetSummaries,
  searchTrackedRuns,
  randomRunName,
  metricHistoryPage,
  metricHistories,
  sampledHistories,
  createLoggedModel: models.createLoggedModel,
  getLoggedModel: models.getLoggedModel,
  findLoggedModel: models.findLoggedModel,
  finalizeLoggedModel: models.finalizeLoggedModel,
  deleteLoggedModel: models.deleteLoggedModel,
  addLoggedModelParams: models.addLoggedModelParams,
  setLoggedModelTags: models.setLoggedModelTags,
  deleteLoggedModelTag: models.deleteLoggedModelTag,
  searchLoggedModels,
  recordTrace: traces.recordTrace,
  getTrace: traces.getTrace,
  getTraces: traces.getTraces,
  searchTraces,
  setTraceTag: traces.setTraceTag,
  deleteTraceTag: traces.deleteTraceTag,
  deleteTraces: traces.deleteTraces,
  keepNewestTraces: traces.keepNewestTraces,
  linkTracesToRun: traces.linkTracesToRun,
  linkPrompts: traces.linkPrompts,
  endTrace: traces.endTrace,
  recordSpans,
  spansOf,
  correlateFilters,
  queryFigures,
  addAssessment: assessments.addAssessment,
  getAssessment: assessments.getAssessment,
  changeAssessment: assessments.changeAssessment,
  removeAssessment: assessments.removeAssessment,
  evaluationDatasets,
  issues,
  labelSchemas,
  reviewQueues: { ...reviewQueues, ...reviewItems },
  scorers,
  placeOf,
  checkArtifactPath,
  putArtifact,
  getArtifact,
  findArtifact,
  artifactsBelow,
  listArtifacts,
  deleteArtifacts,
  beginUpload,
  putUploadPart,
  completeUpload,
  abortUpload,
};

export type TrackingDoor = typeof tracking;
