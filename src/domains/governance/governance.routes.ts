import Type from 'typebox';
import { isoTime } from '../../platform/clock.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import { Name } from '../../platform/names.ts';
import type { RegistryDoor } from '../registry/index.ts';
import { type Approval, decide, getApproval, listApprovals } from './approvals.service.ts';
import { cardRoutes } from './cards/card.routes.ts';
import type { CardSources } from './cards/card.service.ts';
import {
  ApprovalKind,
  ApprovalReply,
  ApprovalState,
  DecisionBody,
  InventoryReply,
  PolicyReply,
  PolicySpec,
} from './governance.contract.ts';
import { inventory, type ListServed } from './inventory.service.ts';
import { getPolicy, listPolicies, type Policy, putPolicy } from './policies.service.ts';

const tags = ['governance'];
const ById = Type.Object({ id: Type.String({ maxLength: 64 }) });
const ByName = Type.Object({ name: Name });

/** HTTP door of governance. */
export function governanceRoutes(
  sources: CardSources & { registry: RegistryDoor },
  listServed: ListServed,
): (app: HoustonApp) => void {
  return (app) => {
    approvalRoutes(app);
    policyRoutes(app);
    cardRoutes(app, sources);
    app.get(
      '/api/governance/inventory',
      {
        schema: {
          summary: 'Everything that decides, with risk, owner and approvals',
          tags,
          response: { 200: InventoryReply },
        },
      },
      async ({ scope }) => ({ items: await inventory(scope, sources.registry, listServed) }),
    );
  };
}

function approvalRoutes(app: HoustonApp): void {
  app.get(
    '/api/governance/approvals',
    {
      schema: {
        summary: 'List approvals, newest first',
        tags,
        querystring: Type.Object(
          {
            state: Type.Optional(ApprovalState),
            kind: Type.Optional(ApprovalKind),
            model: Type.Optional(Name),
            limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, default: 200 })),
          },
          { additionalProperties: false },
        ),
        response: { 200: Type.Object({ items: Type.Array(ApprovalReply) }) },
      },
    },
    async ({ scope, query }) => ({ items: (await listApprovals(scope, query)).map(wireApproval) }),
  );
  app.get(
    '/api/governance/approvals/:id',
    { schema: { summary: 'Read an approval', tags, params: ById, response: { 200: ApprovalReply } } },
    async ({ scope, params }) => wireApproval(await getApproval(scope, params.id)),
  );
  app.post(
    '/api/governance/approvals/:id/decisions',
    {
      schema: {
        summary: 'Approve or reject',
        description:
          'A promotion is bound to the digest of the model. Nobody decides on what they asked for; one rejection ends it.',
        tags,
        params: ById,
        body: DecisionBody,
        response: { 200: ApprovalReply },
      },
    },
    async ({ scope, params, body }) =>
      wireApproval(await decide(scope, params.id, body.decision, body.reason ?? '')),
  );
}

function policyRoutes(app: HoustonApp): void {
  app.get(
    '/api/governance/policies',
    {
      schema: {
        summary: 'List the policies in force',
        tags,
        response: { 200: Type.Object({ items: Type.Array(PolicyReply) }) },
      },
    },
    async ({ scope }) => ({ items: (await listPolicies(scope)).map(wirePolicy) }),
  );
  app.get(
    '/api/governance/policies/:name',
    { schema: { summary: 'Read a policy', tags, params: ByName, response: { 200: PolicyReply } } },
    async ({ scope, params }) => wirePolicy(await getPolicy(scope, params.name)),
  );
  app.put(
    '/api/governance/policies/:name',
    {
      schema: {
        summary: 'Put a policy in force',
        tags,
        params: ByName,
        body: PolicySpec,
        response: { 200: PolicyReply },
      },
    },
    async ({ scope, params, body }) => wirePolicy(await putPolicy(scope, params.name, body)),
  );
}

function wireApproval(approval: Approval) {
  return {
    ...approval,
    decisions: approval.decisions.map((decision) => ({ ...decision, time: isoTime(decision.time) })),
    requestedAt: isoTime(approval.requestedAt),
    decidedAt: isoTime(approval.decidedAt),
    expiresAt: isoTime(approval.expiresAt),
  };
}

function wirePolicy(policy: Policy) {
  return { ...policy, createdAt: isoTime(policy.createdAt) };
}
