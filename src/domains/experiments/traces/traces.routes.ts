import Type from 'typebox';
import { isoTime } from '../../../platform/clock.ts';
import type { HoustonApp } from '../../../platform/http/app.ts';
import type { Json, JsonObject } from '../../../platform/json.ts';
import { ExperimentName, experimentsError } from '../experiments.contract.ts';
import { getExperiment, getExperimentByName } from '../tracking/experiments.service.ts';
import type { Assessment } from './assessments/assessments.model.ts';
import {
  addAssessment,
  changeAssessment,
  getAssessment,
  removeAssessment,
} from './assessments/assessments.service.ts';
import { figuresByTime } from './search/figures-by-time.service.ts';
import { searchTraces } from './search/trace-search.service.ts';
import { meaningOf } from './spans/meaning.model.ts';
import { cleanText, readPlainContent } from './spans/spans.model.ts';
import { findSpan, spanHeads } from './spans/spans.store.ts';
import { layOut } from './spans/tree.model.ts';
import {
  AssessmentPatch,
  AssessmentReply,
  FiguresQuery,
  NewAssessment,
  PartId,
  SpanReply,
  TraceFigure,
  TraceId,
  TraceIds,
  TraceReply,
  TraceSummary,
  TracesQuery,
} from './traces.contract.ts';
import { METADATA, type Trace } from './traces.model.ts';
import { deleteTraces, deleteTraceTag, getTrace, setTraceTag } from './traces.service.ts';

const tags = ['experiments'];
const Named = Type.Object({ name: ExperimentName });
const OfTrace = Type.Object({ trace: TraceId });
const Key = Type.String({ minLength: 1, maxLength: 250 });

/** Traces for pages: lists, figures, one trace with all its spans, one span with what it holds. */
export function tracesRoutes(app: HoustonApp): void {
  app.get(
    '/api/experiments/:name/traces',
    {
      schema: {
        summary: 'Search the traces of an experiment',
        tags,
        params: Named,
        querystring: TracesQuery,
        response: {
          200: Type.Object({ items: Type.Array(TraceSummary), next: Type.Optional(Type.String()) }),
        },
      },
    },
    async ({ scope, params, query }) => {
      const experiment = await getExperimentByName(scope, params.name);
      const { traces, next } = await searchTraces(scope, {
        experimentIds: [experiment.id],
        filter: query.filter,
        orderBy: query.orderBy ? [query.orderBy] : [],
        maxResults: query.limit ?? 100,
        pageToken: query.cursor,
      });
      const items = traces.map((trace) => wireTrace(trace, experiment.name));
      return { items, ...(next !== undefined && { next }) };
    },
  );

  app.get(
    '/api/experiments/:name/traces/figures',
    {
      schema: {
        summary: 'Traces, errors, latency and tokens of an experiment by interval',
        tags,
        params: Named,
        querystring: FiguresQuery,
        response: { 200: Type.Object({ items: Type.Array(TraceFigure) }) },
      },
    },
    async ({ scope, params, query }) => {
      const { id } = await getExperimentByName(scope, params.name);
      const figures = await figuresByTime(scope, id, {
        from: Date.parse(query.from),
        to: Date.parse(query.to),
        seconds: query.seconds,
      });
      return { items: figures.map(({ at, ...rest }) => ({ at: isoTime(at), ...rest })) };
    },
  );

  app.post(
    '/api/experiments/:name/traces/delete',
    {
      schema: {
        summary: 'Delete traces of an experiment with all that hangs on them',
        tags,
        params: Named,
        body: TraceIds,
        response: { 200: Type.Object({ deleted: Type.Integer() }) },
      },
    },
    async ({ scope, params, body }) => {
      const { id } = await getExperimentByName(scope, params.name);
      return { deleted: await deleteTraces(scope, id, { ids: body.ids }) };
    },
  );

  oneTrace(app);
  remarks(app);
  traceTags(app);
}

function oneTrace(app: HoustonApp): void {
  app.get(
    '/api/experiments/traces/:trace',
    {
      schema: {
        summary: 'Read a trace with its spans',
        tags,
        params: OfTrace,
        response: { 200: TraceReply },
      },
    },
    async ({ scope, params }) => {
      const trace = await getTrace(scope, params.trace);
      const { name } = await getExperiment(scope, trace.experimentId);
      const spans = await spanHeads(scope.db, trace.id);
      const origin = Math.floor((spans[0]?.started_us ?? trace.requestedAt * 1000) / 1000);
      const columns = layOut(spans, origin * 1000);
      return { ...wireTrace(trace, name), origin: isoTime(origin), columns };
    },
  );

  app.get(
    '/api/experiments/traces/:trace/spans/:span',
    {
      schema: {
        summary: 'Read what a span holds',
        tags,
        params: Type.Object({ trace: TraceId, span: PartId }),
        response: { 200: SpanReply },
      },
    },
    async ({ scope, params }) => {
      const row = await findSpan(scope.db, params.trace, params.span);
      if (!row) throw experimentsError('experiments.span.not_found', 'The trace has no span with this id.');
      const { assessments } = await getTrace(scope, params.trace);
      const content = readPlainContent(row.content);
      const { inputs, outputs, model, usage } = meaningOf(content.attributes);
      return {
        id: row.id,
        trace: row.trace_id,
        parent: row.parent_id,
        name: row.name,
        type: row.type,
        status: row.status,
        statusMessage: content.message ?? '',
        startNs: content.start,
        endNs: content.end ?? null,
        inputs: (inputs ?? null) as Json,
        outputs: (outputs ?? null) as Json,
        model,
        usage: wireUsage(usage),
        attributes: content.attributes as JsonObject,
        events: (content.events ?? []).map(({ name, time, attributes }) => ({
          name,
          timeNs: time,
          attributes: attributes as JsonObject,
        })),
        links: (content.links ?? []).map(({ trace, span, attributes }) => ({
          trace,
          span,
          attributes: attributes as JsonObject,
        })),
        assessments: assessments.filter(({ spanId }) => spanId === row.id).map(wireAssessment),
      };
    },
  );
}

function remarks(app: HoustonApp): void {
  app.post(
    '/api/experiments/traces/:trace/assessments',
    {
      schema: {
        summary: 'Say what a trace or a span of it is worth',
        tags,
        params: OfTrace,
        body: NewAssessment,
        response: { 201: AssessmentReply },
      },
    },
    async ({ scope, params, body }, reply) => {
      const made = await addAssessment(scope, {
        traceId: params.trace,
        spanId: body.spanId ?? null,
        kind: body.kind,
        name: body.name,
        value: (body.value ?? null) as Json,
        error: null,
        rationale: body.rationale ?? null,
        source: { type: 'HUMAN', id: scope.actor },
        metadata: {},
        overrides: body.overrides ?? null,
      });
      return reply.status(201).send(wireAssessment(made));
    },
  );

  const Said = Type.Object({ trace: TraceId, assessment: PartId });
  app.patch(
    '/api/experiments/traces/:trace/assessments/:assessment',
    {
      schema: {
        summary: 'Correct the name, value or rationale of an assessment',
        tags,
        params: Said,
        body: AssessmentPatch,
        response: { 200: AssessmentReply },
      },
    },
    async ({ scope, params, body }) => {
      const { kind } = await getAssessment(scope, params.trace, params.assessment);
      if (body.value !== undefined && kind === 'issue') {
        throw experimentsError('experiments.input.invalid', 'An issue has no value that can be changed.');
      }
      const value = body.value as Json | undefined;
      const changed = await changeAssessment(scope, params.trace, params.assessment, {
        name: body.name && cleanText(body.name),
        rationale: body.rationale && cleanText(body.rationale),
        ...(value !== undefined && kind !== 'issue' && { value: { kind, value, error: null } }),
      });
      return wireAssessment(changed);
    },
  );

  app.delete(
    '/api/experiments/traces/:trace/assessments/:assessment',
    { schema: { summary: 'Take an assessment back', tags, params: Said } },
    async ({ scope, params }, reply) => {
      await removeAssessment(scope, params.trace, params.assessment);
      return reply.status(204).send();
    },
  );
}

function traceTags(app: HoustonApp): void {
  const Tag = Type.Object({ trace: TraceId, key: Key });
  app.put(
    '/api/experiments/traces/:trace/tags/:key',
    {
      schema: {
        summary: 'Set a tag of a trace',
        tags,
        params: Tag,
        body: Type.Object({ value: Type.String({ maxLength: 8000 }) }, { additionalProperties: false }),
      },
    },
    async ({ scope, params, body }, reply) => {
      await setTraceTag(scope, params.trace, params.key, body.value);
      return reply.status(204).send();
    },
  );

  app.delete(
    '/api/experiments/traces/:trace/tags/:key',
    { schema: { summary: 'Remove a tag of a trace', tags, params: Tag } },
    async ({ scope, params }, reply) => {
      await deleteTraceTag(scope, params.trace, cleanText(params.key));
      return reply.status(204).send();
    },
  );
}

const wireUsage = (usage: Trace['usage']) => ({
  inputTokens: usage.input_tokens,
  outputTokens: usage.output_tokens,
  totalTokens: usage.total_tokens,
  totalCost: usage.total_cost,
});

const words = (value: Json | undefined) => (typeof value === 'string' ? value : null);

function wireTrace(trace: Trace, experiment: string) {
  return {
    id: trace.id,
    experiment,
    name: trace.name,
    state: trace.state as 'OK',
    startedAt: isoTime(trace.requestedAt),
    durationMs: trace.durationMs,
    request: words(trace.info.request_preview),
    response: words(trace.info.response_preview),
    session: trace.session,
    user: trace.metadata[METADATA.user] ?? null,
    run: trace.metadata[METADATA.run] ?? null,
    clientRequestId: trace.clientRequestId,
    spans: trace.spans,
    usage: wireUsage(trace.usage),
    tags: trace.tags,
    metadata: trace.metadata,
    assessments: trace.assessments.map(wireAssessment),
  };
}

function wireAssessment(said: Assessment) {
  const { traceId: _trace, error, createdAt, updatedAt, ...rest } = said;
  return {
    ...rest,
    error: error && { code: error.code, message: error.message },
    createdAt: isoTime(createdAt),
    updatedAt: isoTime(updatedAt),
  };
}
