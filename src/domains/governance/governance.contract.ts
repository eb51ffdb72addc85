import Type, { type Static } from 'typebox';
import { defineErrors } from '../../platform/errors.ts';
import { Name } from '../../platform/names.ts';
import { Nullable, Time } from '../../platform/schemas.ts';
import { Digest, RiskSchema, SeveritySchema } from '../registry/registry.contract.ts';

const RoleName = Type.String({ minLength: 1, maxLength: 64 });

/** One entry of `policies:` in houston.yaml: when a version needs approvals before it takes traffic. */
export const PolicySpec = Type.Object(
  {
    description: Type.Optional(Type.String({ maxLength: 5000 })),
    enabled: Type.Optional(Type.Boolean()),
    approvals: Type.Object(
      {
        when: Type.Optional(
          Type.Object(
            {
              severity: Type.Optional(SeveritySchema),
              score: Type.Optional(Type.Integer({ minimum: 1, maximum: 25 })),
            },
            {
              additionalProperties: false,
              description:
                'Risk at least this severity or this score. Left out: always. An unrated model always counts.',
            },
          ),
        ),
        environment: Type.Optional(
          Type.String({ maxLength: 64, description: 'Default prod; * for every one' }),
        ),
        models: Type.Optional(Type.Array(Name, { description: 'Only these models' })),
        required: Type.Optional(
          Type.Integer({ minimum: 1, maximum: 10, description: 'How many people (default 1)' }),
        ),
        roles: Type.Optional(
          Type.Array(RoleName, { minItems: 1, description: 'Who may decide (default approver)' }),
        ),
        separateFrom: Type.Optional(
          Type.Array(Type.Union([Type.Literal('requester'), Type.Literal('builder')]), {
            description: 'Who may not decide; the requester never may. builder: who registered the version',
          }),
        ),
        expiresAfterHours: Type.Optional(
          Type.Number({
            exclusiveMinimum: 0,
            maximum: 8760,
            description: 'A request that nobody decides (default 168)',
          }),
        ),
      },
      { additionalProperties: false },
    ),
  },
  { additionalProperties: false },
);
export type PolicySpecInput = Static<typeof PolicySpec>;

export const PolicyReply = Type.Object({
  name: Name,
  revision: Type.Integer(),
  digest: Digest,
  spec: PolicySpec,
  createdAt: Time,
  actor: Type.String(),
});

export const ApprovalState = Type.Union([
  Type.Literal('pending'),
  Type.Literal('granted'),
  Type.Literal('rejected'),
  Type.Literal('expired'),
  Type.Literal('superseded'),
]);
export const ApprovalKind = Type.Union([Type.Literal('promotion'), Type.Literal('step')]);
const ApprovalFields = Type.Object({
  id: Type.String(),
  kind: ApprovalKind,
  state: ApprovalState,
  subject: Type.String({ description: 'What is decided on: a model version, or what the step names' }),
  question: Nullable(
    Type.String({ description: 'Of a waiting step, as are run and step; null on a promotion' }),
  ),
  run: Nullable(Type.String()),
  step: Nullable(Type.String()),
  policy: Nullable(Name),
  policyDigest: Nullable(Digest),
  model: Nullable(Name),
  version: Nullable(Type.Integer()),
  digest: Nullable(Digest),
  environment: Nullable(Type.String()),
  severity: Nullable(SeveritySchema),
  required: Type.Integer(),
  roles: Type.Array(Type.String()),
  requester: Type.String(),
  excluded: Type.Array(Type.String(), { description: 'Who may not decide' }),
  decisions: Type.Array(
    Type.Object({
      actor: Type.String(),
      decision: Type.Union([Type.Literal('approve'), Type.Literal('reject')]),
      reason: Type.String(),
      time: Time,
    }),
  ),
  requestedAt: Time,
  decidedAt: Nullable(Time),
  expiresAt: Time,
});

/** What a promotion is bound to. */
type Promotion = {
  policy: string;
  policyDigest: string;
  model: string;
  version: number;
  digest: string;
  environment: string;
};
/** What only a promotion has, or only a waiting step; null on the other kind. */
export type PromotionOrStep =
  | ({ kind: 'promotion'; question: null; run: null; step: null } & Promotion)
  | ({ kind: 'step'; question: string; run: string; step: string } & { [K in keyof Promotion]: null });
/** Of a promotion, bound to bytes and a policy, or of a pipeline step that waits for the answer to its question. */
export const ApprovalReply = Type.Unsafe<Static<typeof ApprovalFields> & PromotionOrStep>(ApprovalFields);

export const DecisionBody = Type.Object(
  {
    decision: Type.Union([Type.Literal('approve'), Type.Literal('reject')]),
    reason: Type.Optional(Type.String({ maxLength: 5000 })),
  },
  { additionalProperties: false },
);

export const InventoryReply = Type.Object({
  items: Type.Array(
    Type.Object({
      model: Name,
      description: Type.String(),
      owner: Type.String(),
      risk: Nullable(RiskSchema),
      versions: Type.Integer({ description: 'Number of the newest version' }),
      aliases: Type.Record(Type.String(), Type.Integer()),
      deployments: Type.Array(
        Type.Object({
          deployment: Type.String(),
          environment: Type.String(),
          version: Type.Integer(),
          digest: Nullable(Digest),
          verdict: Nullable(Type.String({ description: 'go, hold or no-go: the last one on that version' })),
          approvals: Type.Array(
            Type.Object({ id: Type.String(), state: ApprovalState, policy: Type.String() }),
          ),
        }),
      ),
      policies: Type.Array(Type.String(), {
        description: 'Policies that ask for approvals of this model in prod',
      }),
    }),
  ),
});

export const governanceError = defineErrors({
  'governance.policy.not_found': { status: 404, next: 'List the policies at /api/governance/policies.' },
  'governance.approval.not_found': { status: 404, next: 'List the approvals at /api/governance/approvals.' },
  'governance.approval.closed': { status: 409, next: 'Nothing is left to decide here.' },
  'governance.approval.own': {
    status: 403,
    next: 'Ask another person with the role: nobody decides on what they asked for or built.',
  },
  'governance.approval.role': {
    status: 403,
    next: 'Ask a person who holds one of the roles of the approval.',
  },
  'governance.approval.twice': { status: 409, next: 'Each person decides once; ask another one.' },
  'governance.role.unknown': { status: 400, next: 'Name roles of this server in the policy.' },
});
