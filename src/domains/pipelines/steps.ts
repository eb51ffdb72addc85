// The port stands in the platform, so that domains on this domain's own floor can offer steps too.
export {
  type CommittedResult,
  type FileRef,
  isFileRef,
  type ProcessStepContext,
  type ProcessStepKind,
  type ProcessSteps,
  type ServerStepContext,
  type ServerStepKind,
  type StepContext,
  type StepKind,
  StepOutcome,
  type StepProgress,
  type StepResult,
  type StepRun,
  stepOutcome,
} from '../../platform/engines/steps.ts';
