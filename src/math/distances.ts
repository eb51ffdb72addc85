/**
 * How far the binned counts of two samples are apart.
 *
 * Distances take counts (or shares) of the same bins, first the reference, then the current window; they
 * normalise both sides. All are 0 for equal shares; an empty side gives NaN. Shapes: [bins].
 *
 * Small shifts are tied to each other: JS distance² ≈ PSI/8 (nats).
 */

import { devianceTerm } from './special.ts';

/**
 * Population stability index Σ (p − q) ln(p/q), in nats, ≥ 0, symmetric, on smoothed shares
 * (c + 0.5)/(n + 0.5 B). Bins empty on both sides are not counted: they say nothing about a shift, and
 * smoothing would turn them into one when the sides differ in size.
 */
export function psi(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  let sum = 0;
  for (const part of psiContributions(reference, current)) sum += part;
  return sum;
}

/** The summands of `psi`, per bin, each ≥ 0: which bins moved. */
export function psiContributions(reference: ArrayLike<number>, current: ArrayLike<number>): Float64Array {
  const bins = occupiedBins(reference, current);
  const parts = new Float64Array(reference.length);
  const n = total(reference);
  const m = total(current);
  if (n === 0 || m === 0) return parts.fill(Number.NaN);
  for (let i = 0; i < parts.length; i++) {
    if (reference[i] + current[i] === 0) continue;
    const p = (reference[i] + 0.5) / (n + 0.5 * bins);
    const q = (current[i] + 0.5) / (m + 0.5 * bins);
    parts[i] = (p - q) * Math.log(p / q);
  }
  return parts;
}

/** Bins that hold at least one row on either side. */
export function occupiedBins(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  if (reference.length !== current.length) throw new RangeError('Both sides need the same bins.');
  let bins = 0;
  for (let i = 0; i < reference.length; i++) if (reference[i] + current[i] > 0) bins++;
  return bins;
}

/** Jensen-Shannon distance, √(½ KL(p‖m) + ½ KL(q‖m)) with base 2: in [0, 1]. */
export function jensenShannonDistance(reference: ArrayLike<number>, current: ArrayLike<number>): number {
  if (reference.length !== current.length) throw new RangeError('Both sides need the same bins.');
  const n = total(reference);
  const m = total(current);
  if (!(n > 0 && m > 0)) return Number.NaN;
  let sum = 0;
  for (let i = 0; i < reference.length; i++) {
    const p = reference[i] / n;
    const q = current[i] / m;
    const middle = 0.5 * (p + q);
    sum += devianceTerm(p, middle) + devianceTerm(q, middle);
  }
  return Math.sqrt(Math.min(1, sum / 2 / Math.LN2));
}

function total(counts: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < counts.length; i++) sum += counts[i];
  return sum;
}
