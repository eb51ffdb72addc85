import type { Static } from 'typebox';
import type { ComparisonReply } from '../../../src/domains/serving/comparison/comparison.contract.ts';
import type { SideBySideReply } from '../../../src/domains/serving/comparison/side-by-side.contract.ts';
import type {
  ExplanationReplyBody,
  RunningReplyBody,
} from '../../../src/domains/serving/explanations/explanation.contract.ts';
import type { QuarantineReply } from '../../../src/domains/serving/faults/quarantine.contract.ts';
import type { FeedbackHistory } from '../../../src/domains/serving/feedback/feedback.contract.ts';
import type {
  DeploymentGraphsReply,
  GraphCheckReply,
  GraphDrawing as GraphDrawingSchema,
  GraphSpecInput,
  PredictionGraphReply,
} from '../../../src/domains/serving/graphs/graph.contract.ts';
import type { TrafficReply } from '../../../src/domains/serving/meter/traffic.contract.ts';
import type { PredictionReply } from '../../../src/domains/serving/predictions.contract.ts';
import type {
  ErasureCountsBody,
  ErasurePlan as ErasurePlanSchema,
  ErasureState as ErasureStateSchema,
} from '../../../src/domains/serving/privacy/erasure.contract.ts';
import type { QueryColumnsBody, QueryReplyBody } from '../../../src/domains/serving/query/query.contract.ts';
import type { EvidenceTest, RolloutReply } from '../../../src/domains/serving/rollouts/rollout.contract.ts';
import type { RevisionReply } from '../../../src/domains/serving/runtime/revision.contract.ts';
import type { DeploymentReply, DeploymentSpecInput } from '../../../src/domains/serving/serving.contract.ts';
import type { Tensor } from './registry.ts';

export type {
  DeploymentSpecInput as DeploymentSpec,
  ErasureCountsBody as ErasureCounts,
  EvidenceTest,
  ExplanationReplyBody as Explanation,
  GraphSpecInput as GraphSpec,
  QueryColumnsBody as QueryColumns,
  QueryReplyBody as QueryResult,
  RunningReplyBody as ExplanationRunning,
};

/** What GET /v2/models/NAME says, by the Open Inference Protocol: the inputs that a caller sends. */
export type ServedModel = {
  name: string;
  versions?: string[];
  platform?: string;
  inputs: Tensor[];
  outputs: Tensor[];
};
/** Two versions on the same recorded requests. */
export type VersionComparison = Static<typeof ComparisonReply>;
/** A graph as it is drawn; `request` and `reply` are its ends. */
export type GraphDrawing = Static<typeof GraphDrawingSchema>;
/** A graph that serves, with what ran in it since the start. */
export type DeploymentGraph = Static<typeof DeploymentGraphsReply>['items'][number];
export type GraphNodeTraffic = DeploymentGraph['traffic'][number];
/** What the server says of a graph that is not declared yet. */
export type GraphCheck = Static<typeof GraphCheckReply>;
/** What the nodes of a graph gave for one prediction. */
export type PredictionGraph = Static<typeof PredictionGraphReply>;
export type Revision = Static<typeof RevisionReply>;
export type Rollout = Static<typeof RolloutReply>;
export type Quarantine = Static<typeof QuarantineReply>;
export type Deployment = Static<typeof DeploymentReply>;
export type Traffic = Static<typeof TrafficReply>;
export type Prediction = Static<typeof PredictionReply>;
export type QueryColumn = QueryColumnsBody['columns'][number];
export type FeedbackWord = Static<typeof FeedbackHistory>['items'][number];
/** `erasure` names the job when it was not only a question. */
export type ErasurePlan = Static<typeof ErasurePlanSchema> & { erasure?: string };
export type ErasureState = Static<typeof ErasureStateSchema>;
export type SideBySide = Static<typeof SideBySideReply>;
export type ComparedRow = SideBySide['points'][number];
