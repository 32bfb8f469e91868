// Typesets the formulas, fits every slide into its edges, and hands them to reveal.js.

(() => {
  const STEP = 0.03; // by which letters get smaller until a slide fits
  const LEAST = 0.6; // the smallest letters, over the usual ones
  const MOST = 1.3; // the largest, where a slide holds words alone

  // An address of an explorer's state would scroll to it before it has its slide.
  if (!location.hash.startsWith("#/")) history.replaceState(null, "", "#/");

  addEventListener("load", async () => {
    await MathJax.startup.promise;
    await MathJax.typesetPromise();
    for (const copy of document.querySelectorAll("aside.notes mjx-assistive-mml")) copy.remove();
    await document.fonts.ready;
    await window.explorersReady;
    document.querySelectorAll(".slide mjx-container[display]").forEach(narrow);
    document.querySelectorAll(".slide .explorer").forEach(enliven);
    document.querySelectorAll(".slide :is(.explorer, .live)").forEach(release);
    document.querySelectorAll(".slide").forEach(fit);
    document.body.classList.remove("fitting");
    await Reveal.initialize({
      width: 1280,
      height: 720,
      margin: 0,
      center: false,
      controls: false,
      hash: true,
      navigationMode: "linear",
      pdfMaxPagesPerSlide: 1,
      slideNumber: "c/t",
      transition: "none",
      keyboardCondition: () => !document.activeElement?.closest(".explorer-figure, .live canvas"),
      plugins: [RevealNotes],
    });
    document.body.dataset.ready = "";
  });

  // A formula wider than its place gets smaller.
  function narrow(formula) {
    const room = formula.parentElement.clientWidth;
    const wide = formula.firstElementChild.getBoundingClientRect().width;
    if (wide > room) formula.style.fontSize = `${(100 * room) / wide}%`;
  }

  // Letters as large as their slide has room for.
  function fit(slide) {
    const body = slide.querySelector(".body");
    const usual = parseFloat(getComputedStyle(slide).fontSize);
    let share = body.querySelector(":scope > img, .explorer, .live") ? 1 : MOST;
    const size = () => (body.style.fontSize = `${usual * share}px`);
    for (size(); leaves(body) && share > LEAST; size()) share -= STEP;
  }

  // Whether something seen in a slide's body is beyond its edges.
  function leaves(body) {
    const edge = box(body);
    return [...body.querySelectorAll(":not(svg *, script, mjx-assistive-mml, mjx-assistive-mml *)")]
      .map(box)
      .some(({ bottom, right }) => bottom > edge.bottom + 1 || right > edge.right + 1);
  }

  // An explorer on a slide: as large as it can be.
  function enliven(explorer) {
    const figure = explorer.querySelector(".explorer-figure");
    if (figure) {
      new MutationObserver(() => place(explorer, figure)).observe(figure, { childList: true });
      place(explorer, figure);
    } else explorer.classList.add("beside");
  }

  // Its controls give the keys back to the slides.
  function release(piece) {
    for (const slider of piece.querySelectorAll("input"))
      slider.addEventListener("pointerup", () => slider.blur());
    for (const choice of piece.querySelectorAll("select"))
      choice.addEventListener("change", () => choice.blur());
    for (const button of piece.querySelectorAll("button"))
      button.addEventListener("click", (event) => event.detail && button.blur());
  }

  // Sliders stand where they leave the picture larger: beside it or above it.
  function place(explorer, figure) {
    const widths = [true, false].map((beside) => widest(explorer, figure, beside));
    const beside = widths[0] >= widths[1];
    explorer.classList.toggle("beside", beside);
    figure.style.width = `${widths[beside ? 0 : 1]}px`;
  }

  // How wide a figure can be without leaving the slide.
  function widest(explorer, figure, beside) {
    explorer.classList.toggle("beside", beside);
    figure.style.width = "100%";
    const { width, height } = box(figure);
    const edge = explorer.closest(".body");
    const below = beside ? 0 : box(explorer.querySelector(".explorer-status")).height + 6;
    const room = box(edge).bottom - box(figure).top - below;
    return (width * Math.min(1, room / height)) / (box(edge).width / edge.offsetWidth);
  }

  const box = (element) => element.getBoundingClientRect();
})();
