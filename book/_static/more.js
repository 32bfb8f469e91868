// What is wider than its column scrolls, by the keyboard too, and says on which side there is more.
document.addEventListener("DOMContentLoaded", () => {
  const boxes = ".math, .highlight > pre, .wide-picture, .pst-scrollable-table-container";
  const SLACK = 4; // pixels: an accent may stand out by three
  const given = new Set();
  const look = (box) => {
    const beyond = box.scrollWidth - box.clientWidth;
    const sides = [box.scrollLeft > SLACK && "left", beyond - box.scrollLeft > SLACK && "right"];
    const more = sides.filter(Boolean).join(" ");
    if (more === (box.dataset.more ?? "")) return;
    if (more) box.dataset.more = more;
    else delete box.dataset.more;
    if (more && box.tabIndex < 0) { box.tabIndex = 0; given.add(box); }
    if (!more && given.delete(box)) box.removeAttribute("tabindex"); // a formula is set now
  };
  const sizes = new ResizeObserver((seen) => {
    for (const box of new Set(seen.map(({ target }) => target.closest(boxes)))) if (box) look(box);
  });
  const watch = (box) => [box, ...box.children].forEach((one) => sizes.observe(one));
  const changes = new MutationObserver((seen) => seen.forEach(({ target }) => watch(target)));
  window.showMore = (box) => {
    watch(box);
    changes.observe(box, { childList: true });
    box.addEventListener("scroll", () => look(box), { passive: true });
  };
  for (const printed of document.querySelectorAll(".cell_output pre"))
    printed.classList.toggle("columns", printed.textContent.trim().split("\n").length > 3);
  document.querySelectorAll(`.bd-article :is(${boxes})`).forEach(window.showMore);
});
