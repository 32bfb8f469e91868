"""Where the tests find things: the tree, the built site and its pages, the tools."""

import importlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "_build" / "html"
CHAPTERS = sorted(path.stem for path in (ROOT / "book").glob("[0-9]*.ipynb"))
CHAPTER_PAGES = [f"book/{name}.html" for name in CHAPTERS]
CLAIMING = [*CHAPTER_PAGES, "book/how_they_meet.html", "book/your_network.html"]
PAGES = [
    "book/index.html",
    *CLAIMING,
    "book/teaching.html",
    "book/notation.html",
    "book/ledger.html",
    "book/intervals.html",
    "book/scaling.html",
    "book/speed.html",
    *sorted(
        path.relative_to(ROOT).with_suffix(".html").as_posix()
        for folder in ("reference", "teaching")
        for path in (ROOT / "book" / folder).glob("*.md")
    ),
]
TYPESET = """async () => {
  await MathJax.startup.promise;
  await MathJax.startup.document.lazyTypesetAll();
}"""
"""A script that typesets a page's formulas, those out of sight too."""
WIDE = {"viewport": {"width": 1280, "height": 900}}


def tool(name):
    """The module of a command in tools/, which pytest's settings put on the path."""
    return importlib.import_module(name)
