// The eigenvalues of a symmetric matrix, and one vector's components along the eigenvectors.

// Householder's reduction of a symmetric matrix; the vector turns with the basis.
function tridiagonal(a, m, vector) {
  const e = new Float64Array(m);
  const [w, p] = [new Float64Array(m), new Float64Array(m)];
  for (let k = 0; k < m - 2; k += 1) {
    let square = 0;
    for (let i = k + 1; i < m; i += 1) square += a[i * m + k] ** 2;
    const first = a[(k + 1) * m + k];
    e[k] = first > 0 ? -Math.sqrt(square) : Math.sqrt(square);
    const half = square - first * e[k]; // |w|^2 / 2
    if (half === 0) continue;
    for (let i = k + 1; i < m; i += 1) w[i] = a[i * m + k];
    w[k + 1] -= e[k];
    let [inner, turn] = [0, 0];
    for (let i = k + 1; i < m; i += 1) {
      let sum = 0;
      for (let j = k + 1; j < m; j += 1) sum += a[i * m + j] * w[j];
      p[i] = sum / half;
      inner += w[i] * p[i];
      turn += w[i] * vector[i];
    }
    for (let i = k + 1; i < m; i += 1) {
      p[i] -= (inner / (2 * half)) * w[i];
      vector[i] -= (turn / half) * w[i];
    }
    for (let i = k + 1; i < m; i += 1) {
      for (let j = k + 1; j < m; j += 1) a[i * m + j] -= w[i] * p[j] + p[i] * w[j];
    }
  }
  if (m > 1) e[m - 2] = a[m * m - 2];
  return [Float64Array.from({ length: m }, (_, i) => a[i * m + i]), e];
}

// QL with implicit shifts: d becomes the eigenvalues, vector its components along the eigenvectors.
function implicitQl(d, e, vector) {
  for (let l = 0; l < d.length; l += 1) {
    sweep: for (;;) {
      let m = l;
      while (m < d.length - 1 && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m += 1;
      if (m === l) break;
      const g0 = (d[l + 1] - d[l]) / (2 * e[l]);
      let g = d[m] - d[l] + e[l] / (g0 + Math.sign(g0 || 1) * Math.hypot(g0, 1));
      let [s, c, shift] = [1, 1, 0];
      for (let i = m - 1; i >= l; i -= 1) {
        const [f, b] = [s * e[i], c * e[i]];
        const r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= shift;
          e[m] = 0;
          continue sweep;
        }
        [s, c] = [f / r, g / r];
        g = d[i + 1] - shift;
        const t = (d[i] - g) * s + 2 * c * b;
        shift = s * t;
        d[i + 1] = g + shift;
        g = c * t - b;
        [vector[i], vector[i + 1]] = [c * vector[i] - s * vector[i + 1], s * vector[i] + c * vector[i + 1]];
      }
      d[l] -= shift;
      e[l] = g;
      e[m] = 0;
    }
  }
}
