"""MathJax in parts: what the chapters use, and formulas in view are typeset first.

The package brings one file of 1.2 MB, a third of it a menu. The parts named here are
loaded in its place; assistive MathML stays, which screen readers read.
"""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from theorems import SQUARE

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


def load_parts(app: Sphinx, config: Config) -> None:
    """Tell MathJax what to load, beside what MyST-NB tells it."""
    config.mathjax_path = "mathjax/startup.js"
    chosen = dict(config.mathjax3_config or {})
    chosen["loader"] = {"load": PARTS}
    packages = [part[6:] for part in PARTS if part.startswith("[tex]/")]
    chosen["tex"] = {"packages": {"[+]": packages}} | chosen.get("tex", {})
    config.mathjax3_config = chosen


STOP = re.compile(r"[.,;:!?)\]”’]+|-\w+")


def keep_stops(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Keep a formula together with the bracket before it, the stop or ending behind.

    A browser may break a line on either side of a typeset formula.
    """
    for formula in list(doctree.findall(nodes.math)):
        parent = formula.parent
        behind = parent.children[parent.index(formula) + 1 :][:1]
        stop = STOP.match(behind[0]) if behind and isinstance(behind[0], str) else None
        place = parent.index(formula)
        before = parent[place - 1].astext() if place else ""
        opening = before.endswith("(") and isinstance(parent[place - 1], nodes.Text)
        if not (stop or opening):
            continue
        whole = nodes.inline(classes=["with-stop"])
        parent.replace(formula, whole)
        if opening:
            parent[place - 1] = nodes.Text(before[:-1])
            whole += nodes.Text("(")
        whole += formula
        if stop:
            parent[place + 1] = nodes.Text(stop.string[stop.end() :])
            whole += nodes.Text(stop[0])
    for square in list(doctree.findall(nodes.math)):
        if square.astext() == SQUARE:
            _keep_with_the_word_before(square)


def _keep_with_the_word_before(square: nodes.math) -> None:
    """Do not let the square that ends a proof stand alone on a line."""
    line = square.parent
    place = line.index(square)
    before = line[place - 1] if place else None
    if not isinstance(before, nodes.Text):
        return
    words, _, last = before.astext().rstrip().rpartition(" ")
    whole = nodes.inline(classes=["with-stop"])
    kept: list[nodes.Node]
    if last:
        kept, left = [nodes.Text(f"{last} ")], [nodes.Text(f"{words} ")]
    else:  # the word is a formula with its stop
        place -= 1
        kept, left = [line[place - 1], before], []
    line[place - 1 : line.index(square) + 1] = [*left, whole]
    whole += [*kept, square]


def setup(app: Sphinx) -> dict[str, Any]:
    """Settings are read before the pages; formulas are looked at in read ones."""
    app.connect("config-inited", load_parts, priority=900)
    app.connect("doctree-resolved", keep_stops)
    return {"version": "1", "parallel_read_safe": True}
