import protobuf from 'protobufjs/minimal.js';

/** Element types of tensors that the writer knows, with their numbers in `TensorProto.DataType`. */
export const ELEMENT_TYPES = { float: 1, int64: 7, double: 11 } as const;
export type ElementType = keyof typeof ELEMENT_TYPES;

/** Types of inputs and outputs, which need no constants of theirs. */
const VALUE_TYPES = {
  ...ELEMENT_TYPES,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  string: 8,
  bool: 9,
  float16: 10,
  uint32: 12,
  uint64: 13,
} as const;
export type ValueType = keyof typeof VALUE_TYPES;

/** A value of the graph's interface; a string in `shape` names a dimension of free size. */
export interface OnnxValue {
  name: string;
  type: ValueType;
  shape: (number | string)[];
}

/** A constant of the graph. int64 values must be safe integers. */
export interface OnnxTensor {
  name: string;
  type: ElementType;
  shape: number[];
  values: ArrayLike<number>;
}

export type OnnxAttribute =
  | { name: string; type: 'int'; value: number }
  | { name: string; type: 'string'; value: string }
  | { name: string; type: 'floats' | 'ints'; value: ArrayLike<number> }
  | { name: string; type: 'strings'; value: readonly string[] }
  | { name: string; type: 'graph'; value: OnnxGraph };

export interface OnnxNode {
  op: string;
  /** Operator set; '' is the standard one. */
  domain?: string;
  inputs: string[];
  outputs: string[];
  attributes?: OnnxAttribute[];
}

export interface OnnxGraph {
  graphName: string;
  inputs: OnnxValue[];
  outputs: OnnxValue[];
  initializers: OnnxTensor[];
  nodes: OnnxNode[];
}

export interface OnnxModel extends OnnxGraph {
  irVersion: number;
  producer: string;
  opsets: { domain: string; version: number }[];
  metadata: Record<string, string>;
}

type Writer = protobuf.Writer;

/** Numbers of `AttributeProto.AttributeType`. */
const ATTRIBUTE_TYPES = { int: 2, string: 3, graph: 5, floats: 6, ints: 7, strings: 8 } as const;

const VARINT = 0;
const BYTES = 2;

function tag(writer: Writer, field: number, wireType: number): Writer {
  return writer.uint32((field << 3) | wireType);
}

function text(writer: Writer, field: number, value: string): void {
  tag(writer, field, BYTES).string(value);
}

function integer(writer: Writer, field: number, value: number): void {
  tag(writer, field, VARINT).int64(value);
}

function message(writer: Writer, field: number, body: (writer: Writer) => void): void {
  tag(writer, field, BYTES).fork();
  body(writer);
  writer.ldelim();
}

/** Packed little-endian numbers. */
function numbers(writer: Writer, field: number, type: ElementType, values: ArrayLike<number>): void {
  message(writer, field, () => {
    for (let i = 0; i < values.length; i++) {
      if (type === 'float') writer.float(values[i]);
      else if (type === 'double') writer.double(values[i]);
      else writer.int64(values[i]);
    }
  });
}

function writeAttribute(writer: Writer, attribute: OnnxAttribute): void {
  text(writer, 1, attribute.name);
  switch (attribute.type) {
    case 'int':
      integer(writer, 3, attribute.value);
      break;
    case 'string':
      text(writer, 4, attribute.value);
      break;
    case 'floats':
      numbers(writer, 7, 'float', attribute.value);
      break;
    case 'ints':
      numbers(writer, 8, 'int64', attribute.value);
      break;
    case 'graph':
      message(writer, 6, () => writeGraph(writer, attribute.value));
      break;
    case 'strings':
      for (const value of attribute.value) text(writer, 9, value);
      break;
  }
  integer(writer, 20, ATTRIBUTE_TYPES[attribute.type]);
}

function writeNode(writer: Writer, node: OnnxNode, name: string): void {
  for (const input of node.inputs) text(writer, 1, input);
  for (const output of node.outputs) text(writer, 2, output);
  text(writer, 3, name);
  text(writer, 4, node.op);
  for (const attribute of node.attributes ?? []) message(writer, 5, () => writeAttribute(writer, attribute));
  if (node.domain) text(writer, 7, node.domain);
}

function writeTensor(writer: Writer, tensor: OnnxTensor): void {
  const dataField = { float: 4, int64: 7, double: 10 }[tensor.type];
  for (const size of tensor.shape) integer(writer, 1, size);
  integer(writer, 2, ELEMENT_TYPES[tensor.type]);
  numbers(writer, dataField, tensor.type, tensor.values);
  text(writer, 8, tensor.name);
}

function writeValue(writer: Writer, value: OnnxValue): void {
  text(writer, 1, value.name);
  message(writer, 2, () =>
    message(writer, 1, () => {
      integer(writer, 1, VALUE_TYPES[value.type]);
      message(writer, 2, () => {
        for (const size of value.shape) {
          message(writer, 1, () =>
            typeof size === 'number' ? integer(writer, 1, size) : text(writer, 2, size),
          );
        }
      });
    }),
  );
}

function writeGraph(writer: Writer, graph: OnnxGraph): void {
  graph.nodes.forEach((node, i) => {
    message(writer, 1, () => writeNode(writer, node, `${node.op}_${i}`));
  });
  text(writer, 2, graph.graphName);
  for (const tensor of graph.initializers) message(writer, 5, () => writeTensor(writer, tensor));
  for (const input of graph.inputs) message(writer, 11, () => writeValue(writer, input));
  for (const output of graph.outputs) message(writer, 12, () => writeValue(writer, output));
}

/**
 * Encodes a model as an ONNX file (`ModelProto` in protobuf). Equal models give equal bytes. The graph is not
 * checked: whether its operators exist and fit together shows when a runtime loads it.
 * Source: https://github.com/onnx/onnx/blob/main/onnx/onnx-ml.proto
 */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const writer = protobuf.Writer.create();
  integer(writer, 1, model.irVersion);
  text(writer, 2, model.producer);
  message(writer, 7, () => writeGraph(writer, model));
  for (const { domain, version } of model.opsets) {
    message(writer, 8, () => {
      text(writer, 1, domain);
      integer(writer, 2, version);
    });
  }
  for (const [key, value] of Object.entries(model.metadata)) {
    message(writer, 14, () => {
      text(writer, 1, key);
      text(writer, 2, value);
    });
  }
  return Uint8Array.from(writer.finish());
}
