"""MathJax in parts: what the chapters use, and formulas in view are typeset first.

The package brings one file of 1.2 MB, a third of it a menu. The parts named here are
loaded in its place; assistive MathML stays, which screen readers read.
"""

from __future__ import annotations

from typing import Any

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


def load_parts(app: Sphinx, config: Config) -> None:
    """Tell MathJax what to load, beside what MyST-NB tells it."""
    config.mathjax_path = "mathjax/startup.js"
    chosen = dict(config.mathjax3_config or {})
    chosen["loader"] = {"load": PARTS}
    packages = [part[6:] for part in PARTS if part.startswith("[tex]/")]
    chosen["tex"] = {"packages": {"[+]": packages}} | chosen.get("tex", {})
    config.mathjax3_config = chosen


def setup(app: Sphinx) -> dict[str, Any]:
    """Settings are read before the pages."""
    app.connect("config-inited", load_parts, priority=900)
    return {"version": "1", "parallel_read_safe": True}
