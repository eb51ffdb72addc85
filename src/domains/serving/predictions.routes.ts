import Type from 'typebox';
import { isoTime } from '../../platform/clock.ts';
import type { HoustonApp } from '../../platform/http/app.ts';
import { wireWhy } from '../../platform/ledger/index.ts';
import { Name } from '../../platform/names.ts';
import { ComparisonBody, ComparisonReply } from './comparison/comparison.contract.ts';
import { SideBySideBody, SideBySideReply } from './comparison/side-by-side.contract.ts';
import { compareSideBySide } from './comparison/side-by-side.service.ts';
import { compareVersions } from './comparisons.service.ts';
import { getDeployment } from './deployments.service.ts';
import { PredictionReply, PredictionsReply, PredictionWhyReply } from './predictions.contract.ts';
import { PredictionFilter } from './predictions.filter.ts';
import * as predictions from './predictions.service.ts';
import type { ServingState } from './serving.state.ts';
import { predictionReply } from './serving.views.ts';
import { timeOr } from './time-input.ts';

const tags = ['serving'];
const ByName = Type.Object({ name: Name });
const ById = Type.Object({ id: Type.String({ maxLength: 300 }) });

/** The prediction log: its rows, why each came to be, and other versions on what it recorded. */
export function predictionRoutes(app: HoustonApp, state: ServingState): void {
  app.get(
    '/api/serving/deployments/:name/predictions',
    {
      schema: {
        summary:
          'Lists recorded predictions, newest first, by time, arm, version, score, failure, outcome or entity',
        tags,
        params: ByName,
        querystring: PredictionFilter,
        response: { 200: PredictionsReply },
      },
    },
    async ({ scope, params, query }) => {
      await getDeployment(scope, params.name);
      const limit = query.limit ?? 50;
      const { before, from, to } = query;
      const times = {
        ...(before !== undefined && { before: timeOr(before, 0) }),
        ...(from !== undefined && { from: timeOr(from, 0) }),
        ...(to !== undefined && { to: timeOr(to, 0) }),
      };
      const items = await predictions.listPredictions(state, scope, params.name, query, times);
      const last = items.at(-1);
      return {
        items: items.map(predictionReply),
        ...(items.length === limit && last && { next: isoTime(last.time) }),
      };
    },
  );
  app.get(
    '/api/serving/predictions/:id',
    {
      schema: {
        summary: 'Reads one prediction with its features, outcome and the other arm',
        tags,
        params: ById,
        response: { 200: PredictionReply },
      },
    },
    async ({ scope, params }) => predictionReply(await predictions.getPrediction(state, scope, params.id)),
  );
  app.get(
    '/api/serving/predictions/:id/why',
    {
      schema: {
        summary: 'Explains a prediction back to the data behind its model',
        tags,
        params: ById,
        response: { 200: PredictionWhyReply },
      },
    },
    async ({ scope, params }) => {
      const { prediction, graph } = await predictions.whyPrediction(state, scope, params.id);
      return { prediction: predictionReply(prediction), graph: wireWhy(graph) };
    },
  );
  app.post(
    '/api/serving/deployments/:name/comparisons',
    {
      schema: {
        summary: 'Replays recorded requests through another version and compares by a paired test',
        tags,
        params: ByName,
        body: ComparisonBody,
        response: { 200: ComparisonReply },
      },
    },
    ({ scope, params, body }) => {
      const range = {
        ...(body.from !== undefined && { from: timeOr(body.from, 0) }),
        ...(body.to !== undefined && { to: timeOr(body.to, 0) }),
      };
      return compareVersions(state, scope, params.name, { version: body.version, range });
    },
  );
  app.post(
    '/api/serving/deployments/:name/side-by-side',
    {
      schema: {
        summary: 'Runs recorded requests through two versions and sets their scores side by side',
        tags,
        params: ByName,
        body: SideBySideBody,
        response: { 200: SideBySideReply },
      },
    },
    ({ scope, params, body }) => {
      const { from, to, ...request } = body;
      const range = {
        ...(from !== undefined && { from: timeOr(from, 0) }),
        ...(to !== undefined && { to: timeOr(to, 0) }),
      };
      return compareSideBySide(state, scope, params.name, { ...request, range });
    },
  );
}
