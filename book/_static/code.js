// Folded code: one button shows or folds all of a page's; the choice holds for the next page too.
document.addEventListener("DOMContentLoaded", () => {
  const cells = [...document.querySelectorAll("div.cell details.hide")];
  const heading = document.querySelector("article h1");
  if (!cells.length || !heading) return;
  const key = "dlt-code-shown";
  const read = () => { try { return localStorage.getItem(key) === "1"; } catch { return false; } };
  const write = (shown) => { try { localStorage.setItem(key, shown ? "1" : "0"); } catch { /* no storage */ } };
  const button = document.createElement("button");
  button.type = "button";
  button.className = "code-button";
  const set = (shown) => {
    for (const cell of cells) cell.open = shown;
    button.textContent = shown ? "Fold the code of figures and claims" : "Show all code";
    button.setAttribute("aria-pressed", shown);
  };
  button.addEventListener("click", () => {
    const shown = button.getAttribute("aria-pressed") !== "true";
    set(shown);
    write(shown);
  });
  heading.after(button);
  set(read());
});
