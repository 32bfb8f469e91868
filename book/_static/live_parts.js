// What the live pieces share: random numbers, controls, a small chart. No library.

// Standard Gaussian numbers of a seed, the same in every browser.
function gaussians(seed) {
  let state = (seed * 2654435761) >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

// Two digits, or all that stand before the point.
function liveNumber(value) {
  return value < 99.5 ? value.toPrecision(2) : value.toFixed(0);
}

function liveElement(tag, properties = {}, attributes = {}) {
  const made = Object.assign(document.createElement(tag), properties);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// Sliders that write their numbers into state: [{ name, label, min, max, step }].
function liveSliders(sliders, state, show) {
  return sliders.map(({ name, label = name, ...range }) => {
    const box = document.createElement("label");
    const slider = liveElement("input", { type: "range", name, ...range, value: state[name] });
    const output = liveElement("output", { textContent: state[name] });
    slider.addEventListener("input", () => {
      state[name] = Number(slider.value);
      output.textContent = slider.value;
      show();
    });
    box.append(liveElement("span", { innerHTML: label }), slider, output);
    return box;
  });
}

// One of several words, written into state.
function liveChoice(name, words, state, show) {
  const box = document.createElement("label");
  const select = liveElement("select", { name });
  select.append(...words.map((word) => new Option(word, word, false, word === state[name])));
  select.addEventListener("change", () => {
    state[name] = select.value;
    show();
  });
  box.append(name, select);
  return box;
}

function liveButton(text, press) {
  const button = liveElement("button", { type: "button", textContent: text });
  button.addEventListener("click", press);
  return button;
}

// A button that brings back the state in which a piece began.
function liveReset(root, state, show) {
  const start = { ...state };
  return liveButton("Reset", () => {
    Object.assign(state, start);
    for (const field of root.querySelectorAll("input, select")) {
      field.value = state[field.name];
      if (field.nextElementSibling) field.nextElementSibling.textContent = field.value;
    }
    show();
  });
}

// Put the piece where its picture stood, framed as an explorer is; returns the line of text below.
function liveStage(root, title, controls, ...pictures) {
  const status = liveElement("p", { className: "explorer-status" }, { role: "status" });
  const [fields, buttons] = ["live-controls", "explorer-buttons"].map((className) => liveElement("div", { className }));
  for (const control of controls) (control.matches("button") ? buttons : fields).append(control);
  root.replaceChildren(liveElement("p", { className: "explorer-label", textContent: title }), fields, buttons, ...pictures, status);
  return status;
}

function liveTicks(low, high) {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((n) => n * power >= rough);
  const first = Math.ceil(low / step - 1e-9);
  return Array.from({ length: Math.floor(high / step + 1e-9) - first + 1 }, (_, i) =>
    Number(((first + i) * step).toPrecision(6)));
}

// A chart as SVG text. marks: { kind: "line" | "dots" | "bars" | "rule", points: [[x, y]], look }.
function liveChart({ x, y, xlabel, ylabel, title, marks }) {
  const [width, height, left, bottom, top] = [340, 240, 40, 38, 22];
  const px = (v) => left + ((width - left - 8) * (v - x[0])) / (x[1] - x[0]);
  const py = (v) => height - bottom - ((height - bottom - top) * (v - y[0])) / (y[1] - y[0]);
  const at = ([a, b]) => `${px(a).toFixed(2)},${py(Math.min(Math.max(b, y[0]), y[1])).toFixed(2)}`;
  const draw = {
    line: (points, look) => `<polyline class="${look}" points="${points.map(at).join(" ")}"/>`,
    dots: (points, look) => points.map((p) => `<circle class="${look}" r="2.5" cx="${at(p).replace(",", '" cy="')}"/>`).join(""),
    rule: ([[a]], look) => `<path class="${look}" d="M${at([a, y[0]])}V${top}"/>`,
    bars: (points, look) => points.slice(1).map(([b, n], i) =>
      `<path class="${look}" d="M${at([points[i][0], 0])}L${at([points[i][0], n])}H${px(b).toFixed(2)}V${py(0).toFixed(2)}Z"/>`).join(""),
  };
  const said = (v) => String(v).replace("-", "−");
  const ticks = liveTicks(...x).map((v) => `<path class="grid" d="M${at([v, y[0]])}V${top}"/>`
    + `<text x="${px(v)}" y="${height - bottom + 14}" text-anchor="middle">${said(v)}</text>`)
    + liveTicks(...y).map((v) => `<path class="grid" d="M${at([x[0], v])}H${width - 8}"/>`
      + `<text x="${left - 5}" y="${py(v) + 4}" text-anchor="end">${said(v)}</text>`);
  return `<svg viewBox="0 0 ${width} ${height}" aria-hidden="true">${ticks.replaceAll(",<", "<")}
${marks.map(({ kind, points, look }) => draw[kind](points, look)).join("")}
<text x="${(width + left) / 2}" y="${height - 6}" text-anchor="middle">${xlabel}</text>
<text transform="translate(11 ${(height - bottom + top) / 2}) rotate(-90)" text-anchor="middle">${ylabel}</text>
<text class="title" x="${left}" y="14">${title}</text></svg>`;
}

// Start every piece of a kind; where it fails, its picture comes back.
function liveStart(kind, start) {
  document.addEventListener("DOMContentLoaded", () => {
    for (const root of document.querySelectorAll(`.live[data-live="${kind}"]`)) {
      const picture = [...root.childNodes];
      try {
        start(root);
      } catch (error) {
        root.replaceChildren(...picture);
        console.warn(error);
      }
    }
  });
}
