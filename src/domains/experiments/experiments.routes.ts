import Type from 'typebox';
import { isoTime } from '../../platform/clock.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import { sendFile } from '../../platform/http/send-file.ts';
import { chartsRoutes } from './charts/charts.routes.ts';
import {
  CreateRunBody,
  ExperimentDetailReply,
  ExperimentName,
  ExperimentReply,
  FinishBody,
  MetricsBody,
  MetricValue,
  ParamsBody,
  RunReply,
  RunSummary as RunSummaryReply,
  RunsQuery,
} from './experiments.contract.ts';
import { wireNumber } from './experiments.model.ts';
import * as service from './experiments.service.ts';
import { reviewsRoutes } from './reviews/reviews.routes.ts';
import { findArtifactOf, readRuns } from './runs-table/related.service.ts';
import { ReadRunsBody } from './runs-table/runs-table.contract.ts';
import { runsTableRoutes } from './runs-table/runs-table.routes.ts';
import { tracesRoutes } from './traces/traces.routes.ts';

const tags = ['experiments'];
const RunId = Type.Object({ id: Type.String({ maxLength: 64 }) });
const ArtifactQuery = Type.Object({
  path: Type.String({ minLength: 1, maxLength: 1000 }),
  model: Type.Optional(Type.String({ maxLength: 100, description: 'Id of a logged model of the run' })),
  first: Type.Optional(Type.Integer({ minimum: 1, description: 'Only so many bytes from the start' })),
});

/** HTTP door of the experiments. */
export function experimentsRoutes(app: HoustonApp): void {
  app.get(
    '/api/experiments',
    {
      schema: {
        summary: 'List experiments',
        tags,
        response: { 200: Type.Object({ items: Type.Array(ExperimentReply) }) },
      },
    },
    async ({ scope }) => ({
      items: (await service.listAllExperiments(scope)).map((experiment) => ({
        ...experiment,
        createdAt: isoTime(experiment.createdAt),
        updatedAt: isoTime(experiment.updatedAt),
      })),
    }),
  );

  app.get(
    '/api/experiments/:name',
    {
      schema: {
        summary: 'Read an experiment, and which kinds of things it has',
        tags,
        params: Type.Object({ name: ExperimentName }),
        response: { 200: ExperimentDetailReply },
      },
    },
    async ({ scope, params }) => {
      const experiment = await service.getExperiment(scope, params.name);
      return {
        ...experiment,
        createdAt: isoTime(experiment.createdAt),
        updatedAt: isoTime(experiment.updatedAt),
      };
    },
  );

  app.get(
    '/api/experiments/:name/runs',
    {
      schema: {
        summary: 'Search the runs of an experiment',
        tags,
        params: Type.Object({ name: ExperimentName }),
        querystring: RunsQuery,
        response: {
          200: Type.Object({ items: Type.Array(RunSummaryReply), next: Type.Optional(Type.String()) }),
        },
      },
    },
    async ({ scope, params, query }) => {
      const { items, next } = await service.listRuns(scope, params.name, query);
      return { items: items.map(wireSummary), ...(next !== undefined && { next }) };
    },
  );

  app.post(
    '/api/experiments/runs',
    { schema: { summary: 'Start a run', tags, body: CreateRunBody, response: { 201: RunReply } } },
    async ({ scope, body }, reply) => reply.status(201).send(wireRun(await service.createRun(scope, body))),
  );

  app.post(
    '/api/experiments/runs/read',
    {
      schema: {
        summary: 'Read up to 100 runs',
        tags,
        body: ReadRunsBody,
        response: { 200: Type.Object({ items: Type.Array(RunReply) }) },
      },
    },
    async ({ scope, body }) => ({ items: (await readRuns(scope, body.ids)).map(wireRun) }),
  );

  runRoutes(app);
  tracesRoutes(app);
  reviewsRoutes(app);
  runsTableRoutes(app);
  chartsRoutes(app);
}

function runRoutes(app: HoustonApp): void {
  app.get(
    '/api/experiments/runs/:id',
    { schema: { summary: 'Read a run', tags, params: RunId, response: { 200: RunReply } } },
    async ({ scope, params }) => wireRun(await service.getRun(scope, params.id)),
  );

  app.post(
    '/api/experiments/runs/:id/metrics',
    { schema: { summary: 'Add metric points', tags, params: RunId, body: MetricsBody } },
    async ({ scope, params, body }, reply) => {
      const now = scope.now();
      const points = body.metrics.map(({ key, value, step = 0, time }) => ({
        key,
        value: Number(value),
        step,
        time: time === undefined ? now : Date.parse(time),
      }));
      await service.logMetrics(scope, params.id, points);
      return reply.status(204).send();
    },
  );

  app.get(
    '/api/experiments/runs/:id/metrics',
    {
      schema: {
        summary: 'History of one metric',
        tags,
        params: RunId,
        querystring: Type.Object({
          key: Type.String({ minLength: 1, maxLength: 250 }),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 25_000, default: 1000 })),
        }),
        response: {
          200: Type.Object({
            items: Type.Array(Type.Object({ step: Type.Integer(), time: Type.String(), value: MetricValue })),
          }),
        },
      },
    },
    async ({ scope, params, query }) => ({
      items: (await service.metricHistory(scope, params.id, query.key, query.limit)).map(
        ({ step, time, value }) => ({ step, time: isoTime(time), value: wireNumber(value) }),
      ),
    }),
  );

  app.post(
    '/api/experiments/runs/:id/params',
    { schema: { summary: 'Add params and set tags', tags, params: RunId, body: ParamsBody } },
    async ({ scope, params, body }, reply) => {
      await service.logParams(scope, params.id, body);
      return reply.status(204).send();
    },
  );

  app.post(
    '/api/experiments/runs/:id/finish',
    {
      schema: {
        summary: 'End a run',
        tags,
        params: RunId,
        body: Type.Union([FinishBody, Type.Null()]),
        response: { 200: RunReply },
      },
    },
    async ({ scope, params, body }) => wireRun(await service.finishRun(scope, params.id, body?.status)),
  );

  app.get(
    '/api/experiments/runs/:id/artifact',
    {
      schema: {
        summary: 'Download an artifact of a run, or of a logged model that it made or used',
        tags,
        params: RunId,
        querystring: ArtifactQuery,
      },
    },
    async ({ scope, params, query }, reply) => {
      const artifact = await findArtifactOf(scope, params.id, query);
      reply
        .header('content-type', 'application/octet-stream')
        .header('content-disposition', 'attachment')
        .header('content-security-policy', "sandbox; default-src 'none'");
      const size = Math.min(artifact.size, query.first ?? artifact.size);
      return sendFile(reply, scope.platform.blobs.path(artifact.digest), size);
    },
  );
}

function wireSummary(run: service.RunSummary) {
  return {
    ...run,
    metrics: Object.fromEntries(Object.entries(run.metrics).map(([key, value]) => [key, wireNumber(value)])),
    startedAt: isoTime(run.startedAt),
    endedAt: run.endedAt === null ? null : isoTime(run.endedAt),
  };
}

function wireRun(run: service.Run) {
  const { environment, inputs, artifacts } = run;
  return { ...wireSummary(run), environment, inputs, artifacts };
}
