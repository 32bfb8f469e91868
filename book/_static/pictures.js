// On a phone a picture of panels side by side keeps its letters readable: it scrolls sideways.
document.addEventListener("DOMContentLoaded", () => {
  const phone = matchMedia("(max-width: 40rem)");
  for (const picture of document.querySelectorAll("div.cell_output img:not(.turned)")) {
    const twin = picture.nextElementSibling?.matches(".turned") ? [picture.nextElementSibling] : [];
    const told = ["width", "height"].map((side) => Number(picture.getAttribute(side)));
    const fit = () => {
      const [width, height] = told[1] ? told : [picture.naturalWidth, picture.naturalHeight];
      const box = picture.closest(".wide-picture");
      const wide = width > 2 * height || picture.closest(".explorer");
      if (wide && phone.matches && !box) {
        const made = document.createElement("div");
        Object.assign(made, { className: "wide-picture", tabIndex: 0 });
        picture.replaceWith(made);
        made.append(picture, ...twin);
      } else if (box && !phone.matches) {
        box.replaceWith(...box.childNodes);
      }
    };
    if (told[1] || picture.complete) fit();
    else picture.addEventListener("load", fit);
    phone.addEventListener("change", fit);
  }
});
