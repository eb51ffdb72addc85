import { digestJson, shortDigest } from '../../../platform/digest.ts';
import type { Json } from '../../../platform/json.ts';
import type { Scope } from '../../../platform/scope.ts';
import type { ModelVersion } from '../../registry/index.ts';
import { type ModelInterface, quarantinedRevision, readInterface } from '../faults/quarantined-revision.ts';
import { createMeter, type RevisionMeter } from '../meter/meter.ts';
import type { FeatureSource } from '../routing/feature-port.ts';
import {
  type LiveRevision,
  type OpenedModel,
  openModel,
  type Revision,
  requestSpecs,
  warmUp,
} from '../runtime/live-revision.ts';
import {
  checkServable,
  checkTrainedFeatures,
  localOptions,
  openSource,
  type RevisionNeeds,
  remoteOpener,
  resolveVersion,
  scoreOptions,
} from '../runtime/revisions.ts';
import { defaultSettings, type RuntimeSettings } from '../runtime/runner.ts';
import { createScorer } from '../runtime/score.ts';
import type { DeploymentSpecInput } from '../serving.contract.ts';
import { servingError } from '../serving.errors.ts';
import type { GraphSpecInput } from './graph.contract.ts';
import { graphInvalid } from './graph.errors.ts';
import { checkShape, type GraphShape } from './graph.model.ts';
import type { GraphPlan, NodeSignature, PlanSource } from './plan/graph.plan.ts';
import { planGraph } from './plan/graph.planner.ts';
import { createGraphMeter, type GraphMeter } from './run/graph-meter.ts';
import { createGraphRunner, type GraphRunner } from './run/graph-runner.ts';
import type { Member } from './run/graph-state.ts';

/** What the nodes of a graph run: fixed when it was deployed. */
export type GraphModel = { model: string; version: number; digest: string };

/** The graph of a revision as the database keeps it; its models are named by version. */
export type RevisionGraph = { spec: GraphSpecInput; models: Record<string, GraphModel> };

/** Graphs share the numbers of a deployment's versions, and this name, which no registered model can have. */
const graphModelName = (deployment: string) => `graph:${deployment}`;

/** The shape of a graph. @throws serving.graph.invalid with the first thing that is wrong */
export function shapeOf(spec: GraphSpecInput): GraphShape {
  const { problems, shape } = checkShape(spec);
  if (shape) return shape;
  throw graphInvalid(problems[0]);
}

/** The versions that the models of a graph are now, by node. @throws registry.version.not_found naming the node */
export async function resolveModels(
  needs: RevisionNeeds,
  scope: Scope,
  spec: GraphSpecInput,
): Promise<Map<string, ModelVersion>> {
  const versions = new Map<string, ModelVersion>();
  for (const [node, { model }] of Object.entries(spec.nodes)) {
    if (model === undefined) continue;
    const version = await resolveVersion(needs, scope, model).catch((error: unknown) => {
      throw graphInvalid({
        node,
        message: `Node "${node}" names ${model}: ${error instanceof Error ? error.message : 'it is not there.'}`,
        next: `Register the model first, or name another version in "${node}".`,
      });
    });
    versions.set(node, version);
  }
  return versions;
}

/** A graph with its references to models resolved to versions. */
export function pinned(spec: GraphSpecInput, versions: ReadonlyMap<string, ModelVersion>): RevisionGraph {
  const nodes: GraphSpecInput['nodes'] = {};
  const models: RevisionGraph['models'] = {};
  for (const [name, node] of Object.entries(spec.nodes)) {
    const found = versions.get(name);
    nodes[name] = found ? { ...node, model: `${found.model}:${found.version}` } : node;
    if (found) models[name] = { model: found.model, version: found.version, digest: found.digest };
  }
  return { spec: { ...spec, nodes }, models };
}

/** The feature service before a graph: the declared one, else the one that all of its models were made with. */
export function serviceOf(
  declared: string | undefined,
  versions: ReadonlyMap<string, ModelVersion>,
): string | undefined {
  if (declared !== undefined) return declared;
  const trained = new Set([...versions.values()].map(({ lineage }) => lineage.featureService?.split('@')[0]));
  return trained.size === 1 ? [...trained][0] : undefined;
}

/**
 * Loads a graph as a revision of a deployment, aside of all traffic: resolves its models, loads and warms up each, and
 * checks that they fit together. The revision's id is a digest over the graph with the digests of its models, so an
 * alias that has moved since makes another revision. `numberOf` gives its version.
 * @throws serving.graph.invalid, serving.model.refused
 */
export async function openGraph(
  needs: RevisionNeeds,
  scope: Scope,
  deployment: string,
  spec: DeploymentSpecInput & { graph: GraphSpecInput },
  versions: ReadonlyMap<string, ModelVersion>,
  numberOf: (id: string) => Promise<number>,
): Promise<LiveRevision> {
  if (spec.runtime?.upstream) {
    throw graphInvalid({
      node: null,
      message: 'A graph as a whole cannot run on an upstream.',
      next: 'Give the nodes that run elsewhere a `runtime` with the upstream.',
    });
  }
  for (const [node, version] of versions)
    if (!spec.graph.nodes[node].runtime?.upstream) checkServable(version);
  const service = serviceOf(spec.features, versions);
  const source = service === undefined ? null : await openSource(needs, scope, service);
  const settings: RuntimeSettings = { ...defaultSettings, ...spec.runtime };
  const graph = pinned(spec.graph, versions);
  const digest = digestJson(graph as unknown as Json);
  const identity = {
    deployment,
    graph: digest,
    features: source?.digest ?? null,
    settings,
    score: [spec.scoreOutput ?? null, spec.scoreRange ?? null],
  } as unknown as Json;
  const id = `rev_${shortDigest(digestJson(identity))}`;
  const revision: Revision = {
    id,
    deployment,
    model: graphModelName(deployment),
    version: await numberOf(id),
    digest,
    featureService: source?.ref ?? null,
    featureDigest: source?.digest ?? null,
    settings,
    graph,
    features: [],
    createdAt: scope.now(),
  };
  needs.faults.refuseQuarantined(id);
  const live = await load(needs, scope, { revision, graph, spec, source, versions });
  const { plan } = live.runner as GraphRunner;
  revision.features = [...plan.features];
  try {
    checkTrained(plan, versions, source);
  } catch (error) {
    await live.release();
    throw error;
  }
  return live;
}

/** A model that takes the vector as it is must have been trained on it. @throws serving.model.refused */
function checkTrained(
  { nodes }: GraphPlan,
  versions: ReadonlyMap<string, ModelVersion>,
  source: FeatureSource | null,
): void {
  for (const node of nodes) {
    const version = versions.get(node.name);
    if (node.kind !== 'model' || !version || !source) continue;
    const parts = node.inputs.flatMap((input) => input.parts);
    if (parts.some((part) => part.node === -1 && part.output === 0 && part.count === -1))
      checkTrainedFeatures(version, source);
  }
}

/** Loads a graph that the database already knows (after a restart). */
export async function reopenGraph(
  needs: RevisionNeeds,
  scope: Scope,
  spec: DeploymentSpecInput,
  revision: Revision,
  graph: RevisionGraph,
): Promise<LiveRevision> {
  const service = revision.featureService?.split('@')[0];
  const digest = revision.featureDigest ?? undefined;
  const source = service === undefined ? null : await openSource(needs, scope, service, digest);
  const versions = new Map<string, ModelVersion>();
  for (const [node, { model, version }] of Object.entries(graph.models))
    versions.set(node, await needs.registry.getVersion(scope, model, version));
  const meter = needs.meters?.get(revision.id);
  const loading = { revision, graph, spec, source, versions, meter };
  const quarantine = needs.faults.quarantineOf(revision.id);
  return quarantine ? held(scope, loading, quarantine.reason) : load(needs, scope, loading);
}

/** A graph in quarantine: what it takes and gives is planned from its models' files, and none of them is opened. */
async function held(
  scope: Scope,
  { revision, graph, spec, source, versions, meter }: Loading,
  reason: string,
): Promise<LiveRevision> {
  const signatures = new Map<string, NodeSignature>();
  for (const [node, { signature, digest }] of versions) {
    const { features } = signature;
    const isElsewhere = graph.spec.nodes[node].runtime?.upstream !== undefined;
    const known = isElsewhere
      ? (signature as ModelInterface)
      : await readInterface(scope.platform.blobs.path(digest));
    signatures.set(node, { ...known, features });
  }
  const { inputs, outputs } = planGraph(
    graph.spec,
    shapeOf(graph.spec),
    signatures,
    source && planSource(source),
  );
  const plain = { inputs, outputs: outputs.map((output) => output.spec) };
  return quarantinedRevision(revision, plain, reason, { source, meter, ...scoreOptions(spec) });
}

type Loading = {
  revision: Revision;
  graph: RevisionGraph;
  spec: DeploymentSpecInput;
  source: FeatureSource | null;
  versions: ReadonlyMap<string, ModelVersion>;
  meter?: RevisionMeter | undefined;
};

/** Meters of graphs that have served before in this process count on. */
const nodeMeters = new WeakMap<RevisionMeter, GraphMeter>();

async function load(needs: RevisionNeeds, scope: Scope, loading: Loading): Promise<LiveRevision> {
  const { revision, graph, spec, source, versions } = loading;
  const shape = shapeOf(graph.spec);
  const opened = await openModels(needs, scope, loading);
  const closeAll = async () => {
    await Promise.allSettled(
      [...new Set([...opened.values()].map(({ runner }) => runner))].map((one) => one.close()),
    );
  };
  try {
    const plan = planGraph(graph.spec, shape, signaturesOf(opened, versions), source && planSource(source));
    const { deployment, model, version, id, settings } = revision;
    const meter = loading.meter ?? createMeter({ deployment, model, version, revision: id });
    const nodes = nodeMeters.get(meter) ?? createGraphMeter(plan);
    nodeMeters.set(meter, nodes);
    const members = plan.nodes.map(({ name, onError }): Member | null => {
      const found = opened.get(name);
      const timeoutMs = graph.spec.nodes[name].runtime?.timeoutMs;
      const isLimited =
        found && found.runner.placement !== 'inline' && (timeoutMs !== undefined || onError.kind !== 'fail');
      return found
        ? { runner: found.runner, limitMs: isLimited ? (timeoutMs ?? settings.timeoutMs) : null }
        : null;
    });
    const scorer = createScorer(
      plan.outputs.map((output) => output.spec),
      scoreOptions(spec),
    );
    const runMs = await tryRun(plan, members, createGraphMeter(plan));
    const runner = createGraphRunner(plan, members, nodes, closeAll);
    return {
      revision,
      runner,
      source,
      scorer,
      runMs,
      bytes: [...new Set(opened.values())].reduce((sum, { bytes }) => sum + bytes, 0),
      meter,
      inputs: source ? requestSpecs(source) : runner.inputs,
      unrepeatable: [...opened.values()].find((one) => one.unrepeatable !== null)?.unrepeatable ?? null,
      warmedOn: { requests: 0, rows: 0 },
      release: () => runner.close(),
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}

/** A row of zeros goes through the whole graph, uncounted; models elsewhere are not asked for it. */
async function tryRun(
  plan: GraphPlan,
  members: readonly (Member | null)[],
  meter: GraphMeter,
): Promise<number> {
  if (members.some((member) => member?.runner.placement === 'upstream')) return 0;
  try {
    return await warmUp(createGraphRunner(plan, members, meter, async () => {}));
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'it fails.';
    throw servingError('serving.model.refused', `The graph does not answer a row of zeros: ${reason}`);
  }
}

/** Opens every model once, however many nodes run it. */
async function openModels(
  needs: RevisionNeeds,
  scope: Scope,
  loading: Loading,
): Promise<Map<string, OpenedModel>> {
  const { revision, graph, versions } = loading;
  const { deployment } = revision;
  const shared = new Map<string, OpenedModel>();
  const opened = new Map<string, OpenedModel>();
  try {
    for (const [node, { model, digest }] of Object.entries(graph.models)) {
      const { upstream: _, ...common } = revision.settings;
      const own = graph.spec.nodes[node].runtime;
      const settings: RuntimeSettings = { ...common, ...own };
      // The limit of a node is the graph's affair: a run that passes it is given up, and is no hang of the model.
      if (!settings.upstream) settings.timeoutMs = common.timeoutMs;
      const key = JSON.stringify([digest, settings.upstream ? model : '', settings]);
      const { signature, format } = versions.get(node)!;
      const open = async () =>
        openModel(settings, scope.platform.blobs.path(digest), {
          operators: format.operators,
          openRemote: remoteOpener(needs, scope, {
            deployment,
            revision: revision.id,
            model,
            settings,
            signature,
          }),
          ...(await localOptions(needs, scope, revision, { digest, format }, settings)),
        });
      const found =
        shared.get(key) ??
        (await open().catch((error: unknown) => {
          const reason = error instanceof Error ? error.message : 'it does not load.';
          throw servingError(
            'serving.model.refused',
            `Node "${node}" (${graph.spec.nodes[node].model}): ${reason}`,
          );
        }));
      shared.set(key, found);
      opened.set(node, found);
    }
    return opened;
  } catch (error) {
    await Promise.allSettled([...shared.values()].map(({ runner }) => runner.close()));
    throw error;
  }
}

function signaturesOf(
  opened: ReadonlyMap<string, OpenedModel>,
  versions: ReadonlyMap<string, ModelVersion>,
): Map<string, NodeSignature> {
  return new Map(
    [...opened].map(([node, { runner }]) => {
      const features = versions.get(node)?.signature.features ?? null;
      return [node, { inputs: runner.inputs, outputs: runner.outputs, features }];
    }),
  );
}

/** The feature service as the planner sees it. */
export function planSource({ ref, vectorizer, columns }: FeatureSource): PlanSource {
  return { ref, features: vectorizer.features, columns };
}
