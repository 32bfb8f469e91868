// Links to references and definitions show what they lead to: on hover, on focus, until Escape.
document.addEventListener("DOMContentLoaded", () => {
  const note = document.createElement("div");
  Object.assign(note, { id: "shown-note", className: "shown-note", hidden: true });
  note.setAttribute("role", "tooltip");
  document.body.append(note);
  let shown = null;
  const hide = () => {
    note.hidden = true;
    shown?.removeAttribute("aria-describedby");
    shown = null;
  };
  const show = (link) => {
    const target = document.getElementById(link.hash.slice(1));
    if (!target) return;
    hide();
    shown = link;
    note.replaceChildren(...[...target.cloneNode(true).childNodes]);
    for (const inner of note.querySelectorAll("[id]")) inner.removeAttribute("id");
    note.hidden = false;
    link.setAttribute("aria-describedby", note.id);
    const [box, room] = [link.getBoundingClientRect(), document.documentElement.clientWidth];
    const left = Math.max(8, Math.min(box.left, room - note.offsetWidth - 8));
    const above = box.top - note.offsetHeight - 6;
    note.style.left = `${left + scrollX}px`;
    note.style.top = `${(above > 0 ? above : box.bottom + 6) + scrollY}px`;
    if (note.querySelector(".math")) window.MathJax?.typesetPromise?.([note]);
  };
  for (const link of document.querySelectorAll("a.shown")) {
    link.addEventListener("mouseenter", () => show(link));
    link.addEventListener("focus", () => show(link));
    link.addEventListener("mouseleave", (event) => { if (!note.contains(event.relatedTarget)) hide(); });
    link.addEventListener("blur", hide);
  }
  note.addEventListener("mouseleave", hide);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
});
