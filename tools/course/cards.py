"""What a chapter is called, and how long it takes to read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from course.exercises import PAGES

TITLE = re.compile(r"# (?:\d+\. )?(\S.*)")
READING = re.compile(r"\*\*Reading time\*\* (\d+) minutes")


@dataclass(frozen=True)
class Card:
    """A chapter, as the landing page and its own first cell present it.

    Attributes:
        title: without its number.
        question: that the chapter answers; "" if it is about no paper.
        paper: its authors and title, or "".
        minutes: of reading.
    """

    title: str
    question: str
    paper: str
    minutes: int


def cards(book: Path) -> dict[str, Card]:
    """The card of each notebook with exercises, in the order of the book.

    Raises:
        ValueError: a chapter without a reading time in its first cell.
    """
    entries = yaml.safe_load((book / "chapters.yml").read_text(encoding="utf-8"))
    said = {one["file"]: one for one in entries} | {name: {} for name in PAGES}
    return {
        name: _card(book / f"{name}.ipynb", one)
        for name, one in said.items()
        if (book / f"{name}.ipynb").exists()
    }


def _card(notebook: Path, said: Mapping[str, str]) -> Card:
    """The card of a notebook, whose first cell states its title and reading time."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    first = "".join(cells[0]["source"])
    title = TITLE.match(first)
    if title is None:
        raise ValueError(f"{notebook.name}: the first cell has no title")
    minutes = READING.search(first)
    if minutes is None:
        raise ValueError(f"{notebook.name}: the first cell states no reading time")
    return Card(
        title[1], said.get("question", ""), said.get("paper", ""), int(minutes[1])
    )
