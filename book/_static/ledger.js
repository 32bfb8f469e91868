// The ledger: choose a chapter or a verdict, sort by claim or verdict.
document.addEventListener("DOMContentLoaded", () => {
  for (const root of document.querySelectorAll(".ledger")) {
    const body = root.querySelector("tbody");
    const rows = [...body.rows];
    const claim = (row) => row.cells[0].textContent;
    const verdict = (row) => row.lastElementChild.textContent;
    const chosen = {
      chapter: (row, value) => claim(row).startsWith(`${value}.`),
      source: (row, value) => row.dataset.source === value,
      verdict: (row, value) => verdict(row).startsWith(value),
      run: (row, value) => row.dataset.run === value,
    };
    const selects = [...root.querySelectorAll("select")];
    const status = root.querySelector("[role=status]");
    const all = status.textContent;

    const choose = () => {
      for (const row of rows) {
        row.hidden = selects.some(({ name, value }) =>
          value !== "all" && !chosen[name](row, value));
      }
      const shown = rows.filter((row) => !row.hidden).length;
      status.textContent = shown === rows.length ? all : `${shown} of ${rows.length} claims`;
    };

    const sort = (head) => {
      const up = head.getAttribute("aria-sort") !== "ascending";
      root.querySelectorAll("th[aria-sort]").forEach((th) => th.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", up ? "ascending" : "descending");
      const text = head.textContent === "claim" ? claim : verdict;
      const order = new Intl.Collator("en", { numeric: true });
      const sorted = [...rows].sort((a, b) => order.compare(text(a), text(b)));
      body.append(...(up ? sorted : sorted.reverse()));
    };

    for (const select of selects) {
      select.disabled = false;
      select.addEventListener("change", choose);
    }
    for (const button of root.querySelectorAll("th button")) {
      button.disabled = false;
      button.addEventListener("click", () => sort(button.closest("th")));
    }
    choose();
  }
});
