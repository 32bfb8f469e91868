// The page Search: what a result shows is the text of its page, not the names of its buttons.
document.addEventListener("DOMContentLoaded", () => {
  if (typeof Search === "undefined") return;
  const text = Search.htmlToText;
  Search.htmlToText = (html, ...place) => {
    const page = new DOMParser().parseFromString(html, "text/html");
    for (const part of page.querySelectorAll(".bd-header-article, #jb-print-docs-body")) part.remove();
    return text(page.documentElement.outerHTML, ...place);
  };
});
