"""What a chapter is called, and how long it takes to read."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

READING = re.compile(r"\*\*Reading time\*\* (\d+) minutes")


@dataclass(frozen=True)
class Card:
    """A chapter, as the landing page and its own first cell present it.

    Attributes:
        title: without its number.
        question: that the chapter answers.
        paper: its authors and title.
        minutes: of reading.
    """

    title: str
    question: str
    paper: str
    minutes: int


def cards(book: Path) -> dict[str, Card]:
    """The card of each chapter of the book, in the order of the book.

    Raises:
        ValueError: a chapter without a reading time in its first cell.
    """
    entries = yaml.safe_load((book / "chapters.yml").read_text(encoding="utf-8"))
    return {
        entry["file"]: Card(
            entry["title"],
            entry["question"],
            entry["paper"],
            _minutes(book / f"{entry['file']}.ipynb"),
        )
        for entry in entries
        if (book / f"{entry['file']}.ipynb").exists()
    }


def _minutes(notebook: Path) -> int:
    """The reading time that a chapter's first cell states."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    found = READING.search("".join(cells[0]["source"]))
    if found is None:
        raise ValueError(f"{notebook.name}: the first cell states no reading time")
    return int(found[1])
