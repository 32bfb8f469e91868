// On a phone a picture of panels side by side keeps its letters readable: it scrolls sideways.
document.addEventListener("DOMContentLoaded", () => {
  const phone = matchMedia("(max-width: 40rem)");
  for (const picture of document.querySelectorAll("div.cell_output img")) {
    const fit = () => {
      const wide = picture.naturalWidth > 2.1 * picture.naturalHeight;
      const inside = picture.parentElement.classList.contains("wide-picture");
      if (wide && phone.matches && !inside) {
        const box = document.createElement("div");
        Object.assign(box, { className: "wide-picture", tabIndex: 0 });
        picture.replaceWith(box);
        box.append(picture);
      } else if (inside && !phone.matches) {
        picture.parentElement.replaceWith(picture);
      }
    };
    if (picture.complete) fit();
    else picture.addEventListener("load", fit);
    phone.addEventListener("change", fit);
  }
});
