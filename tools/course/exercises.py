"""The exercises of a chapter, read from its notebook as it is committed.

A heading says number, kinds, time and title:

    ### Exercise 2 (checked, 30 minutes): two kinks a neuron

Under it stand the task, the cell with a stub and the call of its check (if it is
checked), and the folded solution or, for research, the folded hint.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PAGES = {"your_network": 12}
"""Pages with exercises beside the chapters, by the number that their claims have."""

KINDS = ("warm-up", "checked", "proof", "derivation", "research")
SECTION = "## Exercises"
HEADING = re.compile(r"^### Exercise (\d+) \(([^)]+)\): (\S.*)$", re.MULTILINE)
FOLDED = re.compile(
    r"<details><summary>(Solution|Where to begin)</summary>\n*(.*?)\n*</details>",
    re.DOTALL,
)
CALL = re.compile(r"checks\.(\w+)\((\w+)\)")
FENCED = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes:
        chapter: the notebook's name, as "01_linear_regions"; one of PAGES counts as a
            chapter.
        number: in its chapter, from 1 on.
        kinds: some of KINDS, as the heading says them.
        time: as the heading says it ("30 minutes", "a week or more"), "" if it is not
            said.
        title: of the heading.
        task: what is asked, in Markdown.
        cell: id of the cell with the stub; "" if nothing is checked.
        stub: what that cell holds, without its last line.
        call: its last line, the call of the check.
        solution: what is folded under "Solution", in Markdown.
        hint: what is folded under "Where to begin", in Markdown.
    """

    chapter: str
    number: int
    kinds: tuple[str, ...]
    time: str
    title: str
    task: str
    cell: str
    stub: str
    call: str
    solution: str
    hint: str

    @property
    def label(self) -> str:
        """Chapter and number, as "1.2"."""
        chapter = PAGES.get(self.chapter) or int(self.chapter.partition("_")[0])
        return f"{chapter}.{self.number}"

    @property
    def minutes(self) -> int | None:
        """The time in minutes; None if it is not said, or not in minutes."""
        found = re.fullmatch(r"(\d+) minutes", self.time)
        return int(found[1]) if found else None

    @property
    def check(self) -> str:
        """The name of the check in `helpers.checks`; "" if nothing is checked."""
        return CALL.sub(r"\1", self.call)

    @property
    def answer(self) -> str:
        """The name of what the reader defines; "" if nothing is checked."""
        return CALL.sub(r"\2", self.call)

    @property
    def code(self) -> str:
        """The code of the solution; "" if it has none."""
        return "\n\n".join(part.rstrip() for part in FENCED.findall(self.solution))


def notebooks(book: Path) -> list[Path]:
    """The notebooks with exercises: the chapters, then PAGES, those that are there."""
    pages = [book / f"{name}.ipynb" for name in PAGES]
    return [*sorted(book.glob("[0-9]*.ipynb")), *filter(Path.exists, pages)]


def exercises(notebook: Path) -> tuple[Exercise, ...]:
    """The exercises of a chapter's notebook, in their order.

    Raises:
        ValueError: the notebook has no section "Exercises", or an exercise is not
            written as this module says.
    """
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    parts = _split(_section(cells))
    if not parts:
        raise ValueError(f"{notebook.name} has no exercise under {SECTION!r}")
    return tuple(_exercise(notebook.stem, part) for part in parts)


def without_folded(markdown: str) -> str:
    """The text without its folded solutions and hints."""
    return FOLDED.sub("", markdown)


@dataclass(frozen=True)
class _Piece:
    """A cell, or the part of one that belongs to a single exercise."""

    is_code: bool
    cell: str
    text: str


def _section(cells: Sequence[dict[str, Any]]) -> Iterator[_Piece]:
    """The cells from the heading of the exercises to the next heading as high."""
    inside = False
    for cell in cells:
        text, is_code = "".join(cell["source"]), cell["cell_type"] == "code"
        if not is_code:
            before, heading, after = text.partition(f"{SECTION}\n")
            if heading and (not before or before.endswith("\n")):
                inside, text = True, after
        if not inside:
            continue
        ends = None if is_code else re.search(r"^## ", text, re.MULTILINE)
        yield _Piece(is_code, cell["id"], text[: ends.start()] if ends else text)
        if ends:
            return


def _split(pieces: Iterator[_Piece]) -> list[list[_Piece]]:
    """The pieces of each exercise, the first of which begins with its heading."""
    parts: list[list[_Piece]] = []
    for piece in pieces:
        texts = [piece.text]
        if not piece.is_code:
            texts = re.split(r"^(?=### )", piece.text, flags=re.MULTILINE)
        for text in texts:
            if not piece.is_code and text.startswith("### "):
                parts.append([])
            if parts:
                parts[-1].append(_Piece(piece.is_code, piece.cell, text))
    return parts


def _exercise(chapter: str, pieces: Sequence[_Piece]) -> Exercise:
    head, kinds, time = _heading(chapter, pieces[0].text)
    where = f"{chapter}, exercise {head[1]}"
    text = "".join(piece.text for piece in pieces if not piece.is_code)
    folds = dict(FOLDED.findall(text))
    if not folds:
        raise ValueError(f"{where} has no folded solution or hint")
    code = [piece for piece in pieces if piece.is_code]
    if len(code) != ("checked" in kinds):
        raise ValueError(
            f"{where} is {', '.join(kinds)} and has {len(code)} code cells"
        )
    stub, call = _stub(where, code[0].text) if code else ("", "")
    return Exercise(
        chapter=chapter,
        number=int(head[1]),
        kinds=kinds,
        time=time,
        title=head[3].strip(),
        task=without_folded(text[head.end() :]).strip(),
        cell=code[0].cell if code else "",
        stub=stub,
        call=call,
        solution=folds.get("Solution", ""),
        hint=folds.get("Where to begin", ""),
    )


def _heading(chapter: str, text: str) -> tuple[re.Match[str], tuple[str, ...], str]:
    """The heading an exercise begins with, its kinds and its time."""
    head = HEADING.match(text)
    words = [word.strip() for word in head[2].split(",")] if head else []
    kinds = tuple(word for word in words if word in KINDS)
    rest = [word for word in words if word not in KINDS]
    if head is None or not kinds or len(rest) > 1:
        raise ValueError(
            f"{chapter}: {text.splitlines()[0]!r} is not of the form "
            f"'### Exercise 2 (checked, 30 minutes): title' with kinds {KINDS}"
        )
    return head, kinds, "".join(rest)


def _stub(where: str, text: str) -> tuple[str, str]:
    """A cell in two: what the reader fills in, and the call of its check."""
    stub, _, call = text.rstrip().rpartition("\n")
    if not CALL.fullmatch(call):
        raise ValueError(f"{where}: {call!r} is not of the form 'checks.name(answer)'")
    return stub.rstrip(), call
