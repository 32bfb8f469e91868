"""What a first visit to a page of the built site loads, from the files alone.

The page with the data of its explorers, its styles, scripts and icons, and the parts of
MathJax that it names. Figures are fetched when they come near; which of them a screen
shows, and the fonts of its formulas (up to 0.4 MB), only a browser knows: see
tests/site/test_weight.py.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

BUDGET = 2.5
"""Megabytes that a first visit to a chapter may move: formulas, and what is near."""

_TAG = re.compile(r"<(?:script|img|link)\b[^>]*>")
_SOURCE = re.compile(r'\b(?:src|href)="([^"]+)"')
_LOADED = re.compile(r'<(?:script|img)|rel="(?:stylesheet|icon)"')
_MATHJAX = re.compile(r"<script>window\.MathJax = (.*?)</script>")
_FONT = re.compile(r"url\(([^)]*\.woff)\)")


_LATER = 'loading="lazy"'
_TWIN = 'class="turned"'


def first_visit(page: Path) -> float:
    """Megabytes that a page and what it names weigh, without fonts and figures."""
    return sum(path.stat().st_size for path in {page, *_files(page)}) / 1e6


def figures(page: Path) -> float:
    """Megabytes of a page's figures, as they are in the light or in the dark."""
    tags = _TAG.findall(page.read_text(encoding="utf-8"))
    later = [tag for tag in tags if _LATER in tag and _TWIN not in tag]
    sources = {found[1] for tag in later if (found := _SOURCE.search(tag))}
    return sum((page.parent / source).stat().st_size for source in sources) / 1e6


def _files(page: Path) -> Iterator[Path]:
    text = page.read_text(encoding="utf-8")
    for tag in _TAG.findall(text):
        source = _SOURCE.search(tag)
        if _LATER in tag or not _LOADED.search(tag):
            continue
        if source and not urlsplit(source[1]).scheme:
            path = (page.parent / unquote(urlsplit(source[1]).path)).resolve()
            yield path
            if path.suffix == ".css":
                yield from _fonts(path)
            if path.name == "startup.js":
                yield from _parts(path.parent, text)


def _fonts(style: Path) -> Iterator[Path]:
    for url in _FONT.findall(style.read_text(encoding="utf-8")):
        yield (style.parent / url).resolve()


def _parts(mathjax: Path, text: str) -> Iterator[Path]:
    """The parts that the page asks for, and the font data that chtml brings."""
    named = _MATHJAX.search(text)
    for part in json.loads(named[1])["loader"]["load"] if named else ():
        name = part.replace("[tex]/", "input/tex/extensions/")
        yield mathjax / f"{name}.js"
    yield mathjax / "output" / "chtml" / "fonts" / "tex.js"
