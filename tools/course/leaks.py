"""Whether something of a solution stands in what students get."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from course.exercises import exercises, notebooks, without_folded

SHORTEST = 12
"""A shorter line ("return t[1:-1]" has 14 characters) gives nothing away."""

TEXTS = {".ipynb", ".html", ".md", ".json", ".txt", ".csv", ".js", ".svg", ".py"}
FOLD = re.compile(r"<summary[^>]*>\s*(?:Solution|Where to begin)\s*</summary>")


def secrets(book: Path, helpers: Path) -> frozenset[str]:
    """The lines of all solutions and hints that the book does not show elsewhere.

    A line that a chapter shows outside its folded parts, or that stands in `helpers`,
    which students install, is no secret; nor is one shorter than SHORTEST.
    """
    found = notebooks(book)
    shown = "\n".join(
        [
            *(without_folded(_joined(notebook)) for notebook in found),
            *(path.read_text(encoding="utf-8") for path in helpers.rglob("*.py")),
        ]
    )
    lines = {
        line.strip()
        for notebook in found
        for one in exercises(notebook)
        for line in (one.solution + "\n" + one.hint).splitlines()
    }
    return frozenset(
        line for line in lines if len(line) >= SHORTEST and line not in shown
    )


def leaks(folder: Path, secret: Iterable[str]) -> list[str]:
    """What of the secret lines stands in a folder's files, as "file: line".

    Notebooks are searched whole, with their metadata and outputs; pages without their
    tags. MathJax is left out.
    """
    found, lines = [], sorted(secret)
    for path in sorted(folder.rglob("*")):
        place = path.relative_to(folder)
        if path.suffix not in TEXTS or "mathjax" in place.parts:
            continue
        written = path.read_text(encoding="utf-8")
        text = _text(path.suffix, written)
        kept = [line for line in lines if line in text] + FOLD.findall(written)
        found += [f"{place}: {line}" for line in kept]
    return found


def _joined(notebook: Path) -> str:
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells)


def _text(suffix: str, written: str) -> str:
    """What a file says to its reader."""
    if suffix == ".ipynb":
        return "\n".join(_strings(json.loads(written)))
    if suffix == ".html":
        return html.unescape(re.sub(r"<[^>]*>", "", written))
    return written


def _strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys too; a list of texts is one text."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list):
        if all(isinstance(inner, str) for inner in value):
            yield "".join(value)
        else:
            for inner in value:
                yield from _strings(inner)
