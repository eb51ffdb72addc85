import type { ValueType } from '../../../features/index.ts';
import { rawFeatureNames } from '../../routing/request-rows.ts';
import type { TensorSpec } from '../../runtime/tensors.ts';
import type { GraphSpecInput } from '../graph.contract.ts';
import { graphInvalid } from '../graph.errors.ts';
import { nodeOf } from '../graph.names.ts';
import { besidePrefix } from '../request-columns.ts';
import {
  describe,
  type NodeSignature,
  type Part,
  type PlanSource,
  valueTypeOf,
  widthOf,
} from './graph.plan.ts';

/** A place that a reference names. */
export type Found = {
  part: Part;
  spec: TensorSpec;
  width: number;
  type: ValueType | undefined;
  /** Name of the feature, where it is one column of the vector. */
  feature: string | null;
};

/** What a graph may read: the request before it, and the outputs of the nodes planned so far. */
export type Readable = {
  /** What the runner is fed; grows by the request's columns that are read beside a vector. */
  readonly inputs: TensorSpec[];
  readonly features: readonly string[];
  place(node: string): number;
  add(node: string, outputs: readonly TensorSpec[]): void;
  /** All that a reference names. @throws serving.graph.invalid */
  findAll(reader: string, reference: string): Found[];
  /** The one output that it names. @throws serving.graph.invalid */
  find(reader: string, reference: string): Found;
};

const declared = { number: 'FP64', string: 'BYTES', boolean: 'BOOL' } as const;
const columnDatatypes = { ...declared, timestamp: 'FP64', interval: 'FP64' } as const;

/** Opens the request's side of a graph: with a feature service its vector and columns, else the models' own inputs. */
export function readable(
  spec: GraphSpecInput,
  signatures: ReadonlyMap<string, NodeSignature>,
  source: PlanSource | null,
): Readable {
  const inputs = source ? [vectorSpec(source)] : requestInputs(spec, signatures);
  const features = source ? source.features : vectorNames(inputs, signatures);
  const types = new Map<string, ValueType>();
  const places = new Map<string, number>();
  const outputs: (readonly TensorSpec[])[] = [];

  const ofRequest = (output: number, from: number, count: number, feature: string | null): Found => {
    const input = inputs[output];
    const type = types.get(input.name) ?? valueTypeOf(input.datatype);
    return {
      part: { node: -1, output, from, count },
      spec: input,
      width: count < 0 ? widthOf(input) : count,
      type,
      feature,
    };
  };
  const feature = (name: string): Found | undefined => {
    const at = features.indexOf(name);
    if (at < 0) return undefined;
    if (source) return ofRequest(0, at, 1, name);
    let offset = 0;
    for (let i = 0; i < inputs.length; i++) {
      if (inputs[i].datatype === 'BYTES') continue;
      const width = widthOf(inputs[i]);
      if (at < offset + width) return ofRequest(i, at - offset, 1, name);
      offset += width;
    }
    return undefined;
  };
  const field = (name: string): Found | undefined => {
    if (source) return beside(name, source);
    const whole = inputs.findIndex((input) => input.name === name);
    if (whole >= 0) return ofRequest(whole, 0, -1, null);
    const match = /^(.+)\[(\d{1,6})\]$/.exec(name);
    const at = match ? inputs.findIndex((input) => input.name === match[1]) : -1;
    if (!match || at < 0 || Number(match[2]) >= widthOf(inputs[at])) return undefined;
    return ofRequest(at, Number(match[2]), 1, null);
  };
  const beside = (name: string, { columns }: PlanSource): Found | undefined => {
    const column = columns.find((one) => one.name === name);
    if (!column) return undefined;
    const fed = `${besidePrefix}${name}`;
    let at = inputs.findIndex((input) => input.name === fed);
    if (at < 0) {
      at = inputs.push({ name: fed, datatype: columnDatatypes[column.type], shape: [-1] }) - 1;
      types.set(fed, column.type);
    }
    return ofRequest(at, 0, -1, null);
  };
  const ofNode = (reader: string, node: string, reference: string): Found[] => {
    const place = places.get(node);
    if (place === undefined) throw new Error(`${node} is not planned yet`);
    const match = /^(?:\.(.+?))?(?:\[(\d{1,6})\])?$/.exec(reference.slice(node.length));
    const wanted = match?.[1];
    const all = outputs[place];
    const chosen = all.filter(({ name }) => wanted === undefined || name === wanted);
    if (!match || chosen.length === 0) {
      throw graphInvalid({
        node: reader,
        message: `${who(reader)} reads "${reference}", and "${node}" has no such output.`,
        next: `It gives ${all.map(({ name }) => `${node}.${name}`).join(', ')}.`,
      });
    }
    const column = match[2] === undefined ? undefined : Number(match[2]);
    return chosen.map((output) => {
      const width = widthOf(output);
      if (column !== undefined && width >= 0 && column >= width) {
        throw graphInvalid({
          node: reader,
          message: `${who(reader)} reads "${reference}", and that output has ${width} values a row.`,
          next: `Count from 0 to ${width - 1}.`,
        });
      }
      const part = {
        node: place,
        output: all.indexOf(output),
        from: column ?? 0,
        count: column === undefined ? -1 : 1,
      };
      return {
        part,
        spec: output,
        width: column === undefined ? width : 1,
        type: valueTypeOf(output.datatype),
        feature: null,
      };
    });
  };

  const findAll = (reader: string, reference: string): Found[] => {
    const node = nodeOf(reference, spec);
    if (node !== undefined) return ofNode(reader, node, reference);
    const found = reference.startsWith('request.')
      ? field(reference.slice('request.'.length))
      : reference.startsWith('features.')
        ? feature(reference.slice('features.'.length))
        : reference === 'features' && source
          ? ofRequest(0, 0, -1, null)
          : (feature(reference) ?? field(reference));
    if (found) return [found];
    const fields = source ? source.columns.map(({ name }) => name) : inputs.map(({ name }) => name);
    throw graphInvalid({
      node: reader === '' ? null : reader,
      message: `${who(reader)} reads "${reference}", which is no node, feature or field of the request.`,
      next: `Nodes: ${Object.keys(spec.nodes).join(', ')}. Fields: ${fields.slice(0, 20).join(', ') || 'none'}. Declare a further field under \`graph.inputs\`${source ? ' or in the feature service' : ''}.`,
    });
  };
  return {
    inputs,
    features,
    place: (node) => places.get(node) ?? -1,
    add(node, given) {
      places.set(node, outputs.push(given) - 1);
    },
    findAll,
    find(reader, reference) {
      const all = findAll(reader, reference);
      if (all.length === 1) return all[0];
      const node = nodeOf(reference, spec) ?? reference;
      throw graphInvalid({
        node: reader === '' ? null : reader,
        message: `${who(reader)} reads "${reference}", which gives several outputs.`,
        next: `Name one: ${all.map((one) => `${node}.${one.spec.name}`).join(', ')}.`,
      });
    },
  };
}

const who = (reader: string) => (reader === '' ? 'The graph' : `Node "${reader}"`);

function vectorSpec({ features }: PlanSource): TensorSpec {
  return { name: 'features', datatype: 'FP32', shape: [-1, features.length] };
}

/** The inputs of all models that no node gives, each once, and the declared fields. */
function requestInputs(spec: GraphSpecInput, signatures: ReadonlyMap<string, NodeSignature>): TensorSpec[] {
  const inputs: TensorSpec[] = [];
  for (const [name, type] of Object.entries(spec.inputs ?? {}))
    inputs.push({ name, datatype: declared[type], shape: [-1] });
  const isDeclared = (name: string) => spec.inputs !== undefined && Object.hasOwn(spec.inputs, name);
  for (const [node, { inputs: taken }] of signatures) {
    const given = spec.nodes[node].inputs ?? {};
    for (const input of taken) {
      const reference = Object.hasOwn(given, input.name) ? [given[input.name]].flat() : [input.name];
      if (reference.length !== 1 || nodeOf(reference[0], spec) !== undefined) continue;
      const name = reference[0].replace(/^request\./, '');
      if (isDeclared(name) || name.startsWith('features.') || name.endsWith(']')) continue;
      join(inputs, { ...input, name }, node);
    }
  }
  return inputs;
}

/** Two nodes may read the same field when one tensor fits both. */
function join(inputs: TensorSpec[], input: TensorSpec, node: string): void {
  const at = inputs.findIndex(({ name }) => name === input.name);
  if (at < 0) {
    inputs.push(input);
    return;
  }
  const { datatype, shape } = inputs[at];
  const fits =
    datatype === input.datatype &&
    shape.length === input.shape.length &&
    shape.every((size, i) => size === input.shape[i] || size === -1 || input.shape[i] === -1);
  if (!fits) {
    throw graphInvalid({
      node,
      message: `Node "${node}" takes "${input.name}" as ${describe(input)}, and another node takes it as ${describe(inputs[at])}.`,
      next: `Say under \`inputs\` of "${node}" where it comes from.`,
    });
  }
  inputs[at] = {
    name: input.name,
    datatype,
    shape: shape.map((size, i) => (size === -1 ? input.shape[i] : size)),
  };
}

/** Names of the recorded vector's columns: the features that a model names, where it takes a field as it comes. */
function vectorNames(
  inputs: readonly TensorSpec[],
  signatures: ReadonlyMap<string, NodeSignature>,
): string[] {
  const plain = rawFeatureNames(inputs);
  const names = inputs.flatMap((input) => {
    const own = rawFeatureNames([input]);
    for (const { inputs: taken, features } of signatures.values()) {
      if (features?.length === own.length && taken.length === 1 && taken[0].name === input.name)
        return features;
    }
    return own;
  });
  return names.length === plain.length && new Set(names).size === names.length ? names : plain;
}
