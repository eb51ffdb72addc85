import {
  encodeOnnx,
  type OnnxNode,
  type OnnxTensor,
  type ValueType,
} from '../../src/platform/onnx/onnx-writer.ts';

/**
 * Small models for tests: input `features` FP32 [N, F], output `probability` FP32 [N, 1] = sigmoid(x·weights + bias).
 * `burn` adds that many needless products of 1000 × 1000 matrices (about half a millisecond each).
 */
export function logisticModel(options: { weights: number[]; bias?: number; burn?: number }): Uint8Array {
  const { weights, bias = 0, burn = 0 } = options;
  const width = weights.length;
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [
    { name: 'weights', type: 'float', shape: [width, 1], values: weights },
    { name: 'bias', type: 'float', shape: [1], values: [bias] },
  ];
  nodes.push({ op: 'MatMul', inputs: ['features', 'weights'], outputs: ['linear'] });
  let last = 'linear';
  if (burn > 0) {
    const size = 1000;
    initializers.push(
      { name: 'spread', type: 'float', shape: [1, size], values: new Float32Array(size) },
      { name: 'square', type: 'float', shape: [size, size], values: new Float32Array(size * size) },
      { name: 'gather', type: 'float', shape: [size, 1], values: new Float32Array(size) },
    );
    nodes.push({ op: 'MatMul', inputs: ['linear', 'spread'], outputs: ['burn0'] });
    for (let i = 0; i < burn; i++) {
      nodes.push({ op: 'MatMul', inputs: [`burn${i}`, 'square'], outputs: [`burn${i + 1}`] });
    }
    nodes.push({ op: 'MatMul', inputs: [`burn${burn}`, 'gather'], outputs: ['nothing'] });
    nodes.push({ op: 'Add', inputs: ['linear', 'nothing'], outputs: ['burnt'] });
    last = 'burnt';
  }
  nodes.push({ op: 'Add', inputs: [last, 'bias'], outputs: ['logit'] });
  nodes.push({ op: 'Sigmoid', inputs: ['logit'], outputs: ['probability'] });
  return encodeOnnx({
    irVersion: 7,
    producer: 'test',
    opsets: [{ domain: '', version: 13 }],
    graphName: 'logistic',
    inputs: [{ name: 'features', type: 'float', shape: ['N', width] }],
    outputs: [{ name: 'probability', type: 'float', shape: ['N', 1] }],
    initializers,
    nodes,
    metadata: {},
  });
}

/** A model that answers rows of zeros and fails on any row whose first feature is 1 or more. */
export function failingModel(width: number): Uint8Array {
  return encodeOnnx({
    irVersion: 7,
    producer: 'test',
    opsets: [{ domain: '', version: 13 }],
    graphName: 'failing',
    inputs: [{ name: 'features', type: 'float', shape: ['N', width] }],
    outputs: [{ name: 'probability', type: 'float', shape: ['N', 1] }],
    initializers: [
      { name: 'table', type: 'float', shape: [1, 1], values: [0.5] },
      { name: 'first', type: 'int64', shape: [1], values: [0] },
      { name: 'axis', type: 'int64', shape: [1], values: [1] },
    ],
    // Looks up row x[0] of a table that has one row only.
    nodes: [
      {
        op: 'Gather',
        inputs: ['features', 'first'],
        outputs: ['column'],
        attributes: [{ name: 'axis', type: 'int', value: 1 }],
      },
      { op: 'Squeeze', inputs: ['column', 'axis'], outputs: ['flat'] },
      {
        op: 'Cast',
        inputs: ['flat'],
        outputs: ['index'],
        attributes: [{ name: 'to', type: 'int', value: 7 }],
      },
      { op: 'Gather', inputs: ['table', 'index'], outputs: ['probability'] },
    ],
    metadata: {},
  });
}

/** A model that gives its inputs back: each `inputs` NAME: [type, shape] as the output that `outputs` names. */
export function echoModel(
  inputs: Record<string, [type: ValueType, shape: (number | string)[]]>,
  outputs: Record<string, string>,
): Uint8Array {
  const value = (name: string, [type, shape]: [ValueType, (number | string)[]]) => ({ name, type, shape });
  return encodeOnnx({
    irVersion: 7,
    producer: 'test',
    opsets: [{ domain: '', version: 13 }],
    graphName: 'echo',
    inputs: Object.entries(inputs).map(([name, spec]) => value(name, spec)),
    outputs: Object.entries(inputs).map(([name, spec]) => value(outputs[name], spec)),
    initializers: [],
    nodes: Object.keys(inputs).map((name) => ({ op: 'Identity', inputs: [name], outputs: [outputs[name]] })),
    metadata: {},
  });
}

/** A model whose answer is chance: its one input plus a normal draw, in the range of a probability. */
export function randomModel(): Uint8Array {
  return encodeOnnx({
    irVersion: 7,
    producer: 'test',
    opsets: [{ domain: '', version: 13 }],
    graphName: 'random',
    inputs: [{ name: 'features', type: 'float', shape: ['N', 1] }],
    outputs: [{ name: 'probability', type: 'float', shape: ['N', 1] }],
    initializers: [],
    nodes: [
      { op: 'RandomNormalLike', inputs: ['features'], outputs: ['noise'] },
      { op: 'Mul', inputs: ['features', 'noise'], outputs: ['noisy'] },
      { op: 'Sigmoid', inputs: ['noisy'], outputs: ['probability'] },
    ],
    metadata: {},
  });
}
