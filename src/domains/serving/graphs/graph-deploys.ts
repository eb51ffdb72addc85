import type { Scope } from '../../../platform/scope.ts';
import type { ModelVersion, PromotionRequirement } from '../../registry/index.ts';
import type { LiveRevision, Revision } from '../runtime/live-revision.ts';
import {
  openRevision,
  parseModelReference,
  type RevisionNeeds,
  resolveVersion,
} from '../runtime/revisions.ts';
import { shapeFits, type TensorSpec } from '../runtime/tensors.ts';
import type { DeploymentSpecInput } from '../serving.contract.ts';
import { servingError } from '../serving.errors.ts';
import type { ServingState } from '../serving.state.ts';
import type { Deployment } from '../serving.store.ts';
import * as store from '../serving.store.ts';
import type { Upstream } from '../upstreams/remote-model.ts';
import type { GraphSpecInput } from './graph.contract.ts';
import { graphInvalid } from './graph.errors.ts';
import { openGraph, resolveModels, shapeOf } from './graph-revision.ts';

/** Where a deployment of one model and a deployment of a graph differ: what is declared, deployed, judged, approved. */

/** A deployment declares one model or one graph. @throws serving.graph.invalid, serving.model.reference_invalid */
export function checkDeclared({ model, graph, runtime }: DeploymentSpecInput): void {
  if (model !== undefined && graph === undefined) return void parseModelReference(model);
  if (graph === undefined || model !== undefined) {
    throw graphInvalid({
      node: null,
      message: graph
        ? 'A deployment has a model or a graph, not both.'
        : 'A deployment needs a model or a graph.',
      next: 'Declare `model: NAME@alias`, or a `graph` with nodes.',
    });
  }
  shapeOf(graph);
  for (const [node, { model: reference }] of Object.entries(graph.nodes)) {
    try {
      if (reference !== undefined) parseModelReference(reference);
    } catch {
      throw graphInvalid({
        node,
        message: `Node "${node}" names the model "${reference}", which is no reference.`,
        next: 'Write NAME, NAME:3 or NAME@alias.',
      });
    }
  }
  if (!runtime?.upstream) return;
  throw graphInvalid({
    node: null,
    message: 'A graph as a whole cannot run on an upstream.',
    next: 'Give the nodes that run elsewhere a `runtime` with the upstream.',
  });
}

export type Wanted = { model?: string; graph?: GraphSpecInput; upstream?: Upstream };

/** Every model that a declaration names. */
export function modelsOf({ model, graph }: Pick<DeploymentSpecInput, 'model' | 'graph'>): string[] {
  if (model !== undefined) return [model];
  return Object.values(graph?.nodes ?? {}).flatMap((node) => (node.model === undefined ? [] : [node.model]));
}

/** Loads what a deploy asks for, aside of all traffic, with the versions in it that a gate may have judged. */
export async function openWanted(
  state: RevisionNeeds,
  scope: Scope,
  { name, spec }: Deployment,
  request: Wanted,
): Promise<{ challenger: LiveRevision; versions: ModelVersion[] }> {
  const graph = request.graph ?? (request.model === undefined ? spec.graph : undefined);
  if (graph === undefined) {
    const version = await resolveVersion(state, scope, request.model ?? spec.model ?? name);
    const { upstream } = request;
    const declared = upstream ? { ...spec, runtime: { ...spec.runtime, upstream } } : spec;
    const challenger = await openRevision(state, scope, name, declared, version);
    // What runs elsewhere has no bytes to judge here; the rollout's own evidence decides about it.
    return { challenger, versions: version.servable ? [version] : [] };
  }
  const runtime = request.upstream ? { ...spec.runtime, upstream: request.upstream } : spec.runtime;
  checkDeclared({ graph, ...(runtime && { runtime }) });
  const versions = await resolveModels(state, scope, graph);
  const challenger = await openGraph(state, scope, name, { ...spec, graph }, versions, (id) =>
    versionNumber(scope, name, id),
  );
  return { challenger, versions: [...versions.values()].filter(({ servable }) => servable) };
}

/** A graph has the next number after all versions that the deployment has served, and keeps it. */
async function versionNumber(scope: Scope, deployment: string, id: string): Promise<number> {
  const revisions = await store.listRevisions(scope.db, deployment);
  const known = revisions.find((revision) => revision.id === id);
  return known?.version ?? 1 + Math.max(0, ...revisions.map(({ version }) => version));
}

/**
 * While two revisions share the requests, each must understand what callers send and give what they read. A model's
 * next version is the model's own affair; between a model and a graph, or two graphs, it is checked.
 * @throws serving.model.refused
 */
export function checkInterface(champion: LiveRevision, challenger: LiveRevision): void {
  if (!champion.revision.graph && !challenger.revision.graph) return;
  const refuse = (message: string) =>
    servingError(
      'serving.model.refused',
      `${message} Callers would notice; deploy it under a new name, or with rollout: { strategy: immediate }.`,
    );
  const { inputs, outputs } = interfaceOf(champion);
  const next = interfaceOf(challenger);
  for (const input of next.inputs) {
    const sent = inputs.find(({ name }) => name === input.name);
    if (!sent)
      throw refuse(`The new revision needs the input "${input.name}", which callers do not send yet.`);
    if (!agrees(sent, input))
      throw refuse(`The new revision takes another type or shape of the input "${input.name}".`);
  }
  for (const input of inputs)
    if (!next.inputs.some(({ name }) => name === input.name))
      throw refuse(`Callers send the input "${input.name}", which the new revision does not take.`);
  for (const output of outputs) {
    const given = next.outputs.find(({ name }) => name === output.name);
    if (!given) throw refuse(`The new revision does not give the output "${output.name}".`);
    if (!agrees(given, output))
      throw refuse(
        `The new revision gives "${output.name}" as another type or shape (set it under \`graph.outputs\`).`,
      );
  }
}

const interfaceOf = ({ inputs, runner }: LiveRevision) => ({ inputs, outputs: runner.outputs });

function agrees(a: TensorSpec, b: TensorSpec): boolean {
  return a.datatype === b.datatype && (shapeFits(a.shape, b.shape) || shapeFits(b.shape, a.shape));
}

/** What the promotion policy says: of a graph, the strictest word about any of its models. */
export async function requirementOf(
  { promotionPolicy }: Pick<ServingState, 'promotionPolicy'>,
  scope: Scope,
  { environment }: Deployment,
  revision: Revision,
): Promise<PromotionRequirement> {
  const models = revision.graph ? Object.values(revision.graph.models) : [revision];
  const found: PromotionRequirement[] = [];
  for (const { model, version, digest } of models)
    found.push(await promotionPolicy.requirement(scope, { model, version, digest, environment }));
  return (
    found.find(({ state }) => state === 'rejected') ??
    found.find(({ state }) => state === 'pending') ??
    found.find(({ state }) => state === 'granted') ??
    found[0] ?? { state: 'not-required', reason: 'The graph runs no model.' }
  );
}
