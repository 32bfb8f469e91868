// Brings the explorers of a page to life: sliders choose a state, the pointer or the
// arrow keys read values, the address keeps the state. The data stand in the page, packed.

(() => {
  const PAUSE = 700; // milliseconds from one state to the next while playing
  const REACH = 40; // how near a point must be to be read, in pixels

  document.addEventListener("DOMContentLoaded", () => {
    window.explorersReady = start();
  });

  async function start() {
    const explorers = await Promise.all(
      [...document.querySelectorAll(".explorer")].map(async (root, i) => {
        root.id ||= `explorer-${i + 1}`;
        const data = await unpacked(root.querySelector("script").textContent);
        return new Explorer(root, `explorer-${i + 1}`, data);
      }),
    );
    const follow = () => explorers.forEach((explorer) => explorer.follow(location.hash));
    addEventListener("hashchange", follow);
    follow();
  }

  // The states of an explorer: JSON, deflated, in base 64.
  function unpacked(text) {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).json();
  }

  class Explorer {
    constructor(root, name, data) {
      Object.assign(this, { root, name, data });
      this.sliders = [...root.querySelectorAll("input[type=range]")];
      this.status = root.querySelector(".explorer-status");
      this.image = root.querySelector("img");
      this.figure = root.querySelector(".explorer-figure");
      this.title = root.querySelector(".explorer-title");
      this.last = this.sliders.reduce((a, b) => (Number(b.max) > Number(a.max) ? b : a));
      for (const slider of this.sliders) {
        slider.disabled = false;
        slider.addEventListener("input", () => this.moved(slider));
      }
      this.addButtons();
      this.shown = this.number(this.sliders.map((slider) => Number(slider.defaultValue)));
      this.show();
      if (this.figure) this.reader = new Reader(root, this.figure, () => this.scales());
    }

    number(chosen) {
      return chosen.reduce((sum, k, i) => sum * this.data.values[i].length + k, 0);
    }

    // Bring sliders, picture, status line and alternative text to the chosen state.
    show() {
      this.sliders.forEach((slider, i) => {
        const value = this.data.values[i][Number(slider.value)];
        slider.setAttribute("aria-valuetext", value);
        slider.nextElementSibling.textContent = isNaN(value) ? value : set(value);
      });
      const number = this.number(this.sliders.map((slider) => Number(slider.value)));
      if (number === this.shown) return;
      this.shown = number;
      this.status.innerHTML = this.data.texts[number];
      const told = `${this.root.getAttribute("aria-label")}. ${this.status.textContent}`;
      if (this.image) {
        this.image.src = this.data.images[number];
        this.image.alt = told;
      } else {
        this.figure.setAttribute("aria-label", told);
        this.paint(...this.data.states[number]);
        this.reader?.hide();
      }
    }

    // Fill the panels with the pieces of a state; a panel that stays the same is left.
    paint(title, layout, panels) {
      const { layouts, pieces } = this.data;
      if (layout !== (this.layout ?? this.data.states[this.start()][1])) {
        this.figure.innerHTML = layouts[layout];
        this.painted = [];
      }
      this.layout = layout;
      this.title.textContent = title;
      this.painted ??= [];
      this.figure.querySelectorAll(".explorer-row > svg").forEach((svg, i) => {
        const key = panels[i][1].join();
        if (key === this.painted[i]) return;
        this.painted[i] = key;
        svg.innerHTML = panels[i][1].map((piece) => pieces[piece]).join("");
      });
    }

    start() {
      return this.number(this.sliders.map((slider) => Number(slider.defaultValue)));
    }

    scales() {
      return this.data.states[this.shown][2].map(([scale]) => this.data.scales[scale]);
    }

    moved(slider) {
      this.stop();
      this.last = slider;
      this.show();
      this.remember();
    }

    // Put the state into the address; browsers refuse to do that for every step of a drag.
    remember() {
      clearTimeout(this.later);
      const values = this.sliders.map((slider, i) =>
        [this.data.names[i], this.data.values[i][Number(slider.value)]]
          .map(encodeURIComponent)
          .join("="),
      );
      const hash = this.shown === this.start() ? "" : `#${this.name}:${values}`;
      this.later = setTimeout(() => {
        if (location.hash.startsWith("#/")) return; // it says which slide is shown
        const foreign = location.hash && !/^#explorer-\d+:/.test(location.hash);
        if (hash || !foreign)
          history.replaceState(null, "", hash || location.pathname + location.search);
      }, 200);
    }

    // Take the state from an address such as #explorer-2:depth=4,width=32.
    follow(hash) {
      const [name, values] = hash.slice(1).split(":");
      if (name !== this.name || !values) return;
      for (const [key, value] of values.split(",").map((pair) => pair.split("="))) {
        const i = this.data.names.indexOf(decode(key));
        const k = this.data.values[i]?.indexOf(decode(value ?? ""));
        if (k >= 0) this.sliders[i].value = k;
      }
      this.show();
      this.root.scrollIntoView();
    }

    addButtons() {
      const row = document.createElement("div");
      row.className = "explorer-buttons";
      const add = (text, action) => {
        const button = document.createElement("button");
        Object.assign(button, { type: "button", textContent: text });
        button.addEventListener("click", action);
        return row.appendChild(button);
      };
      this.calm = matchMedia("(prefers-reduced-motion: reduce)");
      this.play = add(this.calm.matches ? "Step" : "Play", () => this.toggle());
      add("Reset", () => this.reset());
      this.root.querySelector(".explorer-controls").after(row);
    }

    // Play one slider, the last one moved, round and round; who wants calm gets one step.
    toggle() {
      if (this.timer) return this.stop();
      if (this.calm.matches) return this.step();
      this.play.textContent = "Pause";
      this.status.setAttribute("aria-live", "off");
      this.timer = setInterval(() => (document.hidden ? this.stop() : this.step()), PAUSE);
      return this.step();
    }

    step() {
      const next = Number(this.last.value) + 1;
      this.last.value = next > Number(this.last.max) ? 0 : next;
      this.show();
      this.remember();
    }

    stop() {
      if (!this.timer) return;
      clearInterval(this.timer);
      this.timer = undefined;
      this.play.textContent = "Play";
      this.status.removeAttribute("aria-live");
    }

    reset() {
      this.stop();
      for (const slider of this.sliders) slider.value = slider.defaultValue;
      this.show();
      this.remember();
    }
  }

  // Tells the values of the point that is nearest to the pointer, or walks along a curve.
  class Reader {
    constructor(root, figure, scales) {
      Object.assign(this, { root, figure, scales });
      this.note = document.createElement("output");
      this.note.className = "explorer-readout";
      this.note.hidden = true;
      root.append(this.note);
      figure.tabIndex = 0;
      figure.addEventListener("pointermove", (event) => this.point(event));
      figure.addEventListener("pointerdown", (event) => this.point(event));
      figure.addEventListener("pointerleave", (event) => {
        if (event.pointerType === "mouse") this.hide(); // a finger leaves when lifted
      });
      figure.addEventListener("keydown", (event) => this.press(event));
      figure.addEventListener("blur", () => this.hide());
    }

    // The curves of the state: their elements, panels and places, read when first asked for.
    curves() {
      this.found ??= [...this.figure.querySelectorAll(".explorer-row > svg")].flatMap(
        (panel, i) =>
          [...panel.querySelectorAll(".l, .k, .b")]
            .filter((element) => element.closest(".explorer-row > svg > svg"))
            .map((element) => {
              const axes = this.scales()[i][Number(element.dataset.a ?? 0)];
              return { panel, element, axes, at: places(element).filter(inside(axes.box)) };
            })
            .filter(({ at }) => at.length),
      );
      return this.found;
    }

    hide() {
      this.note.hidden = true;
      this.dot?.remove();
      this.found = this.here = undefined;
    }

    point(event) {
      let best = REACH;
      let found;
      this.curves().forEach((curve, c) => {
        const matrix = curve.panel.getScreenCTM();
        curve.at.forEach(([x, y], k) => {
          const away = Math.hypot(
            matrix.a * x + matrix.e - event.clientX,
            matrix.d * y + matrix.f - event.clientY,
          );
          if (away < best) [best, found] = [away, [c, k]];
        });
      });
      if (found) this.tell(...found);
      else this.hide();
    }

    press(event) {
      const step = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowDown: [1, 0], ArrowUp: [-1, 0] };
      if (event.key === "Escape") this.hide();
      if (!step[event.key] || !this.curves().length) return;
      event.preventDefault();
      this.tell(...(this.here ? this.next(...this.here, ...step[event.key]) : [0, 0]));
    }

    // From point k of curve c to another curve, at the same share of it, or along it and
    // on to the next one. The places of a line are dense: a key goes a fiftieth of them.
    next(c, k, across, along) {
      const curves = this.curves();
      const { at, element } = curves[c];
      const stride = element.matches(".l") ? Math.max(1, Math.round(at.length / 50)) : 1;
      const place = k + along * stride;
      const leaves = place < 0 || place >= at.length;
      const other = (c + across + (leaves ? along : 0) + curves.length) % curves.length;
      const length = curves[other].at.length;
      if (across) return [other, Math.floor((k / at.length) * length)];
      return leaves ? [other, along > 0 ? 0 : length - 1] : [c, place];
    }

    // Show the values of one point beside it, inside the explorer.
    tell(c, k) {
      const { panel, element, axes, at } = this.curves()[c];
      const [x, y] = at[k];
      const values = [
        [axes.x, x / (axes.box[0] * 10), x, "x"],
        [axes.y, 1 - y / (axes.box[1] * 10), y, "y"],
      ].map(([axis, share, place, name]) => `${axis.label || name}: ${value(axis, share, place)}`);
      this.note.textContent = [element.dataset.n, ...values].filter(Boolean).join("\n");
      this.note.hidden = false;
      this.here = [c, k];
      this.dot ??= document.createElementNS("http://www.w3.org/2000/svg", "circle");
      this.dot.setAttribute("class", "explorer-dot");
      Object.entries({ cx: x, cy: y, r: 50 }).forEach((pair) => this.dot.setAttribute(...pair));
      panel.append(this.dot);
      const dot = this.dot.getBoundingClientRect();
      const frame = this.root.getBoundingClientRect();
      const scale = frame.width / this.root.offsetWidth; // slides are scaled as a whole
      const [start, end, top] = [dot.left - frame.left, dot.right - frame.left, dot.top - frame.top];
      const left = end / scale + 8;
      const room = this.root.offsetWidth - this.note.offsetWidth - 4;
      this.note.style.left = `${Math.max(4, left > room ? start / scale - this.note.offsetWidth - 8 : left)}px`;
      this.note.style.top = `${top / scale - this.note.offsetHeight - 4}px`;
    }
  }

  const inside = ([width, height]) => ([x, y]) =>
    x >= -5 && x <= 10 * width + 5 && y >= -5 && y <= 10 * height + 5;

  // The places of a path in tenths of a pixel: along lines, at markers, at the ends of bars.
  function places(element) {
    const found = [];
    let [x, y] = [0, 0];
    let bar = [];
    const walk = (dx, dy) => {
      const steps = Math.max(1, Math.ceil(Math.hypot(dx, dy) / 20));
      for (let i = 1; i <= steps; i++) found.push([x + (dx * i) / steps, y + (dy * i) / steps]);
      [x, y] = [x + dx, y + dy];
    };
    for (const [, letter, text] of element.getAttribute("d").matchAll(/([A-Za-z])([^A-Za-z]*)/g)) {
      const numbers = (text.match(/-?\d+/g) ?? []).map(Number);
      if (letter === "M") [x, y] = numbers;
      if (element.matches(".b")) {
        if (letter === "z") found.push(end(bar, element.matches(".h")));
        bar = letter === "M" ? numbers : [...bar, ...numbers];
      } else if (letter === "M") found.push([x, y]);
      else if (letter === "l" && element.matches(".l"))
        for (let i = 0; i < numbers.length; i += 2) walk(numbers[i], numbers[i + 1]);
    }
    return found;
  }

  // Where a bar ends: in the middle of its last side.
  function end([x, y, width, height], lying) {
    return lying ? [x + width, y + height / 2] : [x + width / 2, y + height];
  }

  // The value at a share of an axis; where the axis has words, the nearest of them.
  function value({ limits, scale, names }, share, place) {
    if (names) {
      const away = ([at]) => Math.abs(at - place);
      const nearest = names.reduce((a, b) => (away(b) < away(a) ? b : a), names[0]);
      if (nearest && away(nearest) < 60) return nearest[1];
    }
    const [there, back] = transforms(...scale);
    const [low, high] = limits.map(there);
    return words(back(low + share * (high - low)), limits, scale[0]);
  }

  function transforms(name, threshold, share, base) {
    if (name === "log") return [Math.log, Math.exp];
    if (name !== "symlog") return [(v) => v, (v) => v];
    const linear = (share * base) / (base - 1);
    const there = (v) =>
      Math.abs(v) <= threshold
        ? v * linear
        : Math.sign(v) * threshold * (linear + Math.log(Math.abs(v) / threshold) / Math.log(base));
    const back = (t) =>
      Math.abs(t) <= threshold * linear
        ? t / linear
        : Math.sign(t) * threshold * base ** (Math.abs(t) / threshold - linear);
    return [there, back];
  }

  // A number as exact as a place on the page tells it: the box has about a thousand.
  function words(number, [low, high], scale) {
    const digits = scale === "linear" ? Math.floor(3 - Math.log10(Math.abs(high - low))) : -1;
    const decades = scale === "log" ? Math.abs(Math.log10(high / low)) : 0;
    const shown = digits >= 0 ? number.toFixed(digits) : number.toPrecision(decades > 4 ? 2 : 3);
    return set(String(Number(shown)));
  }

  // A number with a minus sign and a power of ten as such, not -2e-9.
  function set(number) {
    const [factor, power] = number.replace(/^-/, "−").split("e");
    return power ? `${factor} × 10${raised(Number(power))}`.replace(/^(−?)1 × /, "$1") : factor;
  }

  function raised(power) {
    return String(power).replace(/./g, (sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]);
  }

  function decode(text) {
    try {
      return decodeURIComponent(text);
    } catch {
      return text; // a lone % in an address typed by hand
    }
  }
})();
