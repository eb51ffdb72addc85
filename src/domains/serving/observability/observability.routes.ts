import { availableParallelism } from 'node:os';
import Type from 'typebox';
import { isoTime } from '../../../platform/clock.ts';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { Name } from '../../../platform/names.ts';
import { joinPoints } from '../../../platform/process-history.ts';
import { getDeployment } from '../deployments.service.ts';
import { splitPredictionId } from '../recorder/prediction-log.ts';
import { revisionsOf } from '../routing/route.ts';
import type { ServingState } from '../serving.state.ts';
import { timeOr } from '../time-input.ts';
import * as contract from './observability.contract.ts';
import { findPredictionTrace } from './prediction-traces.store.ts';
import type { ServingPoint } from './serving-history.ts';

const tags = ['serving'];
const ByName = Type.Object({ name: Name });
const longestRange = 86_400_000;
/** Steps are shorter for so long; before, one is a minute. */
const fineRange = 3_600_000;
const usualPoints = 120;
const mostModels = 200;
const steps = [5, 10, 15, 30, 60, 120, 300, 600, 900];

/** What operators look at: the course of requests, failures with examples, what the process uses, traces. */
export function observabilityRoutes(app: HoustonApp, state: ServingState): void {
  const { platform } = state;
  app.get(
    '/api/serving/deployments/:name/history',
    {
      schema: {
        summary: 'Latency distribution, queue, failures and refusals over the last day',
        tags,
        params: ByName,
        querystring: contract.TimeRange,
        response: { 200: contract.HistoryReply },
      },
    },
    async ({ scope, params, query }) => {
      await getDeployment(scope, params.name);
      const { from, to, step } = rangeOf(state, query, scope.now());
      const found = state.history.of(params.name, from, to, step);
      return {
        step,
        from: isoTime(from),
        to: isoTime(to),
        points: found.map(({ time, point }) => ({ time: isoTime(time), ...pointView(point) })),
      };
    },
  );
  app.get(
    '/api/serving/deployments/:name/failures',
    {
      schema: {
        summary: 'Requests that failed or were refused since the start, by code, with the newest examples',
        tags,
        params: ByName,
        response: { 200: contract.FailuresReply },
      },
    },
    async ({ scope, params }) => {
      await getDeployment(scope, params.name);
      return {
        items: state.failures.list(params.name).map(({ first, last, examples, ...group }) => ({
          ...group,
          first: isoTime(first),
          last: isoTime(last),
          examples: examples.map((one) => ({ ...one, time: isoTime(one.time) })),
        })),
      };
    },
  );
  app.get(
    '/api/serving/resources',
    {
      schema: {
        summary: 'What this process and its models use, now and over the last day',
        tags,
        querystring: contract.TimeRange,
        response: { 200: contract.ResourcesReply },
      },
    },
    async ({ scope, query }) => {
      const { from, to, step } = rangeOf(state, query, scope.now());
      return { step, ...present(state), points: processPoints(platform.process.range(from, to), step) };
    },
  );
  app.get(
    '/api/serving/predictions/:id/trace',
    {
      schema: {
        summary: 'Finds the trace in which a prediction was made, when it was traced',
        tags,
        params: Type.Object({ id: Type.String({ maxLength: 300 }) }),
        response: { 200: contract.PredictionTraceReply },
      },
    },
    async ({ scope, params }) => {
      const { request } = splitPredictionId(params.id);
      const found =
        (await findPredictionTrace(scope.db, params.id)) ?? (await findPredictionTrace(scope.db, request));
      return { trace: found ?? null };
    },
  );
}

/** Without a range all that there is: a day, or since the start. */
function rangeOf(
  { platform }: ServingState,
  query: { from?: string; to?: string; step?: number },
  now: number,
) {
  const to = timeOr(query.to, now);
  const { startedAt } = platform.process.stats();
  const from = Math.max(timeOr(query.from, startedAt), to - longestRange);
  const least = from < now - fineRange ? 60 : 5;
  const wanted = Math.max(least, (to - from) / 1000 / usualPoints);
  return { from, to, step: Math.max(least, query.step ?? steps.find((step) => step >= wanted) ?? 900) };
}

function pointView({ bins, waitMs, ...point }: ServingPoint) {
  const latency: Record<string, number> = {};
  bins.forEach((count, bin) => {
    if (count > 0) latency[2 ** bin] = count;
  });
  return { ...point, meanWaitMs: point.waited > 0 ? waitMs / point.waited : null, latency };
}

function present({ platform, routes }: ServingState) {
  const models = [...routes.values()]
    .flatMap((route) => revisionsOf(route))
    .map(({ revision, runner, bytes }) => ({
      deployment: revision.deployment,
      model: revision.model,
      version: revision.version,
      revision: revision.id,
      placement: runner.placement,
      workers: runner.placement === 'worker' ? revision.settings.workers : 0,
      bytes,
    }))
    .sort((a, b) => b.bytes - a.bytes);
  const { residentBytes, startedAt } = platform.process.stats();
  return {
    now: {
      cores: availableParallelism(),
      startedAt: isoTime(startedAt),
      residentBytes,
      modelBytes: models.reduce((sum, { bytes }) => sum + bytes, 0),
      modelBudgetBytes: platform.config.modelMemoryBytes,
      workers: models.reduce((sum, { workers }) => sum + workers, 0),
      cold: [...routes.values()].filter(({ champion, cold }) => champion === null && cold !== null).length,
    },
    models: models.slice(0, mostModels),
  };
}

type ProcessSteps = ReturnType<ServingState['platform']['process']['range']>;

/** In steps of `step` seconds: usual values averaged, the worst kept. */
function processPoints(found: ProcessSteps, step: number) {
  const width = step * 1000;
  const groups = Map.groupBy(found, ({ time }) => Math.floor(time / width) * width);
  return [...groups].map(([time, group]) => {
    return { time: isoTime(time), ...joinPoints(group.map(({ point }) => point)) };
  });
}
