/** Models of stated size for the benchmarks, with weights from a seeded generator. */
import { GRADIENT_BOOSTING_DEFAULTS, trainGradientBoosting } from '../../src/math/learn/gradient-boosting.ts';
import { createRandom } from '../../src/math/random.ts';
import { gradientBoostingToOnnx } from '../../src/platform/onnx/gradient-boosting-onnx.ts';
import {
  encodeOnnx,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValue,
} from '../../src/platform/onnx/onnx-writer.ts';

const random = createRandom(11);

/** `count` numbers from −1 to 1. */
export function randomRow(count: number): Float32Array {
  return Float32Array.from({ length: count }, () => 2 * random.next() - 1);
}

function weights(name: string, shape: number[], inputs: number): OnnxTensor {
  const scale = Math.sqrt(3 / inputs);
  const count = shape.reduce((product, size) => product * size, 1);
  return { name, type: 'float', shape, values: randomRow(count).map((value) => value * scale) };
}

function encode(
  name: string,
  input: OnnxValue,
  width: number,
  nodes: OnnxNode[],
  initializers: OnnxTensor[],
) {
  return encodeOnnx({
    irVersion: 8,
    producer: 'bench',
    opsets: [{ domain: '', version: 13 }],
    graphName: name,
    inputs: [input],
    outputs: [{ name: 'probabilities', type: 'float', shape: ['N', width] }],
    initializers,
    nodes,
    metadata: {},
  });
}

/** Fully connected layers of these widths with ReLU between them, and a softmax; input `features` FP32 [N, widths[0]]. */
export function perceptron(widths: readonly number[]): Uint8Array {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  let last = 'features';
  for (let layer = 1; layer < widths.length; layer++) {
    const [w, b, sum] = [`w${layer}`, `b${layer}`, `sum${layer}`];
    initializers.push(weights(w, [widths[layer - 1], widths[layer]], widths[layer - 1]));
    initializers.push(weights(b, [widths[layer]], widths[layer - 1]));
    nodes.push({ op: 'Gemm', inputs: [last, w, b], outputs: [sum] });
    last = sum;
    if (layer === widths.length - 1) break;
    last = `relu${layer}`;
    nodes.push({ op: 'Relu', inputs: [sum], outputs: [last] });
  }
  nodes.push({ op: 'Softmax', inputs: [last], outputs: ['probabilities'] });
  const input: OnnxValue = { name: 'features', type: 'float', shape: ['N', widths[0]] };
  return encode('perceptron', input, widths[widths.length - 1], nodes, initializers);
}

/** Gradient boosting with so many trees of 31 leaves over `width` features; input `features` FP32 [N, width]. */
export function boosting(width: number, trees: number): Uint8Array {
  const rows = 4000;
  const columns = Array.from({ length: width }, () => randomRow(rows));
  const labels = Uint8Array.from({ length: rows }, (_, i) =>
    Number(columns[0][i] * columns[1][i] + columns[2][i] + 0.3 * (2 * random.next() - 1) > 0),
  );
  const names = columns.map((_, i) => `f${i}`);
  const model = trainGradientBoosting({ names, columns, labels }, { ...GRADIENT_BOOSTING_DEFAULTS, trees });
  return gradientBoostingToOnnx(model);
}

/** Edge of the pictures that `imageNetwork` takes. */
export const imageSize = 224;

/**
 * A network for pictures, input `image` FP32 [N, 3, 224, 224]: four convolutions of 3 × 3 with stride 2 (32, 64, 128 and
 * 256 channels), `depth` more of 256 channels, average and 1000 classes. A depth of 1 makes 0.3 · 10⁹ products a picture,
 * as many as MobileNet v2 has, which is about the smallest network for pictures that people serve; one of 33 makes
 * 4 · 10⁹, as many as ResNet-50 has.
 */
export function imageNetwork(depth = 1): Uint8Array {
  const nodes: OnnxNode[] = [];
  const channels = [3, 32, 64, 128, 256, ...Array<number>(depth).fill(256)];
  const initializers: OnnxTensor[] = [];
  let last = 'image';
  for (let layer = 1; layer < channels.length; layer++) {
    const before = channels[layer - 1];
    initializers.push(weights(`k${layer}`, [channels[layer], before, 3, 3], before * 9));
    nodes.push({
      op: 'Conv',
      inputs: [last, `k${layer}`],
      outputs: [`conv${layer}`],
      attributes: [
        { name: 'strides', type: 'ints', value: layer < 5 ? [2, 2] : [1, 1] },
        { name: 'pads', type: 'ints', value: [1, 1, 1, 1] },
      ],
    });
    last = `relu${layer}`;
    nodes.push({ op: 'Relu', inputs: [`conv${layer}`], outputs: [last] });
  }
  initializers.push(weights('w', [256, 1000], 256), weights('b', [1000], 256));
  nodes.push({ op: 'GlobalAveragePool', inputs: [last], outputs: ['pool'] });
  nodes.push({ op: 'Flatten', inputs: ['pool'], outputs: ['flat'] });
  nodes.push({ op: 'Gemm', inputs: ['flat', 'w', 'b'], outputs: ['logits'] });
  nodes.push({ op: 'Softmax', inputs: ['logits'], outputs: ['probabilities'] });
  const input: OnnxValue = { name: 'image', type: 'float', shape: ['N', 3, imageSize, imageSize] };
  return encode('pictures', input, 1000, nodes, initializers);
}
