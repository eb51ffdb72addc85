/**
 * Seeded random numbers.
 *
 * Generator: sfc32 (Chris Doty-Humphrey, PractRand), 128 bits of state, period at least 2^32 and
 * about 2^127 on average, seeded through splitmix32. Uniforms carry 53 random bits.
 */

/** A stream of draws. Two streams with the same seed give the same draws, in the same order. */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
  /** Standard normal, mean 0 and variance 1. */
  normal(): number;
  /** Exponential with mean 1. */
  exponential(): number;
  /** Gamma with the given shape (> 0) and scale 1; Marsaglia and Tsang (2000). */
  gamma(shape: number): number;
  /** Beta(a, b) with a, b > 0, in [0, 1]. */
  beta(a: number, b: number): number;
  /** Uniform integer in 0 … n − 1, n ≥ 1. Chances differ by less than n·2^-53 of each other. */
  int(n: number): number;
  /** Fisher-Yates in place; returns the same array. */
  shuffle<T extends { length: number; [index: number]: unknown }>(array: T): T;
  /** An independent stream derived from this one's next draws. */
  fork(): Random;
}

/**
 * Starts a stream. `seed` may be any finite number: all 64 bits of it count, so 1, 1.5 and 2^40 + 1 all
 * start different streams.
 *
 * @throws RangeError when the seed is NaN or infinite.
 */
export function createRandom(seed: number): Random {
  if (!Number.isFinite(seed)) throw new RangeError('A random seed must be a finite number.');
  const words = new Uint32Array(Float64Array.of(seed + 0).buffer);
  return new Sfc32(words[0], words[1]);
}

class Sfc32 implements Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;
  #spareNormal = Number.NaN;

  constructor(low: number, high: number) {
    const mixLow = splitmix32(low ^ 0x9e3779b9);
    const mixHigh = splitmix32(high ^ 0x85ebca6b);
    this.#a = mixLow();
    this.#b = mixHigh();
    this.#c = (mixLow() ^ mixHigh()) | 0;
    for (let i = 0; i < 16; i++) this.#word();
  }

  #word(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  next(): number {
    const high = this.#word() >>> 5;
    return (high * 0x4000000 + (this.#word() >>> 6)) / 0x20000000000000;
  }

  normal(): number {
    if (!Number.isNaN(this.#spareNormal)) {
      const spare = this.#spareNormal;
      this.#spareNormal = Number.NaN;
      return spare;
    }
    // Marsaglia's polar method.
    for (;;) {
      const u = 2 * this.next() - 1;
      const v = 2 * this.next() - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) {
        const factor = Math.sqrt((-2 * Math.log(s)) / s);
        this.#spareNormal = v * factor;
        return u * factor;
      }
    }
  }

  exponential(): number {
    return -Math.log(1 - this.next());
  }

  gamma(shape: number): number {
    if (!(shape > 0)) throw new RangeError('A gamma shape must be above 0.');
    if (shape < 1) return this.gamma(shape + 1) * (1 - this.next()) ** (1 / shape);
    const d = shape - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = this.normal();
      const v = (1 + c * x) ** 3;
      if (v > 0 && Math.log(1 - this.next()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
    }
  }

  beta(a: number, b: number): number {
    const x = this.gamma(a);
    const y = this.gamma(b);
    return x + y > 0 ? x / (x + y) : this.next() < a / (a + b) ? 1 : 0;
  }

  int(n: number): number {
    if (!(n >= 1)) throw new RangeError('A random integer needs an upper bound of at least 1.');
    return Math.floor(this.next() * n);
  }

  shuffle<T extends { length: number; [index: number]: unknown }>(array: T): T {
    const cells: { [index: number]: unknown } = array;
    for (let i = array.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      const kept = cells[i];
      cells[i] = cells[j];
      cells[j] = kept;
    }
    return array;
  }

  fork(): Random {
    return new Sfc32(this.#word(), this.#word());
  }
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state ^ (state >>> 16);
    z = Math.imul(z, 0x21f0aaad);
    z ^= z >>> 15;
    z = Math.imul(z, 0x735a2d97);
    return z ^ (z >>> 15);
  };
}
