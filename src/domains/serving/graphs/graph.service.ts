import Value from 'typebox/value';
import { HoustonError } from '../../../platform/errors.ts';
import { authorise, type Scope } from '../../../platform/scope.ts';
import type { ModelVersion } from '../../registry/index.ts';
import { getDeployment } from '../deployments.service.ts';
import { withRevision } from '../explanations/revision-at-hand.ts';
import { getPrediction, type PredictionView } from '../predictions.service.ts';
import type { Route } from '../routing/route.ts';
import type { LiveRevision } from '../runtime/live-revision.ts';
import { openSource, resolveVersion } from '../runtime/revisions.ts';
import type { NamedTensor, TensorSpec } from '../runtime/tensors.ts';
import type { ServingState } from '../serving.state.ts';
import * as store from '../serving.store.ts';
import { GraphSpec, type GraphSpecInput } from './graph.contract.ts';
import { type GraphProblem, graphError } from './graph.errors.ts';
import { checkShape } from './graph.model.ts';
import { drawGraph } from './graph.views.ts';
import { type GraphModel, planSource, serviceOf, shapeOf } from './graph-revision.ts';
import type { NodeSignature } from './plan/graph.plan.ts';
import { planGraph } from './plan/graph.planner.ts';
import { fieldsOf, recordedFeeds } from './recorded-row.ts';
import { graphTraffic, type NodeMeter } from './run/graph-meter.ts';
import type { GraphRunner } from './run/graph-runner.ts';
import type { NodeState } from './run/graph-state.ts';

const plain = (specs: readonly TensorSpec[]) =>
  specs.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] }));

/**
 * Looks through a graph before it is declared: its shape, its models as the registry knows them, and whether they fit
 * together. Nothing is loaded or written. What cannot be known without loading is left to the deploy.
 */
export async function checkGraph(
  state: ServingState,
  scope: Scope,
  given: unknown,
  features: string | undefined,
) {
  authorise(scope, 'read');
  const none = { drawing: null, inputs: null, outputs: null };
  const [fault] = Value.Errors(GraphSpec, given);
  if (fault) {
    const [, , node] = fault.instancePath.split('/');
    const at = fault.instancePath.slice(1).replaceAll('/', '.') || 'graph';
    const errors = [
      {
        node: node ?? null,
        message: `${at} ${fault.message}.`,
        next: 'Correct it; docs/guides/serving.md describes each kind of node.',
      },
    ];
    return { errors, ...none };
  }
  const spec = given as GraphSpecInput;
  const { problems, shape } = checkShape(spec);
  if (!shape) return { errors: problems, ...none };
  const { versions, missing } = await findModels(state, scope, spec);
  const models: Record<string, GraphModel> = Object.fromEntries(versions);
  const drawing = drawGraph(spec, shape, models);
  if (missing.length > 0) return { errors: missing, ...none, drawing };
  const signatures = signaturesOf(spec, versions);
  if (!signatures) return { errors: [], ...none, drawing };
  try {
    const service = serviceOf(features, versions);
    const source = service === undefined ? null : await openSource(state, scope, service);
    const plan = planGraph(spec, shape, signatures, source && planSource(source));
    const outputs = plain(plan.outputs.map((output) => output.spec));
    return { errors: [], drawing, inputs: plain(plan.inputs), outputs };
  } catch (error) {
    return { errors: [problemOf(error)], ...none, drawing };
  }
}

function problemOf(error: unknown): GraphProblem {
  if (!(error instanceof HoustonError)) throw error;
  const node = typeof error.details?.node === 'string' ? error.details.node : null;
  return { node, message: error.message, next: error.next };
}

async function findModels(state: ServingState, scope: Scope, spec: GraphSpecInput) {
  const versions = new Map<string, ModelVersion>();
  const missing: GraphProblem[] = [];
  for (const [node, { model }] of Object.entries(spec.nodes)) {
    if (model === undefined) continue;
    try {
      versions.set(node, await resolveVersion(state, scope, model));
    } catch (error) {
      const { message } = problemOf(error);
      missing.push({
        node,
        message: `Node "${node}" names ${model}: ${message}`,
        next: 'Register the model first, or name another version.',
      });
    }
  }
  return { versions, missing };
}

/** The models' interfaces as they were registered; undefined where one is not told. */
function signaturesOf(spec: GraphSpecInput, versions: ReadonlyMap<string, ModelVersion>) {
  const signatures = new Map<string, NodeSignature>();
  for (const name of Object.keys(spec.nodes)) {
    const version = versions.get(name);
    if (!version) continue;
    const { inputs, outputs, features } = version.signature;
    if (inputs.length === 0 || [...inputs, ...outputs].some(({ shape }) => shape === null)) return undefined;
    signatures.set(name, { inputs: inputs as TensorSpec[], outputs: outputs as TensorSpec[], features });
  }
  return signatures;
}

/** The graphs that serve for a deployment now, and what ran in their nodes. @throws serving.deployment.not_found */
export async function liveGraphs(state: ServingState, scope: Scope, name: string) {
  authorise(scope, 'read');
  await getDeployment(scope, name);
  const route = state.routes.get(name);
  return (route ? armsOf(route) : []).flatMap(([arm, live]) => {
    const { graph, id, version } = live.revision;
    if (!graph || live.runner.placement === 'none') return [];
    const { plan, meter, placements, inputs, outputs } = live.runner as GraphRunner;
    return [
      {
        arm,
        revision: id,
        version,
        drawing: drawGraph(graph.spec, shapeOf(graph.spec), graph.models),
        spec: graph.spec,
        inputs: plain(live.source ? live.inputs : inputs),
        outputs: plain(outputs),
        traffic: graphTraffic(plan, meter, placements),
      },
    ];
  });
}

function armsOf({ champion, rollout, fallback, previous }: Route): [string, LiveRevision][] {
  const arms: [string, LiveRevision | null | undefined][] = [
    ['champion', champion],
    ['challenger', rollout?.challenger],
    ['fallback', fallback],
    ['previous', previous],
  ];
  return arms.filter((one): one is [string, LiveRevision] => !!one[1]);
}

/** What ran in one node of a graph that serves now; `branches` are called as its meter counts them. */
export type NodeSeries = {
  deployment: string;
  version: number;
  revision: string;
  node: string;
  branches: readonly string[];
  meter: NodeMeter;
};

/** The nodes of all graphs that serve now. */
export function nodeSeries(routes: readonly Route[]): NodeSeries[] {
  return routes.flatMap((route) =>
    armsOf(route).flatMap(([, live]) => {
      const { deployment, version, id: revision, graph } = live.revision;
      if (!graph) return [];
      const { plan, meter } = live.runner as GraphRunner;
      return plan.nodes.map((node, i) => ({
        deployment,
        version,
        revision,
        node: node.name,
        branches: 'branches' in node ? node.branches.map(({ label }) => label) : [],
        meter: meter[i],
      }));
    }),
  );
}

/**
 * What the nodes of a graph give for a recorded prediction: its recorded row goes through the same revision again.
 * @throws serving.prediction.not_found, serving.graph.none when no graph answered it or its row is not recorded
 */
export async function predictionGraph(state: ServingState, scope: Scope, id: string) {
  authorise(scope, 'read');
  const prediction = await getPrediction(state, scope, id);
  const revision = await store.getRevision(scope.db, prediction.revision);
  if (!revision?.graph) throw graphError('serving.graph.none', 'No graph has answered this prediction.');
  const { graph } = revision;
  const { deployment, path } = prediction;
  const nodes = await withRevision(state, scope, { deployment, revision: revision.id }, async (live) => {
    if (live.runner.placement === 'none')
      throw graphError('serving.graph.none', 'The graph is in quarantine, so nothing is run through it.');
    const runner = live.runner as GraphRunner;
    const states = await runner.inspect(feedsOf(live, prediction)).catch(() => {
      throw graphError('serving.graph.none', 'The graph does not answer the recorded row any more.');
    });
    return runner.plan.nodes.map((node, i) => ({
      name: node.name,
      ran: states[i].isWhole || states[i].claimed?.[0] === 1,
      failed: states[i].failed?.[0] === 1,
      branch: branchOf(node, states[i]),
      outputs: Object.fromEntries(states[i].outputs.map((output) => [output.name, cellsOf(output)])),
    }));
  });
  return {
    revision: revision.id,
    drawing: drawGraph(graph.spec, shapeOf(graph.spec), graph.models),
    path,
    nodes,
  };
}

function feedsOf(live: LiveRevision, { features, inputs, eventTime }: PredictionView): NamedTensor[] {
  const vector = live.revision.features.map((name) => features[name] ?? Number.NaN);
  return recordedFeeds(live, { fields: fieldsOf(inputs), eventTime: eventTime ?? 0, vector });
}

function branchOf(node: GraphRunner['plan']['nodes'][number], { choice }: NodeState): string | null {
  const at = choice?.[0] ?? -1;
  return at >= 0 && 'branches' in node ? node.branches[at].label : null;
}

const mostCells = 64;

function cellsOf({ data, datatype }: NamedTensor): (number | boolean | string | null)[] {
  return Array.from(data as ArrayLike<number | bigint | string>)
    .slice(0, mostCells)
    .map((value) => {
      if (typeof value === 'string') return value;
      if (datatype === 'BOOL') return Number(value) !== 0;
      return Number.isFinite(Number(value)) ? Number(value) : null;
    });
}
