import { type GraphNodeInput, type GraphSpecInput, mostNodes } from './graph.contract.ts';
import type { GraphProblem } from './graph.errors.ts';
import { aliasOf, expressionOf, nodeOf, referencesIn } from './graph.names.ts';

/** The shape of a graph, as far as it can be known without its models: kinds, references, order. No I/O. */

export const kinds = ['model', 'ensemble', 'switch', 'split', 'transform'] as const;
export type NodeKind = (typeof kinds)[number];

/** What else a node of each kind may say. */
const fields: Record<NodeKind, readonly (keyof GraphNodeInput)[]> = {
  model: ['inputs', 'onError', 'runtime'],
  ensemble: ['of', 'weights', 'onError'],
  switch: ['inputs', 'default'],
  split: ['inputs', 'by'],
  transform: ['inputs', 'onError'],
};
/** Names with a meaning of their own in references and drawings. */
const reserved = new Set(['request', 'features', 'reply']);

/** How one node reads another. */
export type Reading = { from: string; to: string; kind: 'data' | 'branch' | 'condition'; label: string };

export type GraphShape = {
  kindOf: ReadonlyMap<string, NodeKind>;
  /** Every node after those it reads. */
  order: readonly string[];
  readings: readonly Reading[];
  /** What callers get: names with references, or one reference whose outputs keep their names. */
  output: string;
};

/** Which kind a node says it is; undefined when none or several. */
export function kindOf(node: GraphNodeInput): NodeKind | undefined {
  const said = kinds.filter((kind) => node[kind] !== undefined);
  return said.length === 1 ? said[0] : undefined;
}

/** Everything wrong with the shape of a graph, and the shape when nothing is. */
export function checkShape(spec: GraphSpecInput): { problems: GraphProblem[]; shape: GraphShape | null } {
  const problems: GraphProblem[] = [];
  const tell = (node: string | null, message: string, next: string) => problems.push({ node, message, next });
  const names = Object.keys(spec.nodes);
  if (names.length > mostNodes)
    tell(
      null,
      `The graph has ${names.length} nodes; ${mostNodes} are the most.`,
      'Split it into two deployments.',
    );
  const known = new Map<string, NodeKind>();
  const readings: Reading[] = [];
  for (const name of names) {
    const node = spec.nodes[name];
    checkName(name, spec, tell);
    const kind = checkKind(name, node, tell);
    if (!kind) continue;
    known.set(name, kind);
    try {
      readings.push(...readingsOf(name, node, kind, spec, tell));
    } catch (error) {
      const fault = error instanceof Error ? error.message : 'An expression cannot be read.';
      tell(
        name,
        `Node "${name}": ${fault}`,
        'Correct the expression; docs/guides/features.md lists the language.',
      );
    }
  }
  if (problems.length > 0) return { problems, shape: null };
  const order = sorted(names, readings);
  if ('cycle' in order) {
    const [first] = order.cycle;
    tell(
      first,
      `The nodes ${order.cycle.join(' → ')} → ${first} read each other in a circle.`,
      `Let "${first}" read something that does not depend on it.`,
    );
    return { problems, shape: null };
  }
  checkErrorRules(spec, readings, tell);
  const output = outputOf(spec, readings, tell);
  if (problems.length > 0 || output === undefined) return { problems, shape: null };
  const idle = names.filter((name) => !reached(output, spec, readings).has(name));
  for (const name of idle)
    tell(
      name,
      `Node "${name}" leads nowhere: no output depends on it.`,
      `Use "${name}" in another node or in an output, or remove it.`,
    );
  return problems.length > 0
    ? { problems, shape: null }
    : { problems, shape: { kindOf: known, order: order.names, readings, output: output.text } };
}

type Tell = (node: string | null, message: string, next: string) => void;

function checkName(name: string, spec: GraphSpecInput, tell: Tell): void {
  if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name))
    tell(
      name,
      `"${name}" is no name for a node.`,
      'Use letters, digits and underscores, starting with a letter.',
    );
  if (reserved.has(name)) tell(name, `A node cannot be called "${name}".`, 'Choose another name for it.');
  if (spec.inputs && Object.hasOwn(spec.inputs, name))
    tell(name, `"${name}" is a node and an input.`, 'Choose another name for one of them.');
}

function checkKind(name: string, node: GraphNodeInput, tell: Tell): NodeKind | undefined {
  const kind = kindOf(node);
  if (!kind) {
    tell(
      name,
      `Node "${name}" must say exactly one of ${kinds.join(', ')}.`,
      `Keep the one that "${name}" is.`,
    );
    return undefined;
  }
  const wrong = Object.keys(node).filter(
    (field) => field !== kind && !fields[kind].includes(field as keyof GraphNodeInput),
  );
  for (const field of wrong)
    tell(
      name,
      `Node "${name}" is a ${kind} and cannot have "${field}".`,
      `Remove it; a ${kind} takes ${fields[kind].join(', ')}.`,
    );
  if (kind === 'ensemble' && !node.of)
    tell(name, `The ensemble "${name}" does not say whose outputs it takes.`, 'List the nodes under `of`.');
  if (kind === 'ensemble' && node.weights && node.of && node.weights.length !== node.of.length)
    tell(
      name,
      `The ensemble "${name}" has ${node.weights.length} weights for ${node.of.length} nodes.`,
      'Give one weight for each entry of `of`.',
    );
  if (node.weights && !node.weights.some((weight) => weight > 0))
    tell(name, `All weights of "${name}" are zero.`, 'Give at least one node a weight above zero.');
  if (
    kind === 'ensemble' &&
    node.weights &&
    (node.ensemble === 'max' || node.ensemble === 'min' || node.ensemble === 'median')
  )
    tell(
      name,
      `The ensemble "${name}" takes the ${node.ensemble}, where weights mean nothing.`,
      'Remove `weights`, or use mean or vote.',
    );
  if (kind === 'switch' && !node.default)
    tell(
      name,
      `The switch "${name}" does not say what answers when no condition holds.`,
      'Name a node under `default`.',
    );
  if (kind === 'split' && !node.by)
    tell(
      name,
      `The split "${name}" does not say by what it divides.`,
      'Give an expression under `by`, such as a customer number; equal values go the same way.',
    );
  return kind;
}

function readingsOf(
  name: string,
  node: GraphNodeInput,
  kind: NodeKind,
  spec: GraphSpecInput,
  tell: Tell,
): Reading[] {
  const found: Reading[] = [];
  const read = (reference: string, how: Reading['kind'], label = '') => {
    const from = nodeOf(reference, spec);
    if (from !== undefined) found.push({ from, to: name, kind: how, label });
    else if (how === 'branch' || kind === 'ensemble')
      tell(
        name,
        `Node "${name}" reads "${reference}", which is no node of this graph.`,
        `Name one of ${
          Object.keys(spec.nodes)
            .filter((one) => one !== name)
            .join(', ') || 'its nodes'
        }.`,
      );
  };
  const readExpression = (text: string, how: 'data' | 'condition') => {
    for (const reference of referencesIn(text, node)) read(reference, how);
  };
  if (kind === 'model')
    for (const [input, given] of Object.entries(node.inputs ?? {}))
      for (const one of [given].flat()) read(one, 'data', input);
  if (kind !== 'model')
    for (const [alias, given] of Object.entries(node.inputs ?? {}))
      if (Array.isArray(given) && given.length !== 1)
        tell(
          name,
          `The name "${alias}" of node "${name}" stands for ${given.length} references.`,
          'Give it one; lists are for the inputs of models.',
        );
  for (const one of node.of ?? []) read(one, 'data');
  for (const { when, use } of node.switch ?? []) {
    readExpression(when, 'condition');
    read(use, 'branch', when);
  }
  if (node.default) read(node.default, 'branch', 'otherwise');
  const total = (node.split ?? []).reduce((sum, { weight }) => sum + weight, 0);
  for (const { use, weight } of node.split ?? [])
    read(use, 'branch', `${Math.round((1000 * weight) / total) / 10} %`);
  if (node.by) readExpression(node.by, 'condition');
  for (const value of Object.values(node.transform ?? {})) {
    if (typeof value === 'object' && 'argmax' in value)
      read(aliasOf(value.argmax, node) ?? value.argmax, 'data');
    else readExpression(expressionOf(value), 'data');
  }
  return found.filter((one, i) => found.findIndex((other) => same(other, one)) === i);
}

const same = (a: Reading, b: Reading) =>
  a.from === b.from && a.kind === b.kind && (a.kind !== 'branch' || a.label === b.label);

/** What is left out of an answer must not be needed by whoever cannot do without it. */
function checkErrorRules(spec: GraphSpecInput, readings: readonly Reading[], tell: Tell): void {
  for (const [name, { onError }] of Object.entries(spec.nodes)) {
    if (onError !== 'skip') continue;
    for (const { to, kind } of readings.filter(({ from }) => from === name)) {
      const reader = spec.nodes[to];
      const copes = reader.ensemble !== undefined || reader.transform !== undefined || kind === 'condition';
      if (!copes)
        tell(
          name,
          `Node "${name}" may be skipped, but "${to}" cannot do without it.`,
          `Give "${name}" an \`onError\` with a default, or let an ensemble or an expression read it.`,
        );
    }
    const isOutput = outputReferences(spec).some((reference) => nodeOf(reference, spec) === name);
    if (isOutput || !readings.some(({ from }) => from === name))
      tell(
        name,
        `Node "${name}" may be skipped, but the reply needs it.`,
        `Give "${name}" an \`onError\` with a default.`,
      );
  }
}

/** References of the graph's declared outputs. */
export function outputReferences({ output, outputs }: GraphSpecInput): string[] {
  if (outputs) return Object.values(outputs).map((one) => (typeof one === 'string' ? one : one.of));
  return output === undefined ? [] : [output];
}

function outputOf(
  spec: GraphSpecInput,
  readings: readonly Reading[],
  tell: Tell,
): { text: string } | undefined {
  if (spec.output !== undefined && spec.outputs !== undefined) {
    tell(
      null,
      'The graph says `output` and `outputs`.',
      'Keep `outputs` to name what callers get, or `output` for all that one node gives.',
    );
    return undefined;
  }
  const given = outputReferences(spec);
  for (const reference of given) {
    if (nodeOf(reference, spec) !== undefined) continue;
    tell(
      null,
      `The output "${reference}" is no node of this graph.`,
      `Name one of ${Object.keys(spec.nodes).join(', ')}.`,
    );
  }
  if (given.length > 0) return { text: given[0] };
  const last = Object.keys(spec.nodes).filter((name) => !readings.some(({ from }) => from === name));
  if (last.length === 1) return { text: last[0] };
  tell(
    null,
    `Nobody reads the nodes ${last.join(', ')}, so it is not clear which one answers.`,
    'Name it under `output`.',
  );
  return undefined;
}

function reached(output: { text: string }, spec: GraphSpecInput, readings: readonly Reading[]): Set<string> {
  const found = new Set<string>();
  const references = outputReferences(spec);
  const open = (references.length > 0 ? references : [output.text]).map((one) => nodeOf(one, spec) ?? '');
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const reading of readings) if (reading.to === name) open.push(reading.from);
  }
  return found;
}

function sorted(
  names: readonly string[],
  readings: readonly Reading[],
): { names: string[] } | { cycle: string[] } {
  const done: string[] = [];
  const state = new Map<string, 'open' | 'done'>();
  const path: string[] = [];
  const visit = (name: string): string[] | undefined => {
    if (state.get(name) === 'done') return undefined;
    if (state.get(name) === 'open') return path.slice(path.indexOf(name));
    state.set(name, 'open');
    path.push(name);
    for (const { from } of readings.filter(({ to }) => to === name)) {
      const cycle = visit(from);
      if (cycle) return cycle;
    }
    path.pop();
    state.set(name, 'done');
    done.push(name);
    return undefined;
  };
  for (const name of names) {
    const cycle = visit(name);
    if (cycle) return { cycle };
  }
  return { names: done };
}
