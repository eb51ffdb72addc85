import { type BinnedTable, MISSING_BIN } from './feature-binning.ts';
import { BIN_SLOTS, type GradientHistogram } from './gradient-histogram.ts';

/** Children with a smaller sum of second derivatives are not formed. */
const MIN_HESSIAN = 1e-3;
const TINY = 1e-15;

/** Sums over the rows of a node. */
export interface NodeSums {
  gradient: number;
  hessian: number;
  count: number;
}

export interface SplitLimits {
  minSamplesLeaf: number;
  l2: number;
}

/**
 * The rows with bin <= `bin` go left; missing ones by `missingLeft`. `bin` is the feature's last bin when
 * only the missing rows go right.
 */
export interface Split {
  feature: number;
  bin: number;
  missingLeft: boolean;
  gain: number;
  left: NodeSums;
  right: NodeSums;
}

/** Sums over all rows of a node, read from any one feature of its histogram. */
export function histogramSums(histogram: GradientHistogram): NodeSums {
  const sums = { gradient: 0, hessian: 0, count: 0 };
  for (let slot = 0; slot < BIN_SLOTS; slot++) {
    sums.gradient += histogram.sums[2 * slot];
    sums.hessian += histogram.sums[2 * slot + 1];
    sums.count += histogram.counts[slot];
  }
  return sums;
}

/** Newton step of a node, −G / (H + λ). */
export function nodeValue(sums: NodeSums, l2: number): number {
  return -sums.gradient / (sums.hessian + l2 + TINY);
}

/**
 * Best split of a node over all features, or undefined when none lowers the loss within the limits.
 * Gain = G_L²/(H_L+λ) + G_R²/(H_R+λ) − G²/(H+λ). Missing rows are tried on both sides.
 * Source: Chen & Guestrin, XGBoost: A Scalable Tree Boosting System (2016), equation 7 and algorithm 3.
 */
export function findSplit(
  histogram: GradientHistogram,
  table: BinnedTable,
  sums: NodeSums,
  limits: SplitLimits,
): Split | undefined {
  const { minSamplesLeaf, l2 } = limits;
  const { sums: totals, counts } = histogram;
  const { gradient: G, hessian: H, count: N } = sums;
  const parent = (G * G) / (H + l2 + TINY);
  let bestGain = 0;
  let best:
    | { feature: number; bin: number; missingLeft: boolean; g: number; h: number; n: number }
    | undefined;
  for (let f = 0; f < table.thresholds.length; f++) {
    const first = f * BIN_SLOTS;
    const lastBin = table.thresholds[f].length;
    const missing = first + MISSING_BIN;
    const hasMissing = table.hasMissing[f];
    for (let pass = 0; pass < (hasMissing ? 2 : 1); pass++) {
      const missingLeft = pass === 1;
      let g = missingLeft ? totals[2 * missing] : 0;
      let h = missingLeft ? totals[2 * missing + 1] : 0;
      let n = missingLeft ? counts[missing] : 0;
      const end = hasMissing && !missingLeft ? lastBin : lastBin - 1;
      for (let b = 0, slot = first; b <= end; b++, slot++) {
        g += totals[2 * slot];
        h += totals[2 * slot + 1];
        n += counts[slot];
        if (n < minSamplesLeaf || h < MIN_HESSIAN) continue;
        if (N - n < minSamplesLeaf || H - h < MIN_HESSIAN) break;
        const rest = G - g;
        const gain = (g * g) / (h + l2 + TINY) + (rest * rest) / (H - h + l2 + TINY) - parent;
        if (gain > bestGain) {
          bestGain = gain;
          best = { feature: f, bin: b, missingLeft, g, h, n };
        }
      }
    }
  }
  if (best === undefined) return undefined;
  const { g, h, n } = best;
  // A node without missing rows of this feature sends later ones to its larger child.
  const missingHere = counts[best.feature * BIN_SLOTS + MISSING_BIN];
  return {
    feature: best.feature,
    bin: best.bin,
    missingLeft: missingHere > 0 ? best.missingLeft : n > N - n,
    gain: bestGain,
    left: { gradient: g, hessian: h, count: n },
    right: { gradient: G - g, hessian: H - h, count: N - n },
  };
}
