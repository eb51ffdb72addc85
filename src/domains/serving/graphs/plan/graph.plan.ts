import type { Evaluate, ValueType } from '../../../features/index.ts';
import type { Datatype, TensorSpec } from '../../runtime/tensors.ts';

/**
 * A graph with every reference resolved and every type known. A part is some columns of each row of one tensor: of an
 * output of a node, or (node −1) of an input of the request.
 */
export type Part = { node: number; output: number; from: number /** −1: all of them. */; count: number };

/** A value a row that an expression reads under a name. */
export type Column = { name: string; part: Part; type: ValueType; datatype: Datatype };

/** An expression over columns, with the nodes that must have run before. */
export type Formula = { evaluate: Evaluate; columns: readonly Column[]; needs: readonly number[] };

/** One row of each output, in the form that its array holds. */
export type DefaultRow = readonly (readonly (number | bigint | string)[])[];
export type OnError = { kind: 'fail' } | { kind: 'skip' } | { kind: 'default'; row: DefaultRow };

type Common = {
  name: string;
  outputs: readonly TensorSpec[];
  onError: OnError;
  /** Nodes that it reads for every row that it is asked for. */
  needs: readonly number[];
};
export type ModelNode = Common & {
  kind: 'model';
  inputs: readonly { spec: TensorSpec; parts: readonly Part[] }[];
};
export type EnsembleNode = Common & {
  kind: 'ensemble';
  how: 'mean' | 'median' | 'max' | 'min' | 'vote';
  members: readonly Part[];
  weights: readonly number[];
};
export type Branch = {
  /** The node that answers. */
  target: number;
  label: string;
  /** Where each output of the switch comes from. */
  parts: readonly Part[];
};
export type SwitchNode = Common & { kind: 'switch'; tests: readonly Formula[]; branches: readonly Branch[] };
export type SplitNode = Common & {
  kind: 'split';
  by: Formula;
  /** Share of all rows up to and with each branch. */
  upTo: readonly number[];
  branches: readonly Branch[];
};
export type TransformNode = Common & {
  kind: 'transform';
  values: readonly (Formula | { argmax: Part; labels: readonly string[] | null })[];
};
export type PlanNode = ModelNode | EnsembleNode | SwitchNode | SplitNode | TransformNode;

export type GraphPlan = {
  /** What the runner is fed: the request's tensors, or the vector of features and the columns beside it. */
  inputs: readonly TensorSpec[];
  /** Names of the recorded vector's columns; empty when nothing is recorded. */
  features: readonly string[];
  /** Every node after those it reads. */
  nodes: readonly PlanNode[];
  /** Nodes that every row needs, whatever the conditions say. */
  always: ReadonlySet<number>;
  outputs: readonly { spec: TensorSpec; part: Part }[];
};

/** What a model takes and gives, and the names of its matrix's columns where they are known. */
export type NodeSignature = {
  inputs: readonly TensorSpec[];
  outputs: readonly TensorSpec[];
  features: readonly string[] | null;
};

/** The feature service before the graph, as the planner sees it. */
export type PlanSource = {
  ref: string;
  features: readonly string[];
  columns: readonly { name: string; type: ValueType }[];
};

/** Values a row of a tensor; −1 when that is free. */
export function widthOf({ shape }: TensorSpec): number {
  let width = 1;
  for (const size of shape.slice(1)) {
    if (size < 0) return -1;
    width *= size;
  }
  return width;
}

/** The type of the expression language that a datatype's values have; undefined for half floats. */
export function valueTypeOf(datatype: Datatype): ValueType | undefined {
  if (datatype === 'BYTES') return 'string';
  if (datatype === 'BOOL') return 'boolean';
  return datatype === 'FP16' ? undefined : 'number';
}

export const isNumeric = (datatype: Datatype) => valueTypeOf(datatype) === 'number';

/** Numbers go into numbers; texts, truth values and half floats only into their own kind. */
export function converts(from: Datatype, to: Datatype): boolean {
  return from === to || (isNumeric(to) && (isNumeric(from) || from === 'BOOL'));
}

/** `FP32[-1,4]` */
export function describe({ datatype, shape }: TensorSpec): string {
  return `${datatype}[${shape.join(',')}]`;
}
