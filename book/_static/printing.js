// Paper is light, and printing waits for nothing. The fonts of formulas further down are fetched
// once the page stands; figures further down at the first sign that it may be printed: Ctrl or
// Cmd, or a pointer that leaves for the menu.
(() => {
  const page = document.documentElement;
  let theme;
  addEventListener("load", async () => {
    await window.MathJax?.startup?.promise;
    for (const face of document.fonts)
      if (/^\W?MJX(ZERO|TEX(-[ABCI]|-BI|-S[1-4])?)\W?$/.test(face.family)) face.load().catch(() => {});
  });
  const fetchFigures = () => {
    for (const figure of document.querySelectorAll("img[loading]:not(.turned)"))
      figure.loading = "eager";
  };
  addEventListener("beforeprint", () => {
    fetchFigures();
    const names = new Set(document.title.split(" — ")); // the first page is named for the book
    page.style.setProperty("--title", JSON.stringify([...names].join(" — ")));
    theme = page.dataset.theme;
    page.dataset.theme = "light";
  });
  addEventListener("afterprint", () => (page.dataset.theme = theme));
  addEventListener("keydown", ({ ctrlKey, metaKey }) => (ctrlKey || metaKey) && fetchFigures());
  page.addEventListener("mouseleave", fetchFigures);
})();
