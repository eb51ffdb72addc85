import Type from 'typebox';
import { isoTime } from '../../../platform/clock.ts';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { ExperimentName } from '../experiments.contract.ts';
import { type Issue, searchIssues, updateIssue } from '../issues/issues.service.ts';
import { TraceId } from '../traces/traces.contract.ts';
import { getTraces } from '../traces/traces.service.ts';
import { getExperimentByName } from '../tracking/experiments.service.ts';
import type { LabelInput, LabelSchema } from './label-schemas.model.ts';
import { labelSchemasOf } from './label-schemas.service.ts';
import { listReviewItems, reviewCounts, setReviewStatus } from './review-items.service.ts';
import type { ReviewItem } from './review-queues.model.ts';
import { listReviewQueues } from './review-queues.service.ts';
import {
  IssueBody,
  IssueReply,
  QueueId,
  ReviewItemBody,
  ReviewItemReply,
  ReviewsReply,
} from './reviews.contract.ts';

const tags = ['experiments'];
const mostShown = 1000;

/** Reviews for pages: questions, queues and issues of an experiment, what is in a queue, what becomes of it. */
export function reviewsRoutes(app: HoustonApp): void {
  app.get(
    '/api/experiments/:name/reviews',
    {
      schema: {
        summary: 'Questions, review queues and issues of an experiment',
        tags,
        params: Type.Object({ name: ExperimentName }),
        response: { 200: ReviewsReply },
      },
    },
    async ({ scope, params }) => {
      const { id } = await getExperimentByName(scope, params.name);
      const [schemas, { queues }, counts, { issues }] = await Promise.all([
        labelSchemasOf(scope, id),
        listReviewQueues(scope, id, { limit: mostShown }),
        reviewCounts(scope, id),
        searchIssues(scope, { experimentId: id, limit: mostShown, withTraces: true }),
      ]);
      const names = new Map(schemas.map((schema) => [schema.id, schema.name]));
      return {
        questions: schemas.map(wireQuestion),
        queues: queues.map(({ id: queue, name, type, users, schemaIds, createdAt }) => ({
          id: queue,
          name,
          type,
          users,
          questions: schemaIds.map((schema) => names.get(schema) ?? schema),
          ...(counts.get(queue) ?? { pending: 0, complete: 0, declined: 0 }),
          createdAt: isoTime(createdAt),
        })),
        issues: issues.map(wireIssue),
      };
    },
  );

  app.get(
    '/api/experiments/reviews/:queue/items',
    {
      schema: {
        summary: 'What is in a review queue',
        tags,
        params: Type.Object({ queue: QueueId }),
        response: { 200: Type.Object({ items: Type.Array(ReviewItemReply) }) },
      },
    },
    async ({ scope, params }) => {
      const { items } = await listReviewItems(scope, params.queue, { limit: mostShown });
      const ids = items.map(({ traceId }) => traceId);
      const byId = new Map((await getTraces(scope, ids)).map((trace) => [trace.id, trace]));
      return {
        items: items.map((item) => {
          const trace = byId.get(item.traceId);
          const about = trace && {
            name: trace.name,
            state: trace.state as 'OK' | 'ERROR' | 'IN_PROGRESS' | 'STATE_UNSPECIFIED',
            startedAt: isoTime(trace.requestedAt),
            request: previewOf(trace.info.request_preview),
            response: previewOf(trace.info.response_preview),
            assessments: trace.assessments.filter(({ isValid }) => isValid).length,
          };
          return { ...wireItem(item), about: about ?? null };
        }),
      };
    },
  );

  app.put(
    '/api/experiments/reviews/:queue/items/:trace',
    {
      schema: {
        summary: 'End a review, or open it again',
        tags,
        params: Type.Object({ queue: QueueId, trace: TraceId }),
        body: ReviewItemBody,
        response: { 200: Type.Omit(ReviewItemReply, ['about']) },
      },
    },
    async ({ scope, params, body }) => {
      const by = body.status === 'pending' ? undefined : scope.actor.replace(/^user:/, '');
      return wireItem(await setReviewStatus(scope, params.queue, params.trace, { status: body.status, by }));
    },
  );

  app.put(
    '/api/experiments/issues/:issue/status',
    {
      schema: {
        summary: 'Say what became of an issue',
        tags,
        params: Type.Object({ issue: QueueId }),
        body: IssueBody,
        response: { 200: Type.Omit(IssueReply, ['traces']) },
      },
    },
    async ({ scope, params, body }) => {
      const { traces: _traces, ...issue } = wireIssue(await updateIssue(scope, params.issue, body));
      return issue;
    },
  );
}

const previewOf = (text: unknown) => (typeof text === 'string' ? text : null);

const wireItem = ({ traceId, status, completedBy, completedAt }: ReviewItem) => ({
  trace: traceId,
  status,
  completedBy,
  completedAt: completedAt === null ? null : isoTime(completedAt),
});

const wireQuestion = ({ id, name, type, instruction, input, isDefault }: LabelSchema) => ({
  id,
  name,
  type,
  instruction,
  answer: answerOf(input),
  isDefault,
});

function answerOf(input: LabelInput): string {
  if (input.kind === 'pass_fail') return `${input.positive} or ${input.negative}`;
  if (input.kind === 'categorical') {
    return `${input.several ? 'some' : 'one'} of ${input.options.join(', ')}`;
  }
  if (input.kind === 'numeric') {
    const { min, max } = input;
    if (min !== null && max !== null) return `a number from ${min} to ${max}`;
    if (min !== null) return `a number, at least ${min}`;
    return max === null ? 'a number' : `a number, at most ${max}`;
  }
  return input.longest === null ? 'a text' : `a text of up to ${input.longest} characters`;
}

const wireIssue = (issue: Issue) => ({
  id: issue.id,
  name: issue.name,
  description: issue.description,
  status: issue.status,
  severity: issue.severity,
  rootCauses: issue.rootCauses,
  categories: issue.categories,
  traces: issue.traces ?? 0,
  sourceRun: issue.sourceRunId,
  createdAt: isoTime(issue.createdAt),
});
