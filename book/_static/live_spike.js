// One signal in noise, live: W = R + theta u v^T is drawn here, the eigenvalues of W^T W are computed
// here, and the reader pulls the signal through the threshold (chapter 9; helpers/heavy_tails).

// Noise R [n, m] of variance 1 / n, directions u, v; and the parts of W^T W that theta does not change.
function spikeDraw(seed, n, m) {
  const normal = gaussians(seed);
  const direction = (size) => {
    const x = Float64Array.from({ length: size }, normal);
    const length = Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
    return x.map((value) => value / length);
  };
  const [u, v] = [direction(n), direction(m)];
  const noise = Float64Array.from({ length: n * m }, () => normal() / Math.sqrt(n));
  const gram = new Float64Array(m * m);
  const cross = new Float64Array(m); // R^T u
  for (let row = 0; row < n; row += 1) {
    const r = noise.subarray(row * m, (row + 1) * m);
    for (let i = 0; i < m; i += 1) {
      cross[i] += r[i] * u[row];
      for (let j = 0; j <= i; j += 1) gram[i * m + j] += r[i] * r[j];
    }
  }
  return { n, m, u, v, noise, gram, cross };
}

// The eigenvalues of W^T W, and the square of v's component along each eigenvector.
function spikeSpectrum({ m, v, gram, cross }, theta) {
  const a = new Float64Array(m * m);
  for (let i = 0; i < m; i += 1) {
    for (let j = 0; j <= i; j += 1) {
      a[i * m + j] = gram[i * m + j] + theta * (cross[i] * v[j] + v[i] * cross[j]) + theta * theta * v[i] * v[j];
      a[j * m + i] = a[i * m + j];
    }
  }
  const along = Float64Array.from(v);
  const [d, e] = tridiagonal(a, m, along);
  implicitQl(d, e, along);
  const order = Array.from(d.keys()).sort((i, j) => d[i] - d[j]);
  return { values: order.map((i) => d[i]), overlaps: order.map((i) => along[i] ** 2) };
}

// The limits: Marchenko and Pastur's density, and where a signal of strength theta ends up.
function spikeLaw(theta, q) {
  const [c, h] = [1 / q, theta * theta];
  const edges = [(1 - Math.sqrt(c)) ** 2, (1 + Math.sqrt(c)) ** 2];
  const density = (x) => (x > edges[0] && x < edges[1]
    ? (q / (2 * Math.PI)) * Math.sqrt((edges[1] - x) * (x - edges[0])) / x : 0);
  if (h * h <= c) return { edges, density, position: edges[1], overlap: 0 };
  return { edges, density, position: (1 + h) * (c + h) / h, overlap: 1 - c * (1 + h) / (h * (h + c)) };
}

liveStart("spike", (root) => {
  const state = { seed: 1, Q: 2, strength: 1.5 };
  const trail = [];
  let drawn = null;
  const picture = liveElement("div", { className: "live-row" }, { role: "img" });
  const measure = () => {
    const theta = state.strength * state.Q ** -0.25;
    const { values, overlaps } = spikeSpectrum(drawn, theta);
    return { theta, law: spikeLaw(theta, state.Q), values, top: values.at(-1), overlap: overlaps.at(-1) };
  };
  const show = () => {
    const found = measure();
    const { law, top, overlap, values } = found;
    trail.push([state.strength, top, overlap]);
    const end = 1.05 * Math.max(spikeLaw(3 * state.Q ** -0.25, state.Q).position, top);
    const bars = Array.from({ length: 61 }, (_, i) => [(i * end) / 60, 0]);
    for (const value of values) bars[Math.floor((value / end) * 60) + 1][1] += 60 / end / values.length;
    const grid = Array.from({ length: 101 }, (_, i) => law.edges[0] + ((law.edges[1] - law.edges[0]) * i) / 100);
    const strengths = Array.from({ length: 121 }, (_, i) => i / 40);
    const limit = (key) => strengths.map((f) => [f, spikeLaw(f * state.Q ** -0.25, state.Q)[key]]);
    picture.innerHTML = liveChart({
      x: [0, end], y: [0, 1.05 * Math.max(...bars.map((bar) => bar[1]), ...grid.map((x) => law.density(x)))], xlabel: "eigenvalue", ylabel: "density",
      title: law.overlap ? "The signal shows" : "The signal is hidden",
      marks: [{ kind: "bars", points: bars, look: "sky" },
        { kind: "line", points: grid.map((x) => [x, law.density(x)]), look: "ink" },
        ...(law.overlap ? [{ kind: "rule", points: [[law.position]], look: "red dashed" }] : []),
        { kind: "dots", points: [[top, 0]], look: "red" }],
    }) + liveChart({
      x: [0, 3], y: [0, end], xlabel: "strength of the signal / threshold", ylabel: "",
      title: "orange: largest eigenvalue, blue: squared overlap",
      marks: [{ kind: "line", points: limit("position"), look: "ink" },
        { kind: "line", points: limit("overlap"), look: "ink dashed" },
        { kind: "dots", points: trail.map(([f, value]) => [f, value]), look: "red" },
        { kind: "dots", points: trail.map(([f, , value]) => [f, value]), look: "blue" }],
    });
    status.textContent = `Largest of ${drawn.m} eigenvalues ${top.toFixed(2)}, limit ${law.position.toFixed(2)}; `
      + `squared overlap with the signal ${overlap.toFixed(2)}, limit ${law.overlap.toFixed(2)}`;
    picture.setAttribute("aria-label", status.textContent);
  };
  const redraw = () => {
    trail.length = 0;
    drawn = spikeDraw(state.seed, 150 * state.Q, 150);
    show();
  };
  const status = liveStage(root, "A signal in a random matrix", [
    ...liveSliders([{ name: "strength", min: 0, max: 3, step: 0.05 }], state, show),
    ...liveSliders([{ name: "Q", min: 1, max: 4, step: 1 }], state, redraw),
    liveButton("New matrix", () => { state.seed += 1; redraw(); }),
    liveReset(root, state, redraw),
  ], picture);
  root.live = { state, measure, show, drawn: () => drawn };
  redraw();
});
