import { encodeOnnx, type OnnxNode, type OnnxTensor } from './onnx-writer.ts';

/** Metadata keys of a file that Houston wrote. */
const PRODUCER_KEY = 'houston.producer';
export const FEATURES_KEY = 'houston.features';

/** Oldest versions with all operators used, so that old runtimes load the files too. */
const OPSETS = [
  { domain: '', version: 13 },
  { domain: 'ai.onnx.ml', version: 1 },
];
const IR_VERSION = 7;

/** The part that differs between kinds of binary classifiers. */
export interface ClassifierGraph {
  kind: string;
  features: readonly string[];
  nodes: OnnxNode[];
  initializers: OnnxTensor[];
}

/**
 * Encodes a binary classifier with the interface that all of Houston's own models have: input `features` float
 * [N, F] in the order of the metadata entry `houston.features` (a JSON array of names), NaN for missing;
 * outputs `label` int64 [N] and `probabilities` float [N, 2] of the classes 0 and 1.
 */
export function encodeClassifier(graph: ClassifierGraph): Uint8Array {
  return encodeOnnx({
    irVersion: IR_VERSION,
    producer: 'houston',
    opsets: OPSETS,
    graphName: graph.kind,
    inputs: [{ name: 'features', type: 'float', shape: ['N', graph.features.length] }],
    outputs: [
      { name: 'label', type: 'int64', shape: ['N'] },
      { name: 'probabilities', type: 'float', shape: ['N', 2] },
    ],
    initializers: graph.initializers,
    nodes: graph.nodes,
    metadata: { [PRODUCER_KEY]: graph.kind, [FEATURES_KEY]: JSON.stringify(graph.features) },
  });
}
