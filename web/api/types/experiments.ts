import type { Static } from 'typebox';
import type { CurvesReply } from '../../../src/domains/experiments/charts/charts.contract.ts';
import type {
  ArtifactReply,
  ExperimentDetailReply,
  ExperimentReply,
  MetricValue as MetricValueSchema,
  RunReply,
  RunSummary,
} from '../../../src/domains/experiments/experiments.contract.ts';
import type {
  CatalogueReply,
  GroupsReply,
  RelatedReply,
  RunChangeInput,
  WindowReply,
} from '../../../src/domains/experiments/runs-table/runs-table.contract.ts';

export type MetricValue = Static<typeof MetricValueSchema>;
export type { RunChangeInput as RunChange };
export type Experiment = Static<typeof ExperimentReply>;
/** One experiment, and which kinds of things it has. */
export type ExperimentDetail = Static<typeof ExperimentDetailReply>;
export type ExperimentRun = Static<typeof RunSummary>;
export type Artifact = Static<typeof ArtifactReply>;
export type ExperimentRunDetail = Static<typeof RunReply>;
export type RunsWindow = Static<typeof WindowReply>;
/** A row of the table of runs; `cells` in the order of the columns asked for. */
export type TableRow = RunsWindow['rows'][number];
/** Keys that the runs of an experiment carry; complete once `counted` is `runs`. */
export type Catalogue = Static<typeof CatalogueReply>;
export type KeyCount = Catalogue['metrics'][number];
export type RunGroups = Static<typeof GroupsReply>;
/** One metric of one run, thinned so that extremes stay; `times` in ms since `startedAt`. */
export type Curve = Static<typeof CurvesReply>['curves'][number];
export type Related = Static<typeof RelatedReply>;
