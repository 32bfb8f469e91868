"""A slide, and how much it holds."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from course.slides_text import Block, blocks, html, items

FULL = 15.0
"""Lines that a slide of text holds."""
SHORT = 4.0
"""Lines of a text that leave room for a figure."""
CLAIM = 2.5
"""Lines of a claim."""
WIDE = 96
"""Letters on a line."""

_KEY = re.compile(r"\*\*[^*]+\*\*")


@dataclass
class Slide:
    """One slide.

    Attributes:
        kind: title, question, text, figure, explorer, live, claims or output.
        title: in HTML; empty where the slide above in the column has said it.
        body: in HTML.
        notes: what is said, in Markdown.
        section: the title of its column, in HTML, if it is not its own.
        room: lines that are still free.
    """

    kind: str
    title: str
    body: str
    notes: str = ""
    section: str = ""
    room: float = 0

    def take(self, body: str, height: float) -> None:
        """Add something below what is there."""
        self.body += body
        self.room -= height


def packed(texts: Sequence[str]) -> Iterator[list[str]]:
    """Texts that fill a slide; a list may go on on the next."""
    group: list[str] = []
    room = FULL
    for part in (part for text in texts for part in _parts(text)):
        if group and lines(part) > room:
            yield group
            group, room = [], FULL
        group.append(part)
        room -= lines(part)
    if group:
        yield group


def _parts(text: str) -> list[str]:
    """A text whole; a list that overfills a slide, in about equal parts."""
    points = items(text) if re.match(r"(?:[-*+]|\d+[.)]) ", text) else [text]
    slides = min(math.ceil(lines(text) / FULL), len(points))
    cuts = [i * len(points) // slides for i in range(slides + 1)]
    return ["\n".join(points[a:b]) for a, b in pairwise(cuts)]


def is_key(text: str) -> bool:
    """Whether a text is one sentence in bold type."""
    return _KEY.fullmatch(text) is not None


def group_html(text: str) -> str:
    """Some Markdown that is kept together."""
    kind = "statement" if text.startswith("**") else "group"
    return f'<div class="{"key" if is_key(text) else kind}">{html(text)}</div>'


def lines(text: str) -> float:
    """About how many lines a text takes on a slide."""
    return sum(_block_lines(block) for block in blocks(text))


def _block_lines(block: Block) -> float:
    if block.kind == "formula":
        return 3 + 1.5 * block.text.count(r"\\")
    if block.kind in ("code", "table"):
        return 1 + 1.2 * (block.text.count("\n") + 1)
    if block.kind == "list":
        return sum(0.3 + _paragraph_lines(item) for item in items(block.text))
    return 0.5 + _paragraph_lines(block.text)


def _paragraph_lines(text: str) -> int:
    """Lines of a paragraph, where a TeX command is about one letter wide."""
    seen = re.sub(r"\\[A-Za-z]+|[{}^_$*]", "", text)
    return math.ceil(len(seen) / WIDE)
