// Claims: a link to one opens it. The ledger: search, choose, sort; the state is in the address.
document.addEventListener("DOMContentLoaded", () => {
  const open = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target?.matches("details.claim")) target.open = true;
  };
  window.addEventListener("hashchange", open);
  open();

  for (const root of document.querySelectorAll(".ledger")) {
    const list = root.querySelector(".claims");
    const claims = [...list.children];
    const fields = [...root.querySelectorAll("select, input")];
    const status = root.querySelector("[role=status]");
    const all = status.textContent;
    const signs = { "\u00a0": " ", "−": "-", "×": "x" };
    const plain = (text) => text.toLowerCase().replace(/[\u00a0−×]/g, (sign) => signs[sign]);
    // What is shown and, where formulas are set, what was typed: σw and sigma_w.
    const words = new Map(claims.map((claim) => [claim, plain([claim.textContent,
      ...[...claim.querySelectorAll("[data-typed]")].map((part) => part.dataset.typed)].join("\n"))]));
    const matches = ({ name, value }, claim) => {
      if (!value || name === "sort") return true;
      if (name === "search") return words.get(claim).includes(plain(value));
      return claim.dataset[name] === value;
    };

    const show = () => {
      for (const claim of claims) claim.hidden = !fields.every((field) => matches(field, claim));
      const shown = claims.filter((claim) => !claim.hidden).length;
      status.textContent = shown === claims.length ? all : `${shown} of ${claims.length} claims`;
      const byVerdict = fields.some(({ name, value }) => name === "sort" && value);
      const verdicts = [...root.querySelectorAll("select[name=verdict] option")].map((o) => o.value);
      const place = (claim) => verdicts.indexOf(claim.dataset.verdict);
      list.append(...(byVerdict ? [...claims].sort((a, b) => place(a) - place(b)) : claims));
    };

    const remember = () => {
      const state = new URLSearchParams(
        fields.filter(({ value }) => value).map(({ name, value }) => [name, value]));
      history.replaceState(null, "", `${state}` ? `#?${state}` : location.pathname + location.search);
    };

    const recall = () => {
      if (location.hash && !location.hash.startsWith("#?")) return;
      const state = new URLSearchParams(location.hash.slice(2));
      for (const field of fields) {
        field.value = state.get(field.name) ?? "";
        if (field.selectedIndex === -1) field.value = ""; // an address of another build
      }
      show();
    };

    for (const field of fields) {
      field.disabled = false;
      field.addEventListener("input", () => { show(); remember(); });
    }
    window.addEventListener("hashchange", recall);
    recall();
  }
});
