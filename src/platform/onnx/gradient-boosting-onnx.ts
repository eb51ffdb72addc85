import type { GradientBoostingModel, RegressionTree } from '../../math/learn/tree-ensemble.ts';
import { encodeClassifier } from './classifier-onnx.ts';
import type { OnnxAttribute } from './onnx-writer.ts';

/** A tree that is one leaf: every row gets `value`. */
function constantTree(value: number): RegressionTree {
  return {
    feature: [-1],
    threshold: [0],
    missingLeft: [0],
    left: [-1],
    right: [-1],
    value: [value],
    count: [0],
    gain: [0],
  };
}

/** Nodes of all trees as the parallel lists that TreeEnsembleClassifier wants. */
function listNodes(trees: readonly RegressionTree[]): OnnxAttribute[] {
  const treeIds: number[] = [];
  const nodeIds: number[] = [];
  const features: number[] = [];
  const thresholds: number[] = [];
  const modes: string[] = [];
  const whenTrue: number[] = [];
  const whenFalse: number[] = [];
  const missingTrue: number[] = [];
  const leafTrees: number[] = [];
  const leafNodes: number[] = [];
  const leafClasses: number[] = [];
  const leafWeights: number[] = [];
  trees.forEach((tree, t) => {
    for (let k = 0; k < tree.feature.length; k++) {
      const isLeaf = tree.feature[k] < 0;
      treeIds.push(t);
      nodeIds.push(k);
      features.push(isLeaf ? 0 : tree.feature[k]);
      thresholds.push(isLeaf ? 0 : tree.threshold[k]);
      modes.push(isLeaf ? 'LEAF' : 'BRANCH_LEQ');
      whenTrue.push(isLeaf ? 0 : tree.left[k]);
      whenFalse.push(isLeaf ? 0 : tree.right[k]);
      missingTrue.push(tree.missingLeft[k]);
      if (!isLeaf) continue;
      // Weights for both classes: with one only, ONNX Runtime labels by another threshold when all are positive.
      for (const label of [0, 1]) {
        leafTrees.push(t);
        leafNodes.push(k);
        leafClasses.push(label);
        leafWeights.push(label === 1 ? tree.value[k] : -tree.value[k]);
      }
    }
  });
  return [
    { name: 'nodes_treeids', type: 'ints', value: treeIds },
    { name: 'nodes_nodeids', type: 'ints', value: nodeIds },
    { name: 'nodes_featureids', type: 'ints', value: features },
    { name: 'nodes_values', type: 'floats', value: thresholds },
    { name: 'nodes_modes', type: 'strings', value: modes },
    { name: 'nodes_truenodeids', type: 'ints', value: whenTrue },
    { name: 'nodes_falsenodeids', type: 'ints', value: whenFalse },
    { name: 'nodes_missing_value_tracks_true', type: 'ints', value: missingTrue },
    { name: 'class_treeids', type: 'ints', value: leafTrees },
    { name: 'class_nodeids', type: 'ints', value: leafNodes },
    { name: 'class_ids', type: 'ints', value: leafClasses },
    { name: 'class_weights', type: 'floats', value: leafWeights },
  ];
}

/**
 * Encodes boosted trees as an ONNX file with one TreeEnsembleClassifier; interface as in `encodeClassifier`.
 * Branch decisions equal those of `predictProbability` exactly, since thresholds are float32 on both sides;
 * the runtime adds leaf values in float32, so probabilities agree to about 1e-6.
 */
export function gradientBoostingToOnnx(model: GradientBoostingModel): Uint8Array {
  return encodeClassifier({
    kind: model.kind,
    features: model.features,
    initializers: [],
    nodes: [
      {
        op: 'TreeEnsembleClassifier',
        domain: 'ai.onnx.ml',
        inputs: ['features'],
        outputs: ['label', 'probabilities'],
        attributes: [
          // The baseline is a tree of its own: ONNX Runtime adds base_values[1] to the score of class 0.
          ...listNodes([...model.trees, constantTree(model.baseline)]),
          { name: 'classlabels_int64s', type: 'ints', value: [0, 1] },
          { name: 'post_transform', type: 'string', value: 'LOGISTIC' },
        ],
      },
    ],
  });
}
