import { shapeFits, type TensorSpec } from '../../runtime/tensors.ts';
import type { GraphNodeInput, GraphSpecInput } from '../graph.contract.ts';
import { graphInvalid } from '../graph.errors.ts';
import { type GraphShape, outputReferences } from '../graph.model.ts';
import { aliasOf } from '../graph.names.ts';
import { planError } from './graph.error-planner.ts';
import { transformFormula } from './graph.formulas.ts';
import { planEnsemble, planSplit, planSwitch } from './graph.join-planner.ts';
import {
  converts,
  describe,
  type GraphPlan,
  isNumeric,
  type ModelNode,
  type NodeSignature,
  type PlanNode,
  type PlanSource,
  widthOf,
} from './graph.plan.ts';
import { type Found, type Readable, readable } from './graph.references.ts';

/**
 * Resolves a graph against the interfaces of its models and its feature service: every reference to a place, every
 * expression to a function, every output to a type and a shape.
 * @throws serving.graph.invalid naming the node and the next step
 */
export function planGraph(
  spec: GraphSpecInput,
  shape: GraphShape,
  signatures: ReadonlyMap<string, NodeSignature>,
  source: PlanSource | null,
): GraphPlan {
  const from = readable(spec, signatures, source);
  const nodes: PlanNode[] = [];
  for (const name of shape.order) {
    const node = planNode(name, spec.nodes[name], signatures.get(name), from, source);
    nodes.push(node);
    from.add(name, node.outputs);
  }
  const outputs = planOutputs(spec, shape, from);
  if (from.inputs.length === 0) {
    throw graphInvalid({
      node: null,
      message: 'The graph reads nothing of a request.',
      next: 'Let a node run a model, or declare a field under `graph.inputs` and read it.',
    });
  }
  return {
    inputs: from.inputs,
    features: from.features,
    nodes,
    outputs,
    always: alwaysNeeded(nodes, outputs),
  };
}

function planNode(
  name: string,
  node: GraphNodeInput,
  signature: NodeSignature | undefined,
  from: Readable,
  source: PlanSource | null,
): PlanNode {
  if (node.ensemble) return planEnsemble(name, node, node.ensemble, from);
  if (node.switch) return planSwitch(name, node, node.switch, from);
  if (node.split) return planSplit(name, node, node.split, from);
  if (node.transform) return planTransform(name, node, node.transform, from);
  if (signature) return planModel(name, node, signature, from, source);
  throw new Error(`the model of ${name} is not known`);
}

function planModel(
  name: string,
  node: GraphNodeInput,
  signature: NodeSignature,
  from: Readable,
  source: PlanSource | null,
): ModelNode {
  checkRows(name, signature);
  const given = node.inputs ?? {};
  for (const input of Object.keys(given)) {
    if (signature.inputs.some((one) => one.name === input)) continue;
    throw graphInvalid({
      node: name,
      message: `The model of node "${name}" has no input "${input}".`,
      next: `It takes ${signature.inputs.map((one) => `${one.name} ${describe(one)}`).join(', ')}.`,
    });
  }
  const needs = new Set<number>();
  const inputs = signature.inputs.map((spec) => {
    const references = Object.hasOwn(given, spec.name)
      ? [given[spec.name]].flat()
      : [usualSource(spec, source)];
    const found = references.map((reference) => from.find(name, reference));
    checkInput(name, spec, found, references);
    checkFeatureNames(name, signature, found, from, source);
    for (const { part } of found) if (part.node >= 0) needs.add(part.node);
    return { spec, parts: found.map(({ part }) => part) };
  });
  const { outputs } = signature;
  return { kind: 'model', name, inputs, outputs, needs: [...needs], onError: planError(name, node, outputs) };
}

/** Where an input comes from that nobody names: the vector of features where it fits, else the field of its name. */
function usualSource(spec: TensorSpec, source: PlanSource | null): string {
  const isVector = source && spec.datatype === 'FP32' && shapeFits([1, source.features.length], spec.shape);
  return isVector ? 'features' : `request.${spec.name}`;
}

/** Rows of a request may go different ways, so a model in a graph must take any number of them. */
function checkRows(name: string, { inputs, outputs }: NodeSignature): void {
  const fixed = [...inputs, ...outputs].find(({ shape }) => shape[0] !== -1);
  if (!fixed) return;
  throw graphInvalid({
    node: name,
    message: `The model of node "${name}" has ${fixed.name} ${describe(fixed)}, whose first dimension is not free.`,
    next: 'Export the model with a free first dimension, one row each.',
  });
}

function checkInput(
  name: string,
  spec: TensorSpec,
  found: readonly Found[],
  references: readonly string[],
): void {
  const refuse = (message: string, next: string) => graphInvalid({ node: name, message, next });
  const wanted = widthOf(spec);
  if (wanted < 0 || found.some(({ width }) => width < 0)) {
    // Of free size: taken as it is, or not at all.
    const [only] = found;
    const passes = found.length === 1 && only.part.count < 0 && only.spec.datatype === spec.datatype;
    const fits = passes && only.spec.shape.length === spec.shape.length;
    if (fits || (wanted < 0 && found.every(({ width }) => width >= 0) && spec.shape.length === 2)) return;
    throw refuse(
      `Node "${name}" takes ${spec.name} as ${describe(spec)}, and "${references[0]}" is ${describe(only.spec)}.`,
      'Give it a tensor of the same type and dimensions.',
    );
  }
  const width = found.reduce((sum, one) => sum + one.width, 0);
  if (width !== wanted) {
    throw refuse(
      `Node "${name}" takes ${wanted} values a row as ${spec.name} ${describe(spec)}, and gets ${width} from ${references.join(', ').slice(0, 200)}.`,
      `List ${wanted} values under \`inputs.${spec.name}\`.`,
    );
  }
  const wrong = found.findIndex((one) => !converts(one.spec.datatype, spec.datatype));
  if (wrong < 0) return;
  throw refuse(
    `Node "${name}" takes ${spec.name} as ${spec.datatype}, and "${references[wrong]}" is ${found[wrong].spec.datatype}.`,
    'Turn it into the right type with a transform.',
  );
}

/** A model that knows its features by name must not get them in another order: that is training–serving skew. */
function checkFeatureNames(
  name: string,
  { features, inputs }: NodeSignature,
  found: readonly Found[],
  from: Readable,
  source: PlanSource | null,
): void {
  if (features === null || inputs.length !== 1) return;
  const [only] = found;
  const isWhole = source !== null && found.length === 1 && only.part.node === -1 && only.part.count < 0;
  const given = isWhole ? from.features : found.map(({ feature }) => feature);
  if (given.length !== features.length || given.some((feature) => feature === null)) return;
  if (given.every((feature, i) => feature === features[i])) return;
  throw graphInvalid({
    node: name,
    message: `The model of node "${name}" was made for other features, or another order of them, than it would get.`,
    next: `Give it ${features.slice(0, 12).join(', ')}${features.length > 12 ? ', …' : ''}, in this order.`,
  });
}

function planTransform(
  name: string,
  node: GraphNodeInput,
  transform: NonNullable<GraphNodeInput['transform']>,
  from: Readable,
): PlanNode {
  const outputs: TensorSpec[] = [];
  const needs = new Set<number>();
  const values = Object.entries(transform).map(([output, value]) => {
    if (typeof value === 'object' && 'argmax' in value) {
      const { part, width, spec } = from.find(name, aliasOf(value.argmax, node) ?? value.argmax);
      const labels = value.labels ?? null;
      if (width < 2 || !isNumeric(spec.datatype) || (labels && labels.length !== width)) {
        throw graphInvalid({
          node: name,
          message: `Node "${name}" takes the largest of "${value.argmax}", which is ${describe(spec)}${labels ? `, and has ${labels.length} labels for it` : ''}.`,
          next: 'Name a tensor with several numbers a row, and one label for each.',
        });
      }
      outputs.push({ name: output, datatype: labels ? 'BYTES' : 'INT64', shape: [-1] });
      if (part.node >= 0) needs.add(part.node);
      return { argmax: part, labels };
    }
    const { evaluate, columns, needs: read, type } = transformFormula(name, node, value, from);
    for (const one of read) needs.add(one);
    outputs.push({
      name: output,
      datatype: type === 'string' ? 'BYTES' : type === 'boolean' ? 'BOOL' : 'FP64',
      shape: [-1],
    });
    return { evaluate, columns, needs: read };
  });
  return {
    kind: 'transform',
    name,
    values,
    outputs,
    needs: [...needs],
    onError: planError(name, node, outputs),
  };
}

function planOutputs(spec: GraphSpecInput, shape: GraphShape, from: Readable): GraphPlan['outputs'] {
  if (!spec.outputs) {
    const reference = outputReferences(spec)[0] ?? shape.output;
    return from.findAll('', reference).map((found) => ({
      spec: {
        name: found.spec.name,
        datatype: found.spec.datatype,
        shape: found.part.count < 0 ? found.spec.shape : [-1],
      },
      part: found.part,
    }));
  }
  return Object.entries(spec.outputs).map(([name, given]) => {
    const { of, datatype, column } = typeof given === 'string' ? { of: given } : given;
    const found = from.find('', of);
    const kind = datatype ?? found.spec.datatype;
    const isColumn = column !== undefined;
    if (!converts(found.spec.datatype, kind) || (isColumn && found.width !== 1)) {
      throw graphInvalid({
        node: null,
        message: `The output "${name}" cannot be ${kind}${isColumn ? ' with one value a row' : ''}: "${of}" is ${describe(found.spec)}.`,
        next: 'Leave `datatype` and `column` out, or change the value with a transform.',
      });
    }
    const dims = isColumn ? (column ? [-1, 1] : [-1]) : found.part.count < 0 ? found.spec.shape : [-1];
    return { spec: { name, datatype: kind, shape: dims }, part: found.part };
  });
}

/** What every row needs whatever the conditions say; such a node runs once for all rows of a request. */
function alwaysNeeded(nodes: readonly PlanNode[], outputs: GraphPlan['outputs']): Set<number> {
  const always = new Set<number>();
  const open = outputs.map(({ part }) => part.node);
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (at < 0 || always.has(at)) continue;
    always.add(at);
    open.push(...nodes[at].needs);
  }
  return always;
}
