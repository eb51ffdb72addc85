import Type from 'typebox';
import type { HoustonApp } from '../../../platform/http/app.ts';
import { Name } from '../../../platform/names.ts';
import type { ServingState } from '../serving.state.ts';
import * as contract from './graph.contract.ts';
import { checkGraph, liveGraphs, predictionGraph } from './graph.service.ts';

const tags = ['serving'];

/** What is asked of graphs, under /api/serving. */
export function graphRoutes(app: HoustonApp, state: ServingState): void {
  app.post(
    '/api/serving/graphs/check',
    {
      schema: {
        summary: 'Looks through a graph before it is declared: what is wrong with it, and how it is drawn',
        tags,
        body: contract.GraphCheckBody,
        response: { 200: contract.GraphCheckReply },
      },
    },
    ({ scope, body }) => checkGraph(state, scope, body.graph, body.features),
  );
  app.get(
    '/api/serving/deployments/:name/graphs',
    {
      schema: {
        summary: 'The graphs that serve for a deployment now, with what ran in each node',
        tags,
        params: Type.Object({ name: Name }),
        response: { 200: contract.DeploymentGraphsReply },
      },
    },
    async ({ scope, params }) => ({ items: await liveGraphs(state, scope, params.name) }),
  );
  app.get(
    '/api/serving/predictions/:id/graph',
    {
      schema: {
        summary: 'What each node of the graph gives for a recorded prediction',
        tags,
        params: Type.Object({ id: Type.String({ maxLength: 300 }) }),
        response: { 200: contract.PredictionGraphReply },
      },
    },
    ({ scope, params }) => predictionGraph(state, scope, params.id),
  );
}
