"""The slides of a chapter, in columns: one column for each `##`.

A text is cut where a slide is full; a short one stands above the figure that follows
it. Neighbouring claims share a slide. What is said goes to the slide it follows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nbformat import NotebookNode

from course.slides_claims import claims_html, title_of
from course.slides_ends import closing, opening, question_html
from course.slides_packing import (
    CLAIM,
    FULL,
    SHORT,
    Slide,
    group_html,
    is_key,
    lines,
    packed,
)
from course.slides_pieces import Piece, pieces

TOGETHER = 4
"""Claims on a slide, at most."""
ENOUGH = 3
"""Claims that get a slide before a figure; fewer wait for the end of their section."""
QUESTION = "The question"
LEFT_OUT = ("Exercises", "References", "Ledger of this chapter")


@dataclass
class _Desk:
    """What is on the way to a slide while a chapter is read."""

    columns: list[list[Slide]] = field(default_factory=list)
    section: str = ""
    title: str = ""
    texts: list[str] = field(default_factory=list)
    claims: list[Mapping[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def open(self, title: str, new_column: bool) -> None:
        """Begin a section, or a part of one, under its title."""
        self.clear()
        self.title = title
        if new_column:
            self.section = title
            if not self.columns or self.columns[-1]:
                self.columns.append([])

    def add(self, kind: str, body: str, title: str = "", room: float = 0) -> None:
        """Put a slide into the column; a section's title comes before its own."""
        named = self.title or title
        section = "" if named == self.section else self.section
        notes = "\n\n".join(self.notes)
        self.columns[-1].append(Slide(kind, named, body, notes, section, room))
        self.title, self.notes = "", []

    def say(self, text: str) -> None:
        """Words for the speaker: to the last slide of the section, or the next one."""
        self.notes.append(text)
        if not self.texts and not self.claims:
            self.clear_notes()

    def clear(self) -> None:
        """Make slides of all that waits."""
        self.clear_texts()
        self.clear_claims()
        self.clear_notes()

    def clear_notes(self) -> None:
        """Put the words that wait to the last slide, if the section has one."""
        if self.title or not self.columns[-1]:
            return
        last = self.columns[-1][-1]
        last.notes = "\n\n".join(filter(None, [last.notes, *self.notes]))
        self.notes = []

    def clear_texts(self) -> None:
        """Make slides of the texts that wait."""
        for group in packed(self.texts):
            room = FULL - sum(map(lines, group))
            self.add("text", "".join(map(group_html, group)), room=room)
        self.texts = []

    def place_for(self, height: float) -> Slide | None:
        """The section's last slide, but for full pictures, if it has so much room."""
        for slide in reversed([] if self.title else self.columns[-1]):
            if slide.room >= height:
                return slide
            if slide.kind not in ("figure", "explorer", "live"):
                break
        return None

    def clear_claims(self) -> None:
        """Make slides of the claims that wait, about equally many on each."""
        rows, self.claims = self.claims, []
        height = CLAIM * len(rows)
        if rows and len(rows) < ENOUGH and (place := self.place_for(height)):
            place.take(claims_html(rows), height)
            return
        slides = math.ceil(len(rows) / TOGETHER)
        for i in range(slides):
            part = rows[i * len(rows) // slides : (i + 1) * len(rows) // slides]
            self.add("claims", claims_html(part), title_of(part))


def deck(notebook: NotebookNode, question: str) -> list[list[Slide]]:
    """The slides of a chapter.

    Args:
        notebook: as it was run.
        question: what the chapter asks, in one or two sentences.

    Raises:
        ValueError: the notebook does not begin with a title.
    """
    desk = _Desk([opening(notebook.cells[0].source)])
    skipping = True
    for piece in pieces(notebook):
        if piece.kind == "section":
            skipping = piece.title in LEFT_OUT
            desk.open("" if skipping else piece.title, new_column=not skipping)
        elif not skipping:
            _put(desk, piece, question)
    desk.clear()
    desk.columns.append(closing(notebook))
    return [column for column in desk.columns if column]


def _put(desk: _Desk, piece: Piece, question: str) -> None:
    """One piece onto the desk."""
    if piece.kind == "part":
        desk.open(piece.title, new_column=False)
    elif piece.kind == "claim":
        desk.claims.append(piece.claim)
    elif piece.kind == "text" and desk.title == QUESTION:
        _ask(desk, piece, question)
    elif piece.kind == "text":
        _put_text(desk, piece)
    else:
        _put_picture(desk, piece)


def _put_picture(desk: _Desk, piece: Piece) -> None:
    """A figure, below a text that leaves it room; an explorer, a live piece, code."""
    above, room = "", SHORT if piece.kind == "figure" else 0
    height = sum(map(lines, desk.texts))
    if height <= room:
        above, desk.texts = "".join(map(group_html, desk.texts)), []
        room -= height
    desk.clear_texts()
    if len(desk.claims) >= ENOUGH:
        desk.clear_claims()
    desk.add(piece.kind, above + piece.body, piece.title, room)


def _ask(desk: _Desk, piece: Piece, question: str) -> None:
    """The slide of the chapter's question, and of the guess it asks for."""
    desk.say(piece.said)
    desk.add("question", question_html(question, piece.said))
    desk.texts += [text for text in piece.shown if text not in piece.said]


def _put_text(desk: _Desk, piece: Piece) -> None:
    """A text: its first words below the figure they speak of, if there is room."""
    shown = list(piece.shown)
    if shown and not desk.texts and not desk.title and _takes(desk, shown[0]):
        first = shown.pop(0)
        desk.columns[-1][-1].take(group_html(first), lines(first))
    desk.texts += shown
    if piece.said:
        desk.say(piece.said)


def _takes(desk: _Desk, text: str) -> bool:
    """Whether the last slide is a figure with room for a text that speaks of it.

    A statement, which begins in bold type, speaks of what follows.
    """
    if text.startswith("**") and not is_key(text):
        return False
    last = desk.columns[-1][-1:]
    return bool(last) and last[0].kind == "figure" and last[0].room >= lines(text)
