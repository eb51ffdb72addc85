/**
 * Solves A x = b for a symmetric positive semi-definite A, given as the lower triangle of a row-major n × n
 * array that is overwritten by its factor L (A = L Lᵀ); x overwrites `b`. A direction in which A is flat
 * (pivot below 1e-12 of the diagonal entry) gets x = 0 instead of a division by zero.
 * Source: Golub & Van Loan, Matrix Computations (4th ed.), algorithm 4.2.1.
 */
export function solveCholesky(a: Float64Array, b: Float64Array): void {
  const n = b.length;
  const isFlat = new Uint8Array(n);
  for (let j = 0; j < n; j++) {
    const diagonal = a[j * n + j];
    let pivot = diagonal;
    for (let k = 0; k < j; k++) pivot -= a[j * n + k] ** 2;
    isFlat[j] = pivot > 1e-12 * diagonal ? 0 : 1;
    const root = isFlat[j] ? 1 : Math.sqrt(pivot);
    a[j * n + j] = root;
    for (let i = j + 1; i < n; i++) {
      let sum = a[i * n + j];
      for (let k = 0; k < j; k++) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = isFlat[j] ? 0 : sum / root;
    }
  }
  for (let i = 0; i < n; i++) {
    let sum = b[i];
    for (let k = 0; k < i; k++) sum -= a[i * n + k] * b[k];
    b[i] = isFlat[i] ? 0 : sum / a[i * n + i];
  }
  for (let i = n - 1; i >= 0; i--) {
    let sum = b[i];
    for (let k = i + 1; k < n; k++) sum -= a[k * n + i] * b[k];
    b[i] = isFlat[i] ? 0 : sum / a[i * n + i];
  }
}
