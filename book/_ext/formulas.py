"""MathJax in parts: what the chapters use, and formulas in view are typeset first.

The package brings one file of 1.2 MB, a third of it a menu. The parts named here are
loaded in its place; assistive MathML stays, which screen readers read. A formula in a
line stays with the bracket before it and the stop behind it: a browser breaks the line
there, since a typeset formula is no letter.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

PARTS = [
    "core",
    "input/tex-base",
    "[tex]/ams",
    "[tex]/boldsymbol",
    "[tex]/newcommand",
    "output/chtml",
    "ui/lazy",
    "a11y/assistive-mml",
]
OPENING = re.compile(r"[(\[“‘]\Z")
CLOSING = re.compile(r"[,.;:!?)\]”’]+|-\w+")


def load_parts(app: Sphinx, config: Config) -> None:
    """Tell MathJax what to load, beside what MyST-NB tells it."""
    config.mathjax_path = "mathjax/startup.js"
    chosen = dict(config.mathjax3_config or {})
    chosen["loader"] = {"load": PARTS}
    packages = [part[6:] for part in PARTS if part.startswith("[tex]/")]
    chosen["tex"] = {"packages": {"[+]": packages}} | chosen.get("tex", {})
    config.mathjax3_config = chosen


def keep_together(app: Sphinx, doctree: nodes.document) -> None:
    """Wrap each formula of a line and what may not part from it."""
    for formula in list(doctree.findall(nodes.math)):
        line = formula.parent
        place = line.index(formula)
        before, after = _text(line, place - 1), _text(line, place + 1)
        opening, closing = OPENING.search(before), CLOSING.match(after)
        whole = nodes.inline("", "", classes=["unbroken"])
        if opening:
            line[place - 1] = nodes.Text(before[: opening.start()])
            whole.append(nodes.Text(opening[0]))
        if closing:
            line[place + 1] = nodes.Text(after[closing.end() :])
        if opening or closing:
            line.replace(formula, whole)
            whole.append(formula)
            whole.append(nodes.Text(closing[0] if closing else ""))


def _text(line: nodes.Element, place: int) -> str:
    """The text at a place of a line; "" if there is none, or something else."""
    found = line[place] if 0 <= place < len(line) else None
    return found.astext() if isinstance(found, nodes.Text) else ""


def setup(app: Sphinx) -> dict[str, Any]:
    """Settings are read before the pages; lines are looked at when all else is done."""
    app.connect("config-inited", load_parts, priority=900)
    app.connect("doctree-read", keep_together, priority=900)
    return {"version": "1", "parallel_read_safe": True}
