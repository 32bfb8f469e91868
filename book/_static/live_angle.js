// Two inputs through one random network, live: the angle between them, layer by layer, beside the
// curve of infinite width (chapter 2; helpers/edge_of_chaos).
const ANGLE = { width: 200, depth: 50 };
const ANGLE_GRID = Array.from({ length: 97 }, (_, i) => -8 + i / 6);
const ANGLE_WEIGHTS = ANGLE_GRID.map((z) => Math.exp((-z * z) / 2) / 6 / Math.sqrt(2 * Math.PI));

const ANGLE_PHI = { tanh: Math.tanh, relu: (x) => Math.max(x, 0) };
const ANGLE_SLOPE = { tanh: (x) => 1 - Math.tanh(x) ** 2, relu: (x) => (x > 0 ? 1 : 0) };

// E g(sqrt(q) Z)^2.
function gaussianSquare(g, q) {
  return ANGLE_GRID.reduce((sum, z, i) => sum + ANGLE_WEIGHTS[i] * g(Math.sqrt(q) * z) ** 2, 0);
}

// E phi(u) phi(v) of a Gaussian pair of variance q and correlation c.
function gaussianPair(name, q, c) {
  const rest = Math.sqrt(Math.max(0, 1 - c * c));
  if (name === "relu") return (q * (rest + c * (Math.PI - Math.acos(c)))) / (2 * Math.PI);
  const [phi, root] = [ANGLE_PHI[name], Math.sqrt(q)];
  return ANGLE_GRID.reduce((sum, z, i) => sum + ANGLE_WEIGHTS[i] * phi(root * z)
    * ANGLE_GRID.reduce((inner, w, j) => inner + ANGLE_WEIGHTS[j] * phi(root * (c * z + rest * w)), 0), 0);
}

// Infinite width: variance q_l and correlation c_l of two inputs of norm sqrt(width), layer 0 the inputs;
// chi, the slope at c = 1 of the last layer.
function angleLaw({ activation, sigma_w, sigma_b, degrees }, depth = ANGLE.depth) {
  const [q, c] = [[1], [Math.cos((degrees * Math.PI) / 180)]];
  for (let l = 0; l < depth; l += 1) {
    const square = l ? (activation === "relu" ? q[l] / 2 : gaussianSquare(ANGLE_PHI[activation], q[l])) : 1;
    const pair = l ? gaussianPair(activation, q[l], c[l]) : c[0];
    q.push(sigma_b ** 2 + sigma_w ** 2 * square);
    c.push(Math.min(1, (sigma_b ** 2 + sigma_w ** 2 * pair) / q[l + 1]));
  }
  const slope = activation === "relu" ? 0.5 : gaussianSquare(ANGLE_SLOPE[activation], q.at(-1));
  return { q, c, chi: sigma_w ** 2 * slope };
}

// The standard normal numbers of one network: [layer][row] holds a row of weights, its bias last.
function angleNormals(seed, { width, depth } = ANGLE) {
  const normal = gaussians(seed);
  return Float32Array.from({ length: depth * width * (width + 1) }, normal);
}

// The correlations <z, z'> / |z| |z'| of every layer's pre-activations, the inputs first.
function angleNetwork(normals, { activation, sigma_w, sigma_b, degrees }, { width, depth } = ANGLE) {
  const [phi, turn] = [ANGLE_PHI[activation], (degrees * Math.PI) / 180];
  let h = new Float64Array(width);
  let k = new Float64Array(width);
  [h[0], k[0], k[1]] = [Math.sqrt(width), Math.sqrt(width) * Math.cos(turn), Math.sqrt(width) * Math.sin(turn)];
  const found = [Math.cos(turn)];
  for (let layer = 0, at = 0; layer < depth; layer += 1) {
    const [z, y] = [new Float64Array(width), new Float64Array(width)];
    let [zz, yy, zy] = [0, 0, 0];
    for (let i = 0; i < width; i += 1, at += width + 1) {
      let [first, second] = [0, 0];
      for (let j = 0; j < width; j += 1) {
        first += normals[at + j] * h[j];
        second += normals[at + j] * k[j];
      }
      const bias = sigma_b * normals[at + width];
      z[i] = (sigma_w / Math.sqrt(width)) * first + bias;
      y[i] = (sigma_w / Math.sqrt(width)) * second + bias;
      zz += z[i] * z[i];
      yy += y[i] * y[i];
      zy += z[i] * y[i];
    }
    found.push(zy / Math.sqrt(zz * yy));
    [h, k] = [z.map(phi), y.map(phi)];
  }
  return found;
}

// In a phase the variance has a limit above 0; a ReLU network above its edge has none.
function anglePhase({ activation, sigma_b }, { chi }) {
  if (Math.abs(chi - 1) < 0.02 && !(activation === "relu" && sigma_b)) return "At the edge";
  if (chi < 1) return sigma_b ? "Ordered" : "The variance vanishes";
  return activation === "relu" ? "The variance diverges" : "Chaotic";
}

liveStart("angle", (root) => {
  const state = { seed: 1, activation: "tanh", sigma_w: 1.3, sigma_b: 0.2, degrees: 60 };
  let normals = angleNormals(state.seed);
  const picture = liveElement("div", { className: "live-row" }, { role: "img" });
  const degrees = (c) => (Math.acos(Math.min(1, Math.max(-1, c))) * 180) / Math.PI;
  const show = () => {
    const law = angleLaw(state);
    const angles = angleNetwork(normals, state).map(degrees);
    const limit = law.c.map(degrees);
    const phase = anglePhase(state, law);
    const chart = (title, ylabel, y, ours, theirs) => liveChart({
      x: [0, ANGLE.depth], y, xlabel: "layer", ylabel, title,
      marks: [{ kind: "line", points: theirs, look: "ink" }, { kind: "dots", points: ours, look: "red" }]
        .map((mark) => ({ ...mark, points: mark.points.map((v, l) => [l, v]).filter(([, v]) => v >= y[0]) })),
    });
    const decades = (all) => all.map(Math.log10);
    const shown = (v) => (v < 1e-4 ? "below 0.0001" : liveNumber(v));
    picture.innerHTML = chart(`${phase}: χ₁ = ${law.chi.toFixed(2)}`,
      "angle in degrees", [0, 180], angles, limit)
      + chart("the same on a logarithmic axis", "log₁₀ of the angle", [-4, 2.3], decades(angles), decades(limit));
    status.textContent = `${phase}: after ${ANGLE.depth} layers of ${ANGLE.width} neurons `
      + `${shown(angles.at(-1))} degrees, infinite width ${shown(limit.at(-1))}`;
    picture.setAttribute("aria-label", status.textContent);
  };
  const redraw = () => { normals = angleNormals(state.seed); show(); };
  const status = liveStage(root, "Two inputs through one network", [
    ...liveSliders([
      { name: "sigma_w", label: "σ<sub>w</sub>", min: 0.6, max: 3, step: 0.02 },
      { name: "sigma_b", label: "σ<sub>b</sub>", min: 0, max: 1, step: 0.05 },
      { name: "degrees", label: "angle", min: 1, max: 90, step: 1 },
    ], state, show),
    liveChoice("activation", ["tanh", "relu"], state, show),
    liveButton("New network", () => { state.seed += 1; redraw(); }),
    liveReset(root, state, redraw),
  ], picture);
  root.live = { state, show };
  show();
});
