import { type BinnedTable, MISSING_BIN } from './feature-binning.ts';
import {
  createHistogram,
  fillHistogram,
  type GradientHistogram,
  subtractHistogram,
} from './gradient-histogram.ts';
import {
  findSplit,
  histogramSums,
  type NodeSums,
  nodeValue,
  type Split,
  type SplitLimits,
} from './split-search.ts';
import type { RegressionTree } from './tree-ensemble.ts';

/** Threshold of a split that sends every present value left and only missing ones right. */
const LARGEST_FLOAT32 = 3.4028234663852886e38;

export interface GrowthLimits extends SplitLimits {
  /** Most leaves of a tree. */
  leaves: number;
  learningRate: number;
}

/** A node that may still split: its rows are `rows[start..end)`. */
interface OpenNode {
  id: number;
  start: number;
  end: number;
  sums: NodeSums;
  histogram: GradientHistogram;
  split: Split | undefined;
}

export interface TreeGrower {
  /**
   * Grows one tree on the (g, h) pairs `gradients[2 * row]`, `gradients[2 * row + 1]` and adds its leaf
   * values to `scores[row]` of the training rows.
   */
  grow(gradients: Float32Array, scores: Float64Array): RegressionTree;
}

/**
 * Grows trees leaf by leaf, always splitting the leaf with the largest gain. Of two siblings only the smaller
 * is counted; the other's histogram is the parent's minus its sibling's. Buffers are reused between trees.
 * Source: Ke et al., LightGBM: A Highly Efficient Gradient Boosting Decision Tree (2017), and scikit-learn's
 * HistGradientBoostingClassifier.
 */
export function createTreeGrower(
  table: BinnedTable,
  trainingRows: Int32Array,
  limits: GrowthLimits,
): TreeGrower {
  const rows = Int32Array.from(trainingRows);
  const rightRows = new Int32Array(rows.length);
  const ordered = new Float32Array(rows.length * 2);
  const freeHistograms: GradientHistogram[] = [];

  function countRows(start: number, end: number, gradients: Float32Array): GradientHistogram {
    const histogram = freeHistograms.pop() ?? createHistogram(table.groups.length);
    fillHistogram(table.groups, rows, start, end, gradients, ordered, histogram);
    return histogram;
  }

  /** Moves the left child's rows to the front of the node's range, keeping order; returns the boundary. */
  function partition(node: OpenNode, split: Split): number {
    const words = table.groups[split.feature >> 2];
    const shift = 8 * (split.feature & 3);
    const goesLeft = new Uint8Array(256).fill(1, 0, split.bin + 1);
    goesLeft[MISSING_BIN] = split.missingLeft ? 1 : 0;
    let left = node.start;
    let right = 0;
    for (let k = node.start; k < node.end; k++) {
      const row = rows[k];
      const isLeft = goesLeft[(words[row] >>> shift) & 255];
      rows[left] = row;
      rightRows[right] = row;
      left += isLeft;
      right += 1 - isLeft;
    }
    rows.set(rightRows.subarray(0, right), left);
    return left;
  }

  function open(
    id: number,
    start: number,
    end: number,
    sums: NodeSums,
    histogram: GradientHistogram,
  ): OpenNode {
    const canSplit = sums.count >= 2 * limits.minSamplesLeaf;
    const split = canSplit ? findSplit(histogram, table, sums, limits) : undefined;
    return { id, start, end, sums, histogram, split };
  }

  function addNode(tree: RegressionTree, count: number): number {
    tree.feature.push(-1);
    tree.threshold.push(0);
    tree.missingLeft.push(0);
    tree.left.push(-1);
    tree.right.push(-1);
    tree.value.push(0);
    tree.gain.push(0);
    return tree.count.push(count) - 1;
  }

  function splitNode(
    tree: RegressionTree,
    node: OpenNode,
    split: Split,
    gradients: Float32Array,
  ): OpenNode[] {
    const boundary = partition(node, split);
    const thresholds = table.thresholds[split.feature];
    tree.feature[node.id] = split.feature;
    tree.threshold[node.id] = split.bin < thresholds.length ? thresholds[split.bin] : LARGEST_FLOAT32;
    tree.missingLeft[node.id] = split.missingLeft ? 1 : 0;
    tree.gain[node.id] = split.gain;
    const left = addNode(tree, split.left.count);
    const right = addNode(tree, split.right.count);
    tree.left[node.id] = left;
    tree.right[node.id] = right;

    const isLeftSmaller = split.left.count < split.right.count;
    const smaller = isLeftSmaller
      ? countRows(node.start, boundary, gradients)
      : countRows(boundary, node.end, gradients);
    subtractHistogram(node.histogram, smaller);
    const larger = node.histogram;
    return [
      open(left, node.start, boundary, split.left, isLeftSmaller ? smaller : larger),
      open(right, boundary, node.end, split.right, isLeftSmaller ? larger : smaller),
    ];
  }

  function closeLeaf(tree: RegressionTree, node: OpenNode, scores: Float64Array): void {
    const value = Math.fround(limits.learningRate * nodeValue(node.sums, limits.l2));
    tree.value[node.id] = value;
    for (let k = node.start; k < node.end; k++) {
      const row = rows[k];
      scores[row] += value;
    }
    freeHistograms.push(node.histogram);
  }

  function grow(gradients: Float32Array, scores: Float64Array): RegressionTree {
    rows.set(trainingRows);
    const tree: RegressionTree = {
      feature: [],
      threshold: [],
      missingLeft: [],
      left: [],
      right: [],
      value: [],
      count: [],
      gain: [],
    };
    const root = addNode(tree, rows.length);
    const histogram = countRows(0, rows.length, gradients);
    const nodes = [open(root, 0, rows.length, histogramSums(histogram), histogram)];
    while (nodes.length < limits.leaves) {
      let best = -1;
      let bestGain = 0;
      for (let k = 0; k < nodes.length; k++) {
        const gain = nodes[k]?.split?.gain ?? 0;
        if (gain > bestGain) {
          best = k;
          bestGain = gain;
        }
      }
      const node = nodes[best];
      if (node?.split === undefined) break;
      nodes.splice(best, 1, ...splitNode(tree, node, node.split, gradients));
    }
    for (const node of nodes) closeLeaf(tree, node, scores);
    return tree;
  }

  return { grow };
}
