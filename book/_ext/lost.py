"""404.html: what a host shows for an address that is not there, at any depth.

The page carries its own style and leads to the book by its full address, since nothing
relative holds where it is shown.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sharing import site
from sphinx.application import Sphinx

PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Not here: Deep Learning Theory, executable</title>
<style>
:root {{ color-scheme: light dark; }}
body {{
  color: #222832;
  font: 1rem/1.5 -apple-system, BlinkMacSystemFont, "Segoe UI", Roboto,
    "Helvetica Neue", Arial, sans-serif;
  margin: 15vh auto;
  max-width: 32rem;
  padding: 0 1rem;
}}
a {{ color: #176de8; }}
@media (prefers-color-scheme: dark) {{
  body {{ background: #121212; color: #ced6dd; }}
  a {{ color: #528fe4; }}
}}
</style>
<main>
{logo}
<h1>There is no page at this address</h1>
<p>It may have moved with a new version of the book.</p>
<p><a href="{base}book/index.html">The ten chapters</a>,
<a href="{base}search.html">the search</a>,
<a href="{base}book/ledger.html">the ledger of claims</a>.</p>
</main>
</html>
"""


def write_page(app: Sphinx, error: Exception | None) -> None:
    """Write the page beside the built ones."""
    if error is None and app.builder.format == "html":
        static = Path(app.srcdir) / "book" / "_static"
        logo = (static / "favicon.svg").read_text(encoding="utf-8")
        logo = logo.replace("<svg", '<svg width="64" aria-hidden="true"', 1)
        text = PAGE.format(logo=logo, base=site(app))
        (Path(app.outdir) / "404.html").write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, Any]:
    """Write it when all pages stand."""
    app.connect("build-finished", write_page)
    return {"version": "1", "parallel_read_safe": True}
