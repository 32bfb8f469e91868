"""Where the tests find things: the tree, the built site and its pages, the tools."""

import base64
import functools
import gc
import importlib
import json
import zlib
from pathlib import Path

from bs4 import BeautifulSoup

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
EXPLORERS_READY = "async () => { await window.explorersReady; }"
"""A script that waits for a page's explorers, whose data are unpacked after loading."""
WIDE = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}}


def tool(name):
    """The module of a command in tools/, which pytest's settings put on the path."""
    return importlib.import_module(name)


@functools.cache
def parsed(site, page):
    """The tree of a page, to read and not to change: tests share it.

    It stays to the end, and is not searched for garbage: that took much time.
    """
    tree = BeautifulSoup((site / page).read_text(encoding="utf-8"), "html.parser")
    gc.freeze()
    return tree


def unpacked(text):
    """The states of an explorer, from the script element that holds them."""
    return json.loads(zlib.decompress(base64.b64decode(text)))


def typeset(page):
    """Typeset every formula of a page that has some."""
    if page.evaluate("Boolean(window.MathJax)"):
        page.wait_for_function("MathJax.startup?.promise")
        page.evaluate(TYPESET)
