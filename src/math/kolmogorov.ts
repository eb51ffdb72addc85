/**
 * Null distributions of the Kolmogorov-Smirnov statistics.
 *
 * Notation: D = sup |F − G|; n, m sample sizes; z = √n·d.
 *
 * Sources: J. L. Hodges (1958), "The significance probability of the Smirnov two-sample test" (lattice paths);
 * G. Marsaglia, W. W. Tsang, J. Wang (2003), "Evaluating Kolmogorov's distribution" (Durbin's matrix);
 * W. Pelz, I. J. Good (1976), "Approximating the lower tail-areas of the Kolmogorov-Smirnov one-sample
 * statistic"; R. Simard, P. L'Ecuyer (2011), "Computing the two-sided Kolmogorov-Smirnov distribution" (which
 * method where); N. V. Smirnov (1944) (one-sided sum).
 */

import { logBinomialTerm } from './special.ts';

const PI_SQUARED = Math.PI ** 2;

/**
 * P(D ≥ d) for two samples of n and m without ties, exact by counting lattice paths: O(n) when n = m, else
 * O(n·m·d). Positive terms only, so tiny p-values keep their relative precision.
 */
export function twoSampleKolmogorovSf(d: number, n: number, m: number): number {
  const divisor = greatestCommonDivisor(n, m);
  const stepOfN = m / divisor;
  const stepOfM = n / divisor;
  const bound = Math.round(d * stepOfN * n);
  if (bound <= 0) return 1;
  if (n === m) return equalSizesSf(bound, n);
  // leaving[j]: share of the paths to (i, j) that reached the boundary |i·stepOfN − j·stepOfM| ≥ bound.
  const leaving = new Float64Array(m + 1).fill(1);
  for (let i = 0; i <= n; i++) {
    const centre = i * stepOfN;
    const first = Math.max(0, Math.floor((centre - bound) / stepOfM) + 1);
    const last = Math.min(m, Math.ceil((centre + bound) / stepOfM) - 1);
    let left = first > 0 ? 1 : 0;
    for (let j = first; j <= last; j++) {
      if (i === 0) left = 0;
      else if (j === 0) left = leaving[0];
      else left = (leaving[j] * i + left * j) / (i + j);
      leaving[j] = left;
    }
    if (first > last) return 1;
  }
  return leaving[m];
}

/** 2 Σ (−1)^(k−1) C(2n, n−kh)/C(2n, n), nested so that nothing overflows; h = n·d. */
function equalSizesSf(h: number, n: number): number {
  let nested = 0;
  for (let k = Math.floor(n / h); k >= 1; k--) {
    let ratio = 1;
    const offset = (k - 1) * h;
    for (let j = 0; j < h; j++) ratio *= (n - offset - j) / (n + offset + j + 1);
    nested = ratio * (1 - nested);
  }
  return Math.min(1, 2 * nested);
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/**
 * P(D_n ≥ d) for one sample of n against a continuous distribution. With n = round(nm/(n+m)) it is the
 * large-sample form of the two-sample test. Relative error below 1e-9 above p = 1e-12.
 */
export function kolmogorovSf(d: number, n: number): number {
  if (Number.isNaN(d) || !(n >= 1)) return Number.NaN;
  if (d <= 0.5 / n) return 1;
  if (d >= 1) return 0;
  const zSquared = n * d * d;
  if (zSquared >= 370) return 0;
  if (zSquared >= (n <= 140 ? 4 : 2.2) || d >= 0.5) return Math.min(1, 2 * smirnovSf(d, n));
  const matrixIsCheap = n <= 140 || (n <= 100_000 && n * d ** 1.5 <= 1.4);
  return clipShare(1 - (matrixIsCheap ? durbinCdf(d, n) : pelzGoodCdf(d, n)));
}

/** One-sided P(D+ ≥ d): d Σ_j C(n, j)(d + j/n)^(j−1)(1 − d − j/n)^(n−j). O(n). */
export function smirnovSf(d: number, n: number): number {
  if (d <= 0) return 1;
  if (d >= 1) return 0;
  let sum = Math.exp(n * Math.log1p(-d));
  const last = Math.floor(n * (1 - d));
  for (let j = 1; j <= last; j++) {
    const x = d + j / n;
    const y = 1 - x;
    if (y > 0) sum += (d / x) * Math.exp(logBinomialTerm(j, n - j, x, y));
  }
  return clipShare(sum);
}

/** P(D_n < d) by Durbin's matrix power; O(k³ log n) with k = ⌈nd⌉. */
function durbinCdf(d: number, n: number): number {
  const k = Math.ceil(n * d);
  const h = k - n * d;
  const size = 2 * k - 1;
  let base = durbinMatrix(h, size);
  let result = identityMatrix(size);
  let baseExponent = 0;
  let exponent = 0;
  for (let power = n; power > 0; power = Math.floor(power / 2)) {
    if (power % 2 === 1) {
      result = multiply(result, base, size);
      exponent += baseExponent;
    }
    base = multiply(base, base, size);
    baseExponent *= 2;
    if (base[(k - 1) * size + k - 1] > 1e140) {
      for (let i = 0; i < base.length; i++) base[i] *= 1e-140;
      baseExponent += 140;
    }
  }
  let p = result[(k - 1) * size + k - 1];
  for (let i = 1; i <= n; i++) {
    p = (p * i) / n;
    if (p < 1e-140) {
      p *= 1e140;
      exponent -= 140;
    }
  }
  return p * 10 ** exponent;
}

function durbinMatrix(h: number, size: number): Float64Array {
  const matrix = new Float64Array(size * size);
  const inverseFactorial = new Float64Array(size + 1);
  inverseFactorial[0] = 1;
  for (let i = 1; i <= size; i++) inverseFactorial[i] = inverseFactorial[i - 1] / i;
  for (let i = 0; i < size; i++) {
    for (let j = 1; j <= Math.min(size - 1, i + 1); j++) matrix[i * size + j] = inverseFactorial[i - j + 1];
  }
  for (let i = 0; i < size; i++) {
    const corner = i === size - 1 ? 1 - 2 * h ** size + Math.max(0, 2 * h - 1) ** size : 1 - h ** (i + 1);
    matrix[i * size] = corner * inverseFactorial[i + 1];
    matrix[(size - 1) * size + (size - 1 - i)] = matrix[i * size];
  }
  return matrix;
}

function identityMatrix(size: number): Float64Array {
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) matrix[i * size + i] = 1;
  return matrix;
}

function multiply(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const product = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const factor = a[i * size + k];
      if (factor === 0) continue;
      for (let j = 0; j < size; j++) product[i * size + j] += factor * b[k * size + j];
    }
  }
  return product;
}

/** K0(z) + K1(z)/√n + K2(z)/n + K3(z)/n^1.5. */
function pelzGoodCdf(d: number, n: number): number {
  const z = Math.sqrt(n) * d;
  const z2 = z * z;
  const z4 = z2 * z2;
  const z6 = z4 * z2;
  let k0 = 0;
  let k1 = 0;
  let k2 = 0;
  let k3 = 0;
  for (let odd = 1; odd < 400; odd += 2) {
    const m2 = odd * odd;
    const weight = Math.exp((-m2 * PI_SQUARED) / (8 * z2));
    if (weight < 1e-40) break;
    const p2 = (PI_SQUARED * m2) / 4;
    const p4 = p2 * p2;
    k0 += weight;
    k1 += weight * (p2 - z2);
    k2 += weight * (6 * z6 + 2 * z4 + (2 * z4 - 5 * z2) * p2 + (1 - 2 * z2) * p4);
    const inner = (135 * z4 - 96 * z6) * p2 + (212 * z4 - 60 * z2) * p4 + (5 - 30 * z2) * p4 * p2;
    k3 += weight * (inner - 30 * z6 - 90 * z4 * z4);
  }
  let extra2 = 0;
  let extra3 = 0;
  for (let k = 1; k < 400; k++) {
    const weight = k * k * Math.exp((-k * k * PI_SQUARED) / (2 * z2));
    if (weight < 1e-40) break;
    extra2 += weight;
    extra3 += weight * (3 * z2 - PI_SQUARED * k * k);
  }
  const second = k2 / (72 * z6 * z) - (PI_SQUARED * extra2) / (36 * z2 * z);
  const third = k3 / (6480 * z6 * z4) + (PI_SQUARED * extra3) / (216 * z6);
  const sum = k0 / z + k1 / (6 * z4) / Math.sqrt(n) + second / n + third / n ** 1.5;
  return Math.sqrt(2 * Math.PI) * sum;
}

function clipShare(p: number): number {
  return Math.min(1, Math.max(0, p));
}
