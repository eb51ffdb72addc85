import type { Static } from 'typebox';
import type {
  ConversionReply,
  EnvironmentReply,
} from '../../../src/domains/registry/conversion/conversion.contract.ts';
import type {
  CalibrationBin,
  Difference,
  EvaluationHeadline as EvaluationHeadlineSchema,
  EvaluationReply,
  EvaluationReport,
  Figure,
  Comparison as ModelComparison,
  ModelFigures,
  SliceFigures,
} from '../../../src/domains/registry/evaluation/evaluation.contract.ts';
import type {
  GateDecision as Decision,
  GateCheck,
  ListedModelReply,
  ModelReply,
  RiskMatrixReply,
  RiskSchema,
  Tensor,
  VerdictReply,
  VersionReply,
} from '../../../src/domains/registry/registry.contract.ts';
import type { LineageReply } from '../../../src/domains/registry/versions/lineage.contract.ts';
import type {
  DeliveryReply,
  WebhookReply,
} from '../../../src/domains/registry/webhooks/webhooks.contract.ts';

export type {
  CalibrationBin,
  Decision,
  Difference,
  EvaluationReport,
  Figure,
  GateCheck,
  ModelComparison,
  ModelFigures,
  SliceFigures,
  Tensor,
};
export type GateVerdict = Static<typeof VerdictReply>;
export type Risk = Static<typeof RiskSchema>;
export type Model = Static<typeof ModelReply>;
/** A model in the list, with the verdict on its newest version. */
export type ListedModel = Static<typeof ListedModelReply>;
export type Conversion = Static<typeof ConversionReply>;
/** The Python that converts. */
export type ConversionEnvironment = Static<typeof EnvironmentReply>;
export type ModelVersion = Static<typeof VersionReply>;
export type RiskMatrix = Static<typeof RiskMatrixReply>;
export type LineageGraph = Static<typeof LineageReply>;
export type Evaluation = Static<typeof EvaluationReply>;
/** The figures of one version in short. */
export type EvaluationHeadline = Static<typeof EvaluationHeadlineSchema>;
export type Webhook = Static<typeof WebhookReply>;
export type WebhookDelivery = Static<typeof DeliveryReply>;
