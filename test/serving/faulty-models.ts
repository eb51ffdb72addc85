import {
  encodeOnnx,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
} from '../../src/platform/onnx/onnx-writer.ts';

/**
 * Models that go wrong on purpose; all take `features` FP32 [N, 1] and give `probability` FP32 [N, 1]. Those that say so
 * do it only where a feature is larger than `harmless`, as no row is that a trial makes up.
 */
export const harmless = 8;
const frame = {
  irVersion: 7,
  producer: 'test',
  opsets: [{ domain: '', version: 13 }],
  inputs: [{ name: 'features', type: 'float', shape: ['N', 1] }],
  outputs: [{ name: 'probability', type: 'float', shape: ['N', 1] }],
  metadata: {},
} satisfies Partial<OnnxModel>;
/** How far the largest feature is above `harmless`, at least 0. */
const excess: OnnxNode[] = [
  {
    op: 'ReduceMax',
    inputs: ['features'],
    outputs: ['largest'],
    attributes: [{ name: 'keepdims', type: 'int', value: 0 }],
  },
  { op: 'Sub', inputs: ['largest', 'harmless'], outputs: ['over'] },
  { op: 'Relu', inputs: ['over'], outputs: ['excess'] },
];
const bound: OnnxTensor = { name: 'harmless', type: 'float', shape: [], values: [harmless] };
const toInt64 = (from: string, to: string): OnnxNode => ({
  op: 'Cast',
  inputs: [from],
  outputs: [to],
  attributes: [{ name: 'to', type: 'int', value: 7 }],
});

/** Adds in a loop, a million million times for each whole that a feature is above `harmless`. */
export function hangingModel(): Uint8Array {
  return encodeOnnx({
    ...frame,
    graphName: 'hanging',
    initializers: [bound, { name: 'times', type: 'float', shape: [], values: [1e12] }],
    nodes: [
      ...excess,
      { op: 'Mul', inputs: ['excess', 'times'], outputs: ['trips'] },
      toInt64('trips', 'trip_count'),
      {
        op: 'Loop',
        inputs: ['trip_count', '', 'features'],
        outputs: ['sum'],
        attributes: [
          {
            name: 'body',
            type: 'graph',
            value: {
              graphName: 'body',
              inputs: [
                { name: 'turn', type: 'int64', shape: [] },
                { name: 'goes_on', type: 'bool', shape: [] },
                { name: 'before', type: 'float', shape: ['N', 1] },
              ],
              outputs: [
                { name: 'goes_on_out', type: 'bool', shape: [] },
                { name: 'after', type: 'float', shape: ['N', 1] },
              ],
              initializers: [{ name: 'one', type: 'float', shape: [1], values: [1] }],
              nodes: [
                { op: 'Identity', inputs: ['goes_on'], outputs: ['goes_on_out'] },
                { op: 'Add', inputs: ['before', 'one'], outputs: ['after'] },
              ],
            },
          },
        ],
      },
      { op: 'Sigmoid', inputs: ['sum'], outputs: ['probability'] },
    ],
  });
}

/** Hangs on every row, whatever it holds. */
export function alwaysHangingModel(): Uint8Array {
  const square = 1000;
  const nodes: OnnxNode[] = [{ op: 'MatMul', inputs: ['features', 'spread'], outputs: ['h0'] }];
  // Plain operators, small file, about half an hour a row.
  const times = 20_000;
  for (let i = 0; i < times; i++)
    nodes.push(
      { op: 'MatMul', inputs: [`h${i}`, 'square'], outputs: [`p${i}`] },
      { op: 'MatMul', inputs: [`p${i}`, 'square'], outputs: [`q${i}`] },
      { op: 'MatMul', inputs: [`q${i}`, 'square'], outputs: [`h${i + 1}`] },
    );
  nodes.push({ op: 'MatMul', inputs: [`h${times}`, 'gather'], outputs: ['probability'] });
  return encodeOnnx({
    ...frame,
    graphName: 'always-hanging',
    initializers: [
      { name: 'spread', type: 'float', shape: [1, square], values: new Float32Array(square) },
      { name: 'square', type: 'float', shape: [square, square], values: new Float32Array(square * square) },
      { name: 'gather', type: 'float', shape: [square, 1], values: new Float32Array(square) },
    ],
    nodes,
  });
}

/** Makes a tensor of a gigabyte for each whole that a feature is above `harmless`. */
export function hungryModel(): Uint8Array {
  return encodeOnnx({
    ...frame,
    graphName: 'hungry',
    initializers: [
      bound,
      { name: 'numbers', type: 'float', shape: [], values: [268_435_456] },
      { name: 'least', type: 'float', shape: [], values: [1] },
      { name: 'zero', type: 'float', shape: [], values: [0] },
      { name: 'step', type: 'float', shape: [], values: [1] },
    ],
    nodes: [
      ...excess,
      { op: 'Mul', inputs: ['excess', 'numbers'], outputs: ['wanted'] },
      { op: 'Max', inputs: ['wanted', 'least'], outputs: ['end'] },
      { op: 'Range', inputs: ['zero', 'end', 'step'], outputs: ['row'] },
      {
        op: 'ReduceMin',
        inputs: ['row'],
        outputs: ['nothing'],
        attributes: [{ name: 'keepdims', type: 'int', value: 0 }],
      },
      { op: 'Add', inputs: ['features', 'nothing'], outputs: ['shifted'] },
      { op: 'Sigmoid', inputs: ['shifted'], outputs: ['probability'] },
    ],
  });
}

/** Keeps 80 KB a row between runs (the runtime never gives its arena back): more rows, more memory, for good. */
export function leakingModel(): Uint8Array {
  const width = 20_000;
  return encodeOnnx({
    ...frame,
    graphName: 'leaking',
    initializers: [
      { name: 'spread', type: 'float', shape: [1, width], values: new Float32Array(width).fill(1e-4) },
    ],
    nodes: [
      { op: 'MatMul', inputs: ['features', 'spread'], outputs: ['wide'] },
      {
        op: 'ReduceMean',
        inputs: ['wide'],
        outputs: ['mean'],
        attributes: [
          { name: 'axes', type: 'ints', value: [1] },
          { name: 'keepdims', type: 'int', value: 1 },
        ],
      },
      { op: 'Sigmoid', inputs: ['mean'], outputs: ['probability'] },
    ],
  });
}

/** The logarithm of the feature: not a number below zero, a valid score from 1 to e. */
export function nanModel(): Uint8Array {
  return encodeOnnx({
    ...frame,
    graphName: 'nan',
    initializers: [],
    nodes: [{ op: 'Log', inputs: ['features'], outputs: ['probability'] }],
  });
}
