// The picture and the controls of the particles in two basins (live_basins.js).

// The landscape: ellipses around the sharp minimum inside the ridge, circles around the flat one outside.
function basinsDraw(canvas, cloud) {
  const pen = canvas.getContext("2d");
  const look = getComputedStyle(canvas);
  const ellipse = (q, a, b) => { pen.beginPath(); pen.ellipse(0, q, a, b, 0, 0, 2 * Math.PI); pen.stroke(); };
  const ridgePath = () => { pen.beginPath(); pen.ellipse(0, CENTRE_Q, RADIUS / SCALE[0], RADIUS / SCALE[1], 0, 0, 2 * Math.PI); };
  pen.setTransform(1, 0, 0, 1, 0, 0);
  pen.clearRect(0, 0, canvas.width, canvas.height);
  const unit = canvas.width / 3.4; // w from -1.7 to 1.7; p and q are its diagonals, seen from (1, 1)
  pen.setTransform(unit * Math.SQRT1_2, unit * Math.SQRT1_2, unit * Math.SQRT1_2, -unit * Math.SQRT1_2, 2.7 * unit, 0.7 * unit);
  [pen.strokeStyle, pen.lineWidth, pen.globalAlpha] = [look.color, 0.006, 0.35];
  for (const level of [0.5, 1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5]) {
    pen.save();
    ridgePath();
    pen.clip();
    ellipse(0, ...BASINS.c.map((c) => Math.sqrt(level / c)));
    pen.restore();
    pen.save();
    ridgePath();
    pen.rect(-9, -9, 18, 18);
    pen.clip("evenodd");
    ellipse(BASINS.flat[1], Math.sqrt(level), Math.sqrt(level));
    pen.restore();
  }
  pen.globalAlpha = 0.7;
  for (const [left, name] of [[false, "--dlt-blue"], [true, "--dlt-vermillion"]]) {
    pen.fillStyle = look.getPropertyValue(name) || look.color;
    cloud.exit.forEach((step, run) => {
      if (left === step > 0) pen.fillRect(cloud.u[2 * run] - 0.012, cloud.u[2 * run + 1] - 0.012, 0.024, 0.024);
    });
  }
}

// Whether a formula in view is still to be typeset, which is done in idle time.
const formulasWait = () => [...document.querySelectorAll("mjx-lazy")].some((one) => {
  const { top, bottom } = one.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
});

liveStart("basins", (root) => {
  const state = { seed: 1, noise: "hessian", energy: 0.01, step: BASINS.steps };
  const canvas = liveElement("canvas", { width: 720, height: 720 }, { role: "img" });
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let [cloud, normal, waiting] = [null, null, 0];
  const show = () => {
    basinsDraw(canvas, cloud);
    const out = cloud.exit.reduce((sum, step) => sum + (step > 0), 0);
    status.textContent = `${state.noise}, step ${state.step} of ${BASINS.steps}: ${out} of ${cloud.exit.length} have left `
      + `at least once, ${((100 * out) / cloud.exit.length).toFixed(1)} %`;
    canvas.setAttribute("aria-label", `Particles in two basins. ${status.textContent}`);
  };
  const go = () => { // one frame; readers who want no motion see the last one only
    if (formulasWait()) { waiting = requestAnimationFrame(go); return; }
    const [end, start] = [Math.min(BASINS.steps, state.step + (still.matches ? 50 : 2)), performance.now()];
    do basinsStep(cloud, state.step += 1, state, normal);
    while (state.step < end && (still.matches || performance.now() - start < 5));
    if (!still.matches || end === BASINS.steps) show();
    waiting = state.step < BASINS.steps ? requestAnimationFrame(go) : 0;
  };
  const begin = () => {
    cancelAnimationFrame(waiting);
    state.step = 0;
    normal = gaussians(state.seed);
    const spread = [Math.sqrt(1e-3), Math.sqrt(1e-4)];
    cloud = basinsCloud(Float64Array.from({ length: 2 * BASINS.samples * BASINS.particles }, (_, i) => spread[i % 2] * normal()));
  };
  const run = () => { begin(); pause.textContent = "Pause"; go(); };
  const pause = liveButton("Pause", () => {
    const running = waiting !== 0;
    cancelAnimationFrame(waiting);
    waiting = running || state.step === BASINS.steps ? 0 : requestAnimationFrame(go);
    pause.textContent = running ? "Go on" : "Pause";
  });
  const status = liveStage(root, "Particles in two basins", [
    liveChoice("noise", Object.keys(BASINS_NOISE), state, run),
    ...liveSliders([{ name: "energy", min: 0, max: 0.03, step: 0.001 }], state, run),
    liveButton("Run again", () => { state.seed += 1; run(); }),
    pause,
    liveReset(root, state, run),
  ], canvas);
  root.live = { state, run, cloud: () => cloud };
  begin();
  show();
  new IntersectionObserver((seen, observer) => {
    if (seen.some((entry) => entry.isIntersecting)) { observer.disconnect(); run(); }
  }).observe(canvas);
});
