// Particles in two basins, live: noisy descent of thousands from the sharp minimum, first exits counted
// (chapter 6; the landscape and the steps of helpers/sgd_noise/particles.py).
const BASINS = { c: [10, 100], lr: 0.005, steps: 500, particles: 2000, samples: 100, flat: [0, -2 * Math.SQRT2] };
const CENTRE_Q = -BASINS.flat[1] / (BASINS.c[1] - 1);
const RADIUS = Math.sqrt(BASINS.flat[1] ** 2 + (BASINS.c[1] - 1) * CENTRE_Q ** 2);
const SCALE = BASINS.c.map((c) => Math.sqrt(c - 1));

// How far u - x lies from the ridge, in the coordinates in which the sharp basin is a disc.
const ridge = (p, q) => Math.hypot(SCALE[0] * p, SCALE[1] * (q - CENTRE_Q)) - RADIUS;

// The data x [R * samples * 2] of R particles in the sharp minimum, and what the data have in common.
function basinsCloud(x, particles = BASINS.particles) {
  const n = x.length / (2 * particles);
  const cloud = { x, n, u: new Float64Array(2 * particles), mean: [], cov: [], reach: [], exit: new Int32Array(particles) };
  for (let run = 0; run < particles; run += 1) {
    const own = x.subarray(2 * n * run, 2 * n * (run + 1));
    const [mean, cov] = moments(own);
    let reach = 0;
    for (let i = 0; i < own.length; i += 2) {
      reach = Math.max(reach, Math.hypot(SCALE[0] * (own[i] - mean[0]), SCALE[1] * (own[i + 1] - mean[1])));
    }
    cloud.mean.push(mean);
    cloud.cov.push(cov);
    cloud.reach.push(reach);
  }
  cloud.seen = cloud.mean.map((_, run) => basinsAt(cloud, run));
  return cloud;
}

// Mean [2] and covariance [pp, pq, qq] of points in the plane.
function moments(points) {
  const n = points.length / 2;
  const [mean, cov] = [[0, 0], [0, 0, 0]];
  for (let i = 0; i < points.length; i += 2) {
    mean[0] += points[i] / n;
    mean[1] += points[i + 1] / n;
  }
  for (let i = 0; i < points.length; i += 2) {
    const [a, b] = [points[i] - mean[0], points[i + 1] - mean[1]];
    cov[0] += (a * a) / n;
    cov[1] += (a * b) / n;
    cov[2] += (b * b) / n;
  }
  return [mean, cov];
}

// Of one particle: share of samples that see it in the sharp basin, gradient, covariance of gradients.
function basinsAt({ x, n, u, mean, cov, reach }, run) {
  const { c, flat } = BASINS;
  const [p, q] = [u[2 * run] - mean[run][0], u[2 * run + 1] - mean[run][1]];
  const beyond = ridge(p, q);
  if (Math.abs(beyond) > reach[run]) {
    const [f, g] = beyond < 0 ? [2 * c[0], 2 * c[1]] : [2, 2];
    const [a, b] = beyond < 0 ? [p, q] : [p - flat[0], q - flat[1]];
    return [beyond < 0 ? 1 : 0, [f * a, g * b], [f * f * cov[run][0], f * g * cov[run][1], g * g * cov[run][2]]];
  }
  const slopes = new Float64Array(2 * n); // near the ridge the samples may disagree
  let sharp = 0;
  for (let i = 0; i < n; i += 1) {
    const at = 2 * (n * run + i);
    const [a, b] = [u[2 * run] - x[at], u[2 * run + 1] - x[at + 1]];
    const inside = c[0] * a * a + c[1] * b * b < (a - flat[0]) ** 2 + (b - flat[1]) ** 2;
    sharp += inside ? 1 : 0;
    slopes[2 * i] = inside ? 2 * c[0] * a : 2 * (a - flat[0]);
    slopes[2 * i + 1] = inside ? 2 * c[1] * b : 2 * (b - flat[1]);
  }
  return [sharp / n, ...moments(slopes)];
}

// Noise of E|noise|^2 = 1 from two standard normal numbers.
const BASINS_NOISE = {
  constant: (share, cov, [z, y]) => [z * Math.SQRT1_2, y * Math.SQRT1_2],
  diagonal: (share, [pp, pq, qq], [z, y]) => {
    const part = (pp + 2 * pq + qq) / (2 * (pp + qq)); // the share of w1's variance
    const [a, b] = [z * Math.sqrt(part), y * Math.sqrt(1 - part)];
    return [(a - b) * Math.SQRT1_2, (a + b) * Math.SQRT1_2];
  },
  leading: (share, [pp, pq, qq], [z, y]) => {
    const first = Math.sqrt(pp / (pp + qq));
    const slant = pq / (pp + qq) / first;
    return [first * z, slant * z + Math.sqrt(Math.max(qq / (pp + qq) - slant * slant, 0)) * y];
  },
  hessian: (share, cov, [z, y]) => {
    const [a, b] = BASINS.c.map((c) => share * (c - 1) + 1);
    return [z * Math.sqrt(a / (a + b)), y * Math.sqrt(b / (a + b))];
  },
  first: (share, cov, [z]) => (share > 0 ? [0, z] : [-z * Math.SQRT1_2, z * Math.SQRT1_2]),
};

// One step of all particles; `normal` gives the numbers, two a particle.
function basinsStep(cloud, step, { noise, energy }, normal) {
  for (let run = 0; run < cloud.exit.length; run += 1) {
    const [share, slope, cov] = cloud.seen[run];
    const push = BASINS_NOISE[noise](share, cov, [normal(), normal()]);
    for (const i of [0, 1]) cloud.u[2 * run + i] += Math.sqrt(energy) * push[i] - BASINS.lr * slope[i];
    cloud.seen[run] = basinsAt(cloud, run);
    if (!cloud.exit[run] && cloud.seen[run][0] < 0.5) cloud.exit[run] = step;
  }
}
