"""`{speed}`: what `make bench` measured, a table for each chapter.

tests/benchmarks/bench.py writes book/_data/speed.json, one entry a row; this reads it,
refuses what it does not understand, and shows it.
"""

from __future__ import annotations

import json
import re
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective
from stored import breakable, run_of

from helpers.typeset import in_html

COLUMNS = ("what is computed", "ours", "beside", "accuracy, cost", "ratio")
FIELDS: dict[str, tuple[type, ...]] = {
    "helper": (str,),  # module.function
    "computed": (str,),  # the job and its size
    "seconds": (float, int),  # ours
    "beside": (str,),  # the other side, a package with its version; "" if none
    "their_seconds": (float, int, type(None)),
    "ratio": (list, type(None)),  # theirs / ours: least, median, largest
    "repeats": (int,),
    "accuracy": (str,),  # ours
    "their_accuracy": (str,),
    "cost": (str,),  # how it grows, or what it consists of
    "source": (str,),  # date, machine, versions, command
}
Row = dict[str, Any]
NARROW = "\u202f"
"""A narrow space that does not break, before a unit."""


def check(id: str, row: Row) -> Row:
    """The row of that id (room/test), as it was given.

    Raises:
        ValueError: a field is missing, unknown, of another type or out of its range.
    """
    if "/" not in id:
        raise ValueError(f"id must be room/test, got {id!r}")
    if not isinstance(row, dict) or row.keys() != FIELDS.keys():
        raise ValueError(f"{id} must have the fields {[*FIELDS]}, got {row!r}")
    for name, kinds in FIELDS.items():
        if not isinstance(row[name], kinds):
            raise ValueError(f"{name} of {id} has a wrong type: {row[name]!r}")
    for name in ("helper", "computed", "source"):
        if not row[name]:
            raise ValueError(f"{name} of {id} is empty")
    if len({row["beside"] == "", row["their_seconds"] is None, not row["ratio"]}) > 1:
        raise ValueError(f"{id} needs beside, their_seconds and ratio, all or none")
    if row["ratio"] and (
        len(row["ratio"]) != 3 or row["ratio"] != sorted(row["ratio"])
    ):
        raise ValueError(f"ratio of {id} must be least, median, largest")
    numbers = [row["seconds"], row["repeats"], row["their_seconds"]]
    if not all(n is None or n > 0 for n in [*numbers, *(row["ratio"] or [])]):
        raise ValueError(f"the numbers of {id} must be above 0")
    return row


def read(path: Path) -> dict[str, Row]:
    """The stored rows by id.

    Raises:
        ValueError: no file, no JSON, no rows, or a row that `check` refuses.
    """
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{path} cannot be read ({error}); `make bench` writes it"
        ) from error
    if not isinstance(rows, dict) or not rows:
        raise ValueError(f"{path} must hold rows by id; `make bench` writes it")
    try:
        return {id: check(id, row) for id, row in rows.items()}
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def number(value: float) -> str:
    """Two digits that count: 0.58, 1.9, 140."""
    return f"{float(f'{value:.2g}'):,.10g}"


def duration(seconds: float) -> str:
    """Seconds in the unit that suits them: 1.9 s, 21 ms, 530 µs."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= 0.995 * size:
            return f"{number(seconds / size)}{NARROW}{unit}"
    return f"{number(seconds / 1e-6)}{NARROW}µs"


def table(rows: list[Row]) -> str:
    """The rows as HTML; everything stored is escaped."""
    head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
    body = "".join(_html_row(row) for row in rows)
    return (
        f'<table class="speed"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _html_row(row: Row) -> str:
    shown = {name: _in_html(str(value)) for name, value in row.items()}
    beside = ratio = ""
    if row["ratio"]:
        low, middle, high = map(number, row["ratio"])
        beside = f"{shown['beside']}: {duration(row['their_seconds'])}"
        ratio = f"<strong>{middle}</strong> ({low} to {high}; {row['repeats']} repeats)"
    pairs = ("ours", shown["accuracy"]), ("beside", shown["their_accuracy"])
    notes = [f"{side}: {text}" for side, text in pairs if text] + [shown["cost"]]
    cells = (duration(row["seconds"]), beside, "<br>".join(filter(None, notes)), ratio)
    name = f"{shown['computed']}<br><code>{breakable(row['helper'])}</code>"
    data = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'<tr><th scope="row">{name}</th>{data}</tr>'


def _in_html(text: str) -> str:
    """A text in HTML, its formulas set; a number stays beside its per cent sign."""
    return re.sub(r"(?<=\d) %", "\N{NO-BREAK SPACE}%", breakable(in_html(text)))


def text(row: Row) -> str:
    """The row in a line."""
    told = f"{row['computed']}: {duration(row['seconds'])}"
    if row["ratio"]:
        low, middle, high = map(number, row["ratio"])
        told += f", {row['beside']} {duration(row['their_seconds'])}, "
        told += f"ratio {middle} ({low} to {high})"
    return "; ".join(filter(None, [told, row["accuracy"], row["cost"]]))


def sources(rows: list[Row]) -> nodes.Node:
    """The runs that the rows are from."""
    shown = nodes.bullet_list(classes=["stored-runs"])
    for run in dict.fromkeys(row["source"] for row in rows):
        shown += nodes.list_item("", nodes.raw("", run_of(run), format="html"))
    return shown


class Speed(SphinxDirective):
    """`{speed}`: a section with a table for each chapter that was measured."""

    def run(self) -> list[nodes.Node]:
        """Make the sections, in the order of the chapters.

        Raises:
            ExtensionError: the stored rows cannot be shown; it ends the build.
        """
        book = Path(self.env.srcdir) / "book"
        path = book / "_data" / "speed.json"
        self.env.note_dependency(str(path))
        try:
            rows = read(path)
            return self._sections(
                rows,
                yaml.safe_load((book / "chapters.yml").read_text(encoding="utf-8")),
            )
        except ValueError as error:
            raise ExtensionError(str(error)) from error

    def _sections(self, rows: dict[str, Row], chapters: list[Row]) -> list[nodes.Node]:
        rooms = [entry["file"].partition("_")[2] for entry in chapters]
        titles = dict(zip(rooms, (entry["title"] for entry in chapters), strict=True))

        def place(id: str) -> int:
            if (room := id.partition("/")[0]) not in titles:
                raise ValueError(f"{id} in speed.json names no chapter of {rooms}")
            return rooms.index(room)

        made: list[nodes.Node] = []
        for i, ids in groupby(sorted(rows, key=place), place):
            section = nodes.section(ids=[f"speed-{i + 1}"], names=[f"speed-{i + 1}"])
            found = [rows[id] for id in ids]
            section += nodes.title(text=f"{i + 1}. {titles[rooms[i]]}")
            section += nodes.raw("", table(found), format="html")
            section += sources(found)
            self.state.document.note_explicit_target(section)
            made.append(section)
        return made


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("speed", Speed)
    return {"version": "1", "parallel_read_safe": True}
