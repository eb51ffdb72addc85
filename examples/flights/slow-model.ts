import protobuf from 'protobufjs/minimal.js';

/**
 * A sabotage: the champion's own graph with a detour of needless matrix products before its answer. Every number
 * it gives is right, so all offline evidence is in its favour; in production it answers many times slower.
 *
 * Works on the wire format alone (field numbers of onnx.proto): the graph's node that makes `probabilities` gets
 * its output renamed, and nodes are added that multiply random matrices, scale the result to nothing and add it.
 */
export function slowDown(model: Uint8Array, products = 16, size = 384): Uint8Array {
  return Buffer.concat(
    fieldsOf(model).map(({ field, content, raw }) =>
      field === 7 ? nested(7, detour(content, products, size)) : raw,
    ),
  );
}

const answer = 'probabilities';
const fast = 'fast_probabilities';

function detour(graph: Uint8Array, products: number, size: number): Uint8Array {
  const kept = fieldsOf(graph).map(({ field, content, raw }) =>
    field === 1 ? nested(1, renameOutput(content)) : raw,
  );
  const matrix = Float32Array.from({ length: size * size }, (_, i) => ((i * 7919) % 13) / (13 * size));
  const nodes = [
    // The start depends on the input's answer, so that no optimiser can work the detour out beforehand.
    operator('ReduceMax', [fast], ['detour_seed'], [attributeInt('keepdims', 0)]),
    operator('Add', ['detour_matrix', 'detour_seed'], ['detour_0']),
    ...Array.from({ length: products }, (_, i) =>
      operator('MatMul', [`detour_${i}`, 'detour_matrix'], [`detour_${i + 1}`]),
    ),
    operator('ReduceMax', [`detour_${products}`], ['detour_end'], [attributeInt('keepdims', 0)]),
    operator('Mul', ['detour_end', 'detour_nothing'], ['detour_zero']),
    operator('Add', [fast, 'detour_zero'], [answer]),
  ];
  return Buffer.concat([
    ...kept,
    ...nodes.map((node) => nested(1, node)),
    nested(5, floatTensor('detour_matrix', [size, size], matrix)),
    nested(5, floatTensor('detour_nothing', [], Float32Array.of(0))),
  ]);
}

function renameOutput(node: Uint8Array): Uint8Array {
  return Buffer.concat(
    fieldsOf(node).map(({ field, content, raw }) =>
      field === 2 && Buffer.from(content).toString() === answer ? nested(2, Buffer.from(fast)) : raw,
    ),
  );
}

function operator(
  type: string,
  inputs: string[],
  outputs: string[],
  attributes: Uint8Array[] = [],
): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const name of inputs) writer.uint32((1 << 3) | 2).string(name);
  for (const name of outputs) writer.uint32((2 << 3) | 2).string(name);
  writer.uint32((4 << 3) | 2).string(type);
  for (const attribute of attributes) writer.uint32((5 << 3) | 2).bytes(attribute);
  return writer.finish();
}

function attributeInt(name: string, value: number): Uint8Array {
  const writer = protobuf.Writer.create();
  writer
    .uint32((1 << 3) | 2)
    .string(name)
    .uint32((3 << 3) | 0)
    .int64(value)
    .uint32((20 << 3) | 0)
    .int32(2);
  return writer.finish();
}

function floatTensor(name: string, dims: number[], values: Float32Array): Uint8Array {
  const writer = protobuf.Writer.create();
  for (const dim of dims) writer.uint32((1 << 3) | 0).int64(dim);
  writer
    .uint32((2 << 3) | 0)
    .int32(1)
    .uint32((8 << 3) | 2)
    .string(name);
  writer.uint32((9 << 3) | 2).bytes(new Uint8Array(values.buffer));
  return writer.finish();
}

type Field = { field: number; content: Uint8Array; raw: Uint8Array };

/** The fields of a message: number, content of the length-delimited ones, and the bytes as they stand. */
function fieldsOf(message: Uint8Array): Field[] {
  const reader = protobuf.Reader.create(message);
  const fields: Field[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    let content: Uint8Array = new Uint8Array();
    if ((tag & 7) === 2) content = reader.bytes();
    else reader.skipType(tag & 7);
    fields.push({ field: tag >>> 3, content, raw: message.subarray(start, reader.pos) });
  }
  return fields;
}

function nested(field: number, content: Uint8Array): Uint8Array {
  return protobuf.Writer.create()
    .uint32((field << 3) | 2)
    .bytes(content)
    .finish();
}
