import type { GraphNodeInput, GraphSpecInput } from './graph.contract.ts';
import { type GraphShape, kindOf, outputReferences } from './graph.model.ts';
import { aliasOf, expressionOf, namesIn, nodeOf } from './graph.names.ts';
import type { GraphModel } from './graph-revision.ts';

/** A graph as it is drawn: from the request over its nodes to the reply. */
export function drawGraph(
  spec: GraphSpecInput,
  { order, readings, output }: GraphShape,
  models: Readonly<Record<string, GraphModel>>,
) {
  const nodes = order.map((name) => {
    const node = spec.nodes[name];
    const found = models[name];
    return {
      name,
      kind: kindOf(node) ?? 'model',
      model: found?.model ?? node.model ?? null,
      version: found?.version ?? null,
      digest: found?.digest ?? null,
      summary: summaryOf(node, found),
      onError: typeof node.onError === 'object' ? 'default' : (node.onError ?? 'fail'),
    };
  });
  const edges = readings.map(({ from, to, kind, label }) => ({ from, to, kind, label }));
  for (const name of order) {
    if (!readsRequest(spec.nodes[name], spec)) continue;
    edges.unshift({ from: 'request', to: name, kind: 'data', label: '' });
  }
  const references = outputReferences(spec);
  const last = new Set(
    (references.length > 0 ? references : [output]).map((one) => nodeOf(one, spec) ?? one),
  );
  for (const from of last) edges.push({ from, to: 'reply', kind: 'data', label: '' });
  return { nodes, edges };
}

function readsRequest(node: GraphNodeInput, spec: GraphSpecInput): boolean {
  const isOutside = (reference: string) => nodeOf(reference, spec) === undefined;
  const readsOutside = (text: string) =>
    [...namesIn(text)].some((name) => isOutside(aliasOf(name, node) ?? name));
  if (node.model !== undefined) {
    const given = Object.values(node.inputs ?? {}).flat();
    return given.length === 0 || given.some(isOutside);
  }
  const texts = [...(node.switch ?? []).map(({ when }) => when), ...(node.by ? [node.by] : [])];
  for (const value of Object.values(node.transform ?? {})) {
    if (typeof value === 'object' && 'argmax' in value) {
      if (isOutside(aliasOf(value.argmax, node) ?? value.argmax)) return true;
    } else texts.push(expressionOf(value));
  }
  return texts.some(readsOutside);
}

function summaryOf(node: GraphNodeInput, found: GraphModel | undefined): string {
  if (node.model !== undefined) return found ? `${found.model}:${found.version}` : node.model;
  if (node.ensemble) {
    const weights = node.weights ? `, weights ${node.weights.join(' : ')}` : '';
    return `${node.ensemble} of ${(node.of ?? []).join(', ')}${weights}`;
  }
  if (node.switch)
    return [...node.switch.map(({ when, use }) => `${when} → ${use}`), `else ${node.default}`].join('; ');
  if (node.split) return `by ${node.by}`;
  return Object.entries(node.transform ?? {})
    .map(([name, value]) => `${name} = ${operationText(value)}`)
    .join('; ');
}

function operationText(value: NonNullable<GraphNodeInput['transform']>[string]): string {
  if (typeof value === 'string') return value;
  const [operation, of] = Object.entries(value)[0];
  return `${operation}(${String(of)})`;
}
