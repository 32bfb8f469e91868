// On a phone a picture whose letters would get too small to read is wider than the column: it scrolls.
document.addEventListener("DOMContentLoaded", () => {
  const phone = matchMedia("(max-width: 40rem)");
  const [COLUMN, LETTER, LEAST, READ] = [358, 13, 7.6, 10]; // pixels; letters as helpers/style.py draws them
  for (const picture of document.querySelectorAll("div.cell_output img:not(.turned)")) {
    const twin = picture.nextElementSibling?.matches(".turned") ? [picture.nextElementSibling] : [];
    const fit = () => {
      const width = Number(picture.getAttribute("width")) || picture.naturalWidth;
      const box = picture.closest(".wide-picture");
      if ((LETTER * COLUMN) / width < LEAST && phone.matches && !box) {
        const made = document.createElement("div");
        made.className = "wide-picture";
        made.style.setProperty("--wide", `${Math.round((width * READ) / LETTER)}px`);
        picture.replaceWith(made);
        made.append(picture, ...twin);
        window.showMore?.(made);
      } else if (box && !phone.matches) {
        box.replaceWith(picture, ...twin);
      }
    };
    if (picture.getAttribute("width") || picture.complete) fit();
    else picture.addEventListener("load", fit);
    phone.addEventListener("change", fit);
  }
});
