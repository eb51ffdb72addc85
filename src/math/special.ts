/**
 * Special functions behind every p-value and interval.
 *
 * Accuracy: relative error about 1e-13 over the ranges tested (see `special.test.ts`), also far out in the
 * tails and for parameters up to 1e6. Arguments outside the domain give NaN, never an exception.
 *
 * Sources: C. Loader (2000), "Fast and accurate computation of binomial probabilities" (saddle-point
 * prefactors); W. Press et al., "Numerical Recipes" 3rd ed., 6.1-6.4 (Lanczos series, continued fractions by
 * the modified Lentz method); A. R. DiDonato, A. H. Morris (1992), TOMS 708 (incomplete beta); M. J. Wichura (1988), algorithm AS 241 (normal quantile).
 */

const HALF_LOG_TWO_PI = 0.9189385332046728;
const EPSILON = 2.220446049250313e-16;
const TINY = 1e-300;

const LANCZOS = [
  57.15623566586292, -59.59796035547549, 14.136097974741746, -0.4919138160976202, 3.399464998481189e-5,
  4.652362892704858e-5, -9.837447530487956e-5, 0.0001580887032249125, -0.00021026444172410488,
  0.00021743961811521265, -0.0001643181065367639, 8.441822398385275e-5, -2.6190838401581408e-5,
  3.689918265953163e-6,
];

/** ln Γ(x) for x > 0; Infinity at 0, NaN below. */
export function logGamma(x: number): number {
  if (!(x >= 0)) return Number.NaN;
  if (x === 0 || x === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  if (x >= 15) return (x - 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI + stirlingSeries(x);
  let series = 0.9999999999999971;
  for (let i = 0; i < LANCZOS.length; i++) series += LANCZOS[i] / (x + i + 1);
  const t = x + 5.2421875;
  return (x + 0.5) * Math.log(t) - t + Math.log((2.5066282746310007 * series) / x);
}

/** ln B(a, b) = ln Γ(a) + ln Γ(b) − ln Γ(a + b), a, b > 0, without cancellation for large arguments. */
export function logBeta(a: number, b: number): number {
  if (!(a > 0 && b > 0)) return Number.NaN;
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (large < 15) return logGamma(small) + logGamma(large) - logGamma(small + large);
  const sum = small + large;
  const tail = stirlingSeries(large) - stirlingSeries(sum);
  // Γ(large)/Γ(sum) with the logarithms taken of ratios.
  const ratio = -(large - 0.5) * Math.log1p(small / large) - small * Math.log(sum) + small + tail;
  return logGamma(small) + ratio;
}

/** The error of Stirling's formula: ln Γ(z + 1) − [(z + ½) ln z − z + ½ ln 2π], z > 0. */
function stirlingError(z: number): number {
  if (z >= 15) return stirlingSeries(z);
  return logGamma(z + 1) - (z + 0.5) * Math.log(z) + z - HALF_LOG_TWO_PI;
}

function stirlingSeries(z: number): number {
  const w = 1 / (z * z);
  const inner = 1 / 1680 - w * (1 / 1188 - w * (691 / 360360 - w / 156));
  return (1 / 12 - w * (1 / 360 - w * (1 / 1260 - w * inner))) / z;
}

/** Loader's deviance part: x ln(x/m) + m − x ≥ 0 for x, m ≥ 0, without cancellation near x = m. */
export function devianceTerm(x: number, m: number): number {
  if (x === 0) return m;
  const difference = x - m;
  if (Math.abs(difference) >= 0.1 * (x + m)) return x * Math.log(x / m) + m - x;
  const v = difference / (x + m);
  let sum = difference * v;
  let term = 2 * x * v;
  for (let j = 1; j < 1000; j++) {
    term *= v * v;
    const next = sum + term / (2 * j + 1);
    if (next === sum) break;
    sum = next;
  }
  return sum;
}

/** x^a e^-x / Γ(a + 1), the Poisson probability continued to real a > 0. */
function poissonTerm(a: number, x: number): number {
  if (a < 1) return Math.exp(a * Math.log(x) - x - logGamma(a + 1));
  return Math.exp(-stirlingError(a) - devianceTerm(a, x)) / Math.sqrt(2 * Math.PI * a);
}

/** ln of the binomial probability continued to real a, b > 0, where x + y = 1: Γ(a+b+1)/(Γ(a+1)Γ(b+1)) x^a y^b. */
function logBinomialTerm(a: number, b: number, x: number, y: number): number {
  const n = a + b;
  const correction = stirlingError(n) - stirlingError(a) - stirlingError(b);
  const deviance = devianceTerm(a, n * x) + devianceTerm(b, n * y);
  return correction - deviance + 0.5 * Math.log(n / (2 * Math.PI * a * b));
}

/** Upper regularised incomplete gamma Q(a, x), in [0, 1], a > 0, x ≥ 0; precise in its own tail. */
export function gammaQ(a: number, x: number): number {
  if (!(a > 0 && x >= 0)) return Number.NaN;
  return x < a + 1 ? 1 - gammaSeries(a, x) : gammaFraction(a, x);
}

function gammaSeries(a: number, x: number): number {
  if (x === 0) return 0;
  let term = 1;
  let sum = 1;
  for (let n = 1; n < 1_000_000; n++) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * EPSILON * 0.1) break;
  }
  return Math.min(1, poissonTerm(a, x) * sum);
}

function gammaFraction(a: number, x: number): number {
  if (x === Number.POSITIVE_INFINITY) return 0;
  let b = x + 1 - a;
  let c = 1 / TINY;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 1_000_000; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / nonZero(an * d + b);
    c = nonZero(b + an / c);
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < EPSILON) break;
  }
  return Math.min(1, poissonTerm(a, x) * a * h);
}

/** I_x(a, b) where the caller knows y = 1 − x to full precision. */
function betaIncOf(x: number, y: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && x >= 0 && y >= 0)) return Number.NaN;
  if (x === 0) return 0;
  if (y === 0) return 1;
  const front = Math.exp(logBinomialTerm(a, b, x, y) + Math.log((a / (a + b)) * b));
  if (a * y + 1 > (b + 2) * x) return Math.min(1, front * betaFraction(x, y, a, b));
  return Math.max(0, 1 - front * betaFraction(y, x, b, a));
}

/** I_x(a, b) · B(a, b) / (x^a y^b); the contracted fraction of DiDonato & Morris, without 1 − x. */
function betaFraction(x: number, y: number, a: number, b: number): number {
  const lead = a * y - b * x + 1;
  let h = nonZero((a * lead) / (a + 1));
  let c = h;
  let d = 0;
  for (let m = 1; m < 100_000; m++) {
    const odd = a + 2 * m - 1;
    const an = ((((a + m - 1) / odd) * (a + b + m - 1)) / odd) * m * (b - m) * x * x;
    const bn = m + (m * (b - m) * x) / odd + ((a + m) * (lead + m * (1 + y))) / (a + 2 * m + 1);
    d = 1 / nonZero(bn + an * d);
    c = nonZero(bn + an / c);
    const step = c * d;
    h *= step;
    if (Math.abs(step - 1) < EPSILON) break;
  }
  return 1 / h;
}

function nonZero(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}

/** Error function, in [−1, 1]. */
export function erf(x: number): number {
  if (Math.abs(x) > 1.2) return x > 0 ? 1 - erfc(x) : erfc(-x) - 1;
  let term = x;
  let sum = x;
  for (let n = 1; n < 100; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
    if (Math.abs(term) < Math.abs(sum) * EPSILON * 0.1) break;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** Complementary error function 1 − erf(x), in [0, 2], precise for large x. */
export function erfc(x: number): number {
  if (x < 1.2) return x < -1.2 ? 2 - erfc(-x) : 1 - erf(x);
  return gammaFraction(0.5, x * x);
}

/** Probability that a standard normal is above z, precise for large z. */
export function normalSf(z: number): number {
  return 0.5 * erfc(z / Math.SQRT2);
}

const A = [
  2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946,
  1971.5909503065513, 133.14166789178438, 3.3871328727963665,
];
const B = [
  5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751,
  687.1870074920579, 42.31333070160091, 1,
];
const C = [
  0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684, 3.6478483247632045,
  5.769497221460691, 4.630337846156546, 1.4234371107496835,
];
const D = [
  1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008, 0.6897673349851,
  1.6763848301838038, 2.053191626637759, 1,
];
const E = [
  2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124,
  0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103,
];
const F = [
  2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133,
  0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1,
];

/** z with P(Z ≤ z) = p; −∞ at 0, +∞ at 1, NaN outside [0, 1]. Algorithm AS 241, 16 digits. */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return Number.NaN;
  if (p === 0) return Number.NEGATIVE_INFINITY;
  if (p === 1) return Number.POSITIVE_INFINITY;
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * horner(A, r)) / horner(B, r);
  }
  const r = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const z = r <= 5 ? horner(C, r - 1.6) / horner(D, r - 1.6) : horner(E, r - 5) / horner(F, r - 5);
  return q < 0 ? -z : z;
}

function horner(coefficients: readonly number[], x: number): number {
  let value = 0;
  for (const coefficient of coefficients) value = value * x + coefficient;
  return value;
}

/** P(T > t), precise for large t. */
export function tSf(t: number, df: number): number {
  if (Number.isNaN(t) || !(df > 0)) return Number.NaN;
  if (df === Number.POSITIVE_INFINITY) return normalSf(t);
  if (t < 0) return 1 - tSf(-t, df);
  if (t === Number.POSITIVE_INFINITY) return 0;
  const ratio = (t / df) * t;
  return 0.5 * betaIncOf(1 / (1 + ratio), ratio / (1 + ratio), df / 2, 0.5);
}

/** t with P(T ≤ t) = p. */
export function tQuantile(p: number, df: number): number {
  if (!(p >= 0 && p <= 1) || !(df > 0)) return Number.NaN;
  if (df === Number.POSITIVE_INFINITY) return normalQuantile(p);
  if (p === 0.5) return 0;
  const tail = Math.min(p, 1 - p);
  if (tail === 0) return p === 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  const t = invertTail((value) => tSf(value, df), tail, Math.max(0.1, Math.abs(normalQuantile(tail))));
  return p < 0.5 ? -t : t;
}

/** P(χ² > x), precise in the upper tail. */
export function chiSquareSf(x: number, df: number): number {
  return x <= 0 ? 1 : gammaQ(df / 2, x / 2);
}

/** v > 0 where the decreasing function `tailOf` equals `tail`: secant on (ln v, ln tail) inside a bracket. */
function invertTail(tailOf: (value: number) => number, tail: number, start: number): number {
  const target = Math.log(tail);
  const gap = (u: number): number => Math.log(tailOf(Math.exp(u))) - target;
  let low = Math.log(start);
  let lowGap = gap(low);
  let high = low;
  let highGap = lowGap;
  for (let step = 0.1; lowGap < 0 && low > -700; step *= 2) {
    low -= step;
    lowGap = gap(low);
  }
  for (let step = 0.1; highGap > 0 && high < 700; step *= 2) {
    high += step;
    highGap = gap(high);
  }
  let kept = 0;
  for (let i = 0; i < 200 && high - low > 1e-15 * Math.max(1, Math.abs(high)); i++) {
    // Illinois variant of the false position.
    let middle = (low * highGap - high * lowGap) / (highGap - lowGap);
    if (!(middle > low && middle < high) || i % 8 === 7) middle = 0.5 * (low + high);
    const middleGap = gap(middle);
    if (middleGap === 0 || middle === low || middle === high) return Math.exp(middle);
    if (middleGap > 0) {
      low = middle;
      lowGap = middleGap;
      if (kept === 1) highGap /= 2;
      kept = 1;
    } else {
      high = middle;
      highGap = middleGap;
      if (kept === -1) lowGap /= 2;
      kept = -1;
    }
  }
  return Math.exp(0.5 * (low + high));
}
