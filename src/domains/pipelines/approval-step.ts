import Type from 'typebox';
import type { Scope } from '../../platform/scope.ts';
import { pipelinesError } from './pipelines.contract.ts';
import { type StepContext, type StepKind, stepOutcome } from './steps.ts';

/** Who keeps approvals (governance); implemented above and wired by the composition root. */
export type ApprovalPort = {
  /** Asks for a decision in the step's own transaction. Returns its subject, `approval:ID`. */
  request(tx: Scope, question: ApprovalQuestion): Promise<string>;
};

export type ApprovalQuestion = {
  /** What the decision is about, such as `model:NAME/VERSION`; the step itself when none is named. */
  subject: string;
  question: string;
  roles: readonly string[];
  run: StepContext;
};

/** `uses: pipelines/approval`: the run waits, holding no worker, until a person has decided. */
export function approvalStep(port: () => ApprovalPort | undefined): StepKind {
  return {
    name: 'pipelines/approval',
    version: '1',
    summary: 'Wait until a person approves; a rejection stops the run.',
    runs: 'server',
    inputs: Type.Object(
      {
        question: Type.String({ minLength: 1, maxLength: 500 }),
        subject: Type.Optional(Type.String({ description: 'What it is about; default: this step' })),
        roles: Type.Optional(Type.Array(Type.String())),
      },
      { additionalProperties: false },
    ),
    cached: false,
    execute: async () => ({ outputs: {} }),
    async commit(tx, _result, run) {
      const approvals = port();
      if (!approvals) {
        throw pipelinesError('pipelines.approval.unavailable', 'Nobody on this server keeps approvals.');
      }
      const {
        question,
        subject = run.stepSubject,
        roles = [],
      } = run.with as {
        question: string;
        subject?: string;
        roles?: string[];
      };
      return stepOutcome({
        outputs: {},
        awaiting: await approvals.request(tx, { question, subject, roles, run }),
      });
    },
  };
}
