import Type from 'typebox';
import { isoTime } from '../../platform/clock.ts';
import type { Engine } from '../../platform/engines/engine.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import type { JsonObject } from '../../platform/json.ts';
import { Name } from '../../platform/names.ts';
import type { Platform } from '../../platform/platform.ts';
import { readDefinition } from './definitions/definition.model.ts';
import { getPipeline, putPipeline } from './definitions/definitions.service.ts';
import { type Definition, listDefinitions, listRevisions } from './definitions/definitions.store.ts';
import {
  DefinitionReply,
  PipelineReply,
  PipelinesReply,
  pipelinesError,
  RunReply,
  RunStateSchema,
  RunSummaryReply,
} from './pipelines.contract.ts';
import { runSummary, runView } from './runs/run-view.ts';
import { cancelRun, getRun, resumeRun, startRun } from './runs/runs.service.ts';
import * as store from './runs/runs.store.ts';
import { externalIdOf } from './runs/step-context.ts';
import { stepsOf } from './runs/step-registry.ts';

const tags = ['pipelines'];
const ByName = Type.Object({ name: Name });
const RunId = Type.String({ pattern: '^run_[0-9a-z]{1,64}$' });
const ById = Type.Object({ id: RunId });
const Spec = Type.Record(Type.String(), Type.Unknown());

const definitionReply = ({ pipeline, spec, createdAt, ...rest }: Definition) => ({
  name: pipeline,
  revision: rest.revision,
  digest: rest.digest,
  definition: spec,
  createdAt: isoTime(createdAt),
  createdBy: rest.createdBy,
});

/** HTTP door of the pipelines. */
export function pipelinesRoutes(app: HoustonApp, platform: Platform, engine: Engine): void {
  definitionRoutes(app, platform);
  runRoutes(app);
  logRoute(app, engine);
}

function definitionRoutes(app: HoustonApp, platform: Platform): void {
  app.get(
    '/api/pipelines',
    {
      schema: {
        summary: 'List pipelines with their newest run',
        tags,
        response: { 200: PipelinesReply },
      },
    },
    async ({ scope }) => {
      const definitions = await listDefinitions(scope.db);
      const counts = await store.countRuns(scope.db);
      const items = await Promise.all(
        definitions.map(async (definition) => {
          const [latest] = await store.listRuns(scope.db, { pipeline: definition.pipeline, limit: 1 });
          const own = counts.filter(({ pipeline }) => pipeline === definition.pipeline);
          return {
            ...definitionReply(definition),
            runs: Object.fromEntries(own.map(({ state, count }) => [state, count])),
            latest: latest ? runSummary(latest, await store.listSteps(scope.db, latest.id)) : null,
          };
        }),
      );
      return { items };
    },
  );

  app.get(
    '/api/pipelines/steps',
    {
      schema: {
        summary: 'List the step kinds that `uses` can name',
        tags,
        response: {
          200: Type.Object({
            items: Type.Array(
              Type.Object({
                name: Type.String(),
                version: Type.String(),
                runs: Type.String(),
                summary: Type.String(),
                cached: Type.Boolean(),
                inputs: Type.Unknown({ description: 'JSON Schema of `with`' }),
              }),
            ),
          }),
        },
      },
    },
    async () => ({
      items: stepsOf(platform)
        .list()
        .map(({ name, version, runs, summary = '', cached, inputs }) => {
          return { name, version, runs, summary, cached: cached ?? runs === 'process', inputs };
        }),
    }),
  );

  app.get(
    '/api/pipelines/:name',
    {
      schema: {
        summary: 'Get a pipeline: the newest or the given revision, and the list of revisions',
        tags,
        params: ByName,
        querystring: Type.Object({ revision: Type.Optional(Type.Integer({ minimum: 1 })) }),
        response: { 200: PipelineReply },
      },
    },
    async ({ scope, params, query }) => {
      const definition = await getPipeline(scope, params.name, query.revision);
      const revisions = (await listRevisions(scope.db, params.name)).map(
        ({ revision, digest, createdAt, createdBy }) => {
          return { revision, digest, createdAt: isoTime(createdAt), createdBy };
        },
      );
      return { ...definitionReply(definition), revisions };
    },
  );

  app.put(
    '/api/pipelines/:name',
    {
      schema: {
        summary: 'Declare a pipeline: its definition as JSON, or {"yaml": "…"}',
        tags,
        params: ByName,
        body: Spec,
        response: { 200: DefinitionReply },
      },
    },
    async ({ scope, params, body }) => {
      const { yaml, ...rest } = body;
      const value = typeof yaml === 'string' && Object.keys(rest).length === 0 ? readDefinition(yaml) : body;
      return definitionReply(await putPipeline(scope, params.name, value, stepsOf(platform)));
    },
  );
}

function runRoutes(app: HoustonApp): void {
  const view = async (scope: Parameters<typeof getRun>[0], id: string) => {
    const run = await getRun(scope, id);
    const { spec } = await getPipeline(scope, run.pipeline, run.revision);
    return runView(run, await store.listSteps(scope.db, id), spec);
  };

  app.post(
    '/api/pipelines/:name/runs',
    {
      schema: {
        summary: 'Start a run; it queues behind the runs that the pipeline allows at a time',
        tags,
        params: ByName,
        body: Type.Union([
          Type.Null(),
          Type.Object(
            { params: Type.Optional(Spec), noCache: Type.Optional(Type.Boolean()) },
            { additionalProperties: false },
          ),
        ]),
        response: { 201: RunReply },
      },
    },
    async ({ scope, params: { name }, body }, reply) => {
      const { params = {}, noCache = false } = body ?? {};
      const run = await startRun(scope, { pipeline: name, params: params as JsonObject, noCache });
      return reply.status(201).send(await view(scope, run.id));
    },
  );

  app.get(
    '/api/pipelines/runs',
    {
      schema: {
        summary: 'List runs, newest first',
        tags,
        querystring: Type.Object({
          pipeline: Type.Optional(Name),
          state: Type.Optional(RunStateSchema),
          before: Type.Optional(RunId),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200 })),
        }),
        response: {
          200: Type.Object({ items: Type.Array(RunSummaryReply), next: Type.Optional(Type.String()) }),
        },
      },
    },
    async ({ scope, query }) => {
      const { limit = 50, state, ...filter } = query;
      const runs = await store.listRuns(scope.db, {
        ...filter,
        ...(state && { state }),
        limit,
      });
      const steps = await store.listStepsOf(
        scope.db,
        runs.map(({ id }) => id),
      );
      const items = runs.map((run) =>
        runSummary(
          run,
          steps.filter((step) => step.run_id === run.id),
        ),
      );
      const last = runs.at(-1);
      return { items, ...(runs.length === limit && last && { next: last.id }) };
    },
  );

  app.get(
    '/api/pipelines/runs/:id',
    { schema: { summary: 'Get a run with its steps', tags, params: ById, response: { 200: RunReply } } },
    ({ scope, params }) => view(scope, params.id),
  );

  app.post(
    '/api/pipelines/runs/:id/cancel',
    {
      schema: { summary: 'End a run and all that it runs', tags, params: ById, response: { 200: RunReply } },
    },
    async ({ scope, params }) => {
      await cancelRun(scope, params.id);
      return view(scope, params.id);
    },
  );

  app.post(
    '/api/pipelines/runs/:id/resume',
    {
      schema: {
        summary: 'Go on from what did not succeed, keeping what did',
        tags,
        params: ById,
        body: Type.Union([
          Type.Null(),
          Type.Object(
            {
              latest: Type.Optional(
                Type.Boolean({ description: 'Follow the newest revision of the pipeline' }),
              ),
            },
            { additionalProperties: false },
          ),
        ]),
        response: { 200: RunReply },
      },
    },
    async ({ scope, params, body }) => {
      await resumeRun(scope, params.id, { latest: body?.latest ?? false });
      return view(scope, params.id);
    },
  );
}

function logRoute(app: HoustonApp, engine: Engine): void {
  app.get(
    '/api/pipelines/runs/:id/steps/:step/log',
    {
      schema: {
        summary: 'Read the log of a step; the header x-next-offset says where to go on',
        tags,
        params: Type.Object({
          id: RunId,
          step: Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_-]*(\\.\\d+)?$', maxLength: 80 }),
        }),
        querystring: Type.Object({
          offset: Type.Optional(Type.Integer({ minimum: 0 })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 4_000_000 })),
          attempt: Type.Optional(Type.Integer({ minimum: 1 })),
        }),
        response: { 200: Type.String({ description: 'Plain text' }) },
      },
    },
    async ({ scope, params, query }, reply) => {
      const run = await getRun(scope, params.id);
      const step = await store.findStep(scope.db, run.id, params.step);
      if (!step) throw pipelinesError('pipelines.step.not_found', 'This run has no step of this key.');
      const id = externalIdOf({ ...step, attempt: query.attempt ?? step.attempt });
      const { text, next, size } = await engine.logs(id, query);
      return reply
        .header('x-next-offset', String(next))
        .header('x-log-size', String(size))
        .header('x-step-state', step.state)
        .type('text/plain; charset=utf-8')
        .send(text);
    },
  );
}
