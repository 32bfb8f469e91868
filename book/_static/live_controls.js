// The sliders, the keys and the pointer of a live map of linear regions (live.js).
const SLIDERS = [
  { name: "depth", min: 1, max: LIVE.depth, step: 1 },
  { name: "width", min: 2, max: LIVE.width, step: 1 },
  { name: "bias", min: 0, max: 1, step: 0.05 },
];

function liveControls(root) {
  const state = { seed: 1, depth: 3, width: 16, bias: 0.5, x: 0, y: 0, half: 3 };
  const canvas = document.createElement("canvas");
  const side = Number(root.dataset.side ?? 480);
  canvas.width = canvas.height = side * Math.min(2, window.devicePixelRatio || 1);
  const renderer = liveRenderer(canvas);
  if (!renderer) return; // the picture stays
  canvas.tabIndex = 0;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", "Map of the linear regions of a random network. "
    + "Arrow keys move it, plus and minus zoom.");
  let waiting = null;
  const count = () => {
    const seen = new Set(renderer.regions(state));
    status.textContent = `${state.depth} × ${state.width} neurons: ${seen.size} regions with a pixel in `
      + `this window, ${liveNumber(2 * state.half)} wide`;
    status.append(liveElement("span", { className: "live-hint", textContent: ". Drag it; the keys + and − zoom." }));
  };
  const show = () => {
    renderer.draw(state);
    clearTimeout(waiting);
    waiting = setTimeout(count, 150);
  };

  const status = liveStage(root, "Regions of a random network", [
    ...liveSliders(SLIDERS, state, show),
    liveButton("New network", () => { state.seed += 1; show(); }),
    liveReset(root, state, show),
  ], canvas);

  const zoom = (factor) => { state.half = Math.min(100, Math.max(1e-4, state.half * factor)); };
  canvas.addEventListener("keydown", (event) => {
    const step = state.half / 5;
    const moves = {
      ArrowLeft: () => { state.x -= step; }, ArrowRight: () => { state.x += step; },
      ArrowUp: () => { state.y += step; }, ArrowDown: () => { state.y -= step; },
      "+": () => zoom(1 / 1.3), "-": () => zoom(1.3),
    };
    if (!moves[event.key]) return;
    event.preventDefault();
    moves[event.key]();
    show();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    const scale = (2 * state.half) / canvas.clientHeight;
    state.x -= event.movementX * scale;
    state.y += event.movementY * scale;
    show();
  });
  canvas.addEventListener("wheel", (event) => {
    if (document.activeElement !== canvas) return; // the page scrolls until the map is chosen
    event.preventDefault();
    zoom(Math.exp(event.deltaY / 800));
    show();
  }, { passive: false });

  root.live = { state, renderer, show };
  show();
}

document.addEventListener("DOMContentLoaded", () => document.querySelectorAll(".live:not([data-live])").forEach(liveControls));
