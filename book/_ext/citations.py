"""Make "Jakub & Nica (2024)" a link to that entry of the chapter's references.

A mention is a year in brackets, alone or behind a venue, with the first author's name
shortly before it. What fits no entry, or two, stays text; the notebooks stay as they
are. hover.js shows the entry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

YEAR = re.compile(r"\((?:[A-Za-z][\w .-]*?,? )?((?:19|20)\d\d)([a-z])?\)")
REACH = 90
"""Characters before the year in which the first author must stand."""

ENDS = re.compile(r"(?<!et al)\. |[;:] |\)")
"""Marks behind which another mention may begin."""

OUTSIDE = (nodes.title, nodes.reference, nodes.literal, nodes.FixedTextElement)


@dataclass(frozen=True)
class Entry:
    """One entry of a list of references.

    Attributes:
        id: where it stands.
        author: surname of the first author.
        others: the other surnames.
        year: of publication; from the number where only arXiv's is given.
        letter: a, b, … where one year has several; else "".
    """

    id: str
    author: str
    others: tuple[str, ...]
    year: str
    letter: str


def read_entry(text: str, id: str) -> Entry | None:
    """Read "Jakub, Nica. Title. JMLR 25(239), 2024."; None without a year."""
    names = re.split(r"(?: et al)?\.\s| \(", text, maxsplit=1)[0].split(", ")
    own = re.search(r"\(((?:19|20)\d\d)([a-z])\)", text)
    years = re.findall(r"\b((?:19|20)\d\d)\b(?!\.\d)", text)
    number = re.search(r"arXiv (\d\d)\d\d\.\d", text)
    if own:
        year, letter = own[1], own[2]
    elif years or number:
        year = years[-1] if years else f"20{number[1] if number else ''}"
        letter = ""
    else:
        return None
    return Entry(id, names[0], tuple(names[1:]), year, letter)


def link_citations(app: Sphinx, doctree: nodes.document) -> None:
    """Link the mentions of a chapter that has a list of references."""
    section = find_section(doctree, ("References",))
    if section is None:
        return
    entries = []
    for number, item in enumerate(section.findall(nodes.list_item), 1):
        item["ids"].append(f"reference-{number}")
        entry = read_entry(item.astext(), f"reference-{number}")
        entries += [] if entry is None else [entry]
    for text in list(doctree.findall(nodes.Text)):
        if not inside(text, (*OUTSIDE, section)):
            pieces = linked(text.astext(), entries)
            if len(pieces) > 1:
                put(text, pieces)


def find_section(doctree: nodes.document, names: Iterable[str]) -> nodes.section | None:
    """The section under one of these titles."""
    return next(
        (
            section
            for section in doctree.findall(nodes.section)
            if section.next_node(nodes.title).astext() in names  # type: ignore[union-attr]
        ),
        None,
    )


def inside(node: nodes.Node, outer: Iterable[Any]) -> bool:
    """Whether a node lies in one of these nodes, or in a node of these types."""
    while (node := node.parent) is not None:
        for other in outer:
            if node is other or (isinstance(other, type) and isinstance(node, other)):
                return True
    return False


def put(old: nodes.Text, pieces: list[nodes.Node]) -> None:
    """Put nodes in the place of a text; its twin of the same words stays."""
    parent = old.parent
    at = next(i for i, child in enumerate(parent.children) if child is old)
    parent[at : at + 1] = [piece for piece in pieces if piece.astext()]


def linked(text: str, entries: list[Entry]) -> list[nodes.Node]:
    """The text, cut at its citations."""
    pieces: list[nodes.Node] = []
    done = 0
    for year in YEAR.finditer(text):
        before = text[max(done, year.start() - REACH) : year.start()]
        found = _meant(before, year[1], year[2] or "", entries)
        if found is not None:
            entry, offset = found
            start = year.start() - len(before) + offset
            mention = text[start : year.end()]
            pieces += [nodes.Text(text[done:start]), cite(mention, entry.id)]
            done = year.end()
    return [*pieces, nodes.Text(text[done:])]


def cite(text: str, id: str) -> nodes.reference:
    """A link within the page whose target hover.js shows."""
    return nodes.reference(text, text, refid=id, internal=True, classes=["shown"])


def _meant(
    before: str, year: str, letter: str, entries: list[Entry]
) -> tuple[Entry, int] | None:
    """The entry that a mention means, and where its first author stands in it."""
    sentence = max((mark.end() for mark in ENDS.finditer(before)), default=0)
    named = []
    for entry in entries:
        at = before.find(entry.author, sentence)
        if at >= 0 and entry.year == year and letter in ("", entry.letter):
            shared = sum(name in before[at:] for name in entry.others)
            named.append((shared, at, entry))
    if not named:
        return None
    most = max(shared for shared, _, _ in named)
    best = [(entry, at) for shared, at, entry in named if shared == most]
    return best[0] if len(best) == 1 else None


def setup(app: Sphinx) -> dict[str, Any]:
    """Link a chapter's citations as soon as it has been read."""
    app.connect("doctree-read", link_citations)
    return {"version": "1", "parallel_read_safe": True}
