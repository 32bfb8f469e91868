"""Stored runs on the pages: a table of them, and what is said beside their rows."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from helpers.stored_runs import Since, notebook_of, since, stored_files

COLUMNS = ("result", "made by", "min", "MB", "changed since")


class StoredRuns(SphinxDirective):
    """`{stored-runs}`: where each stored result comes from, and whether it is old."""

    def run(self) -> list[nodes.Node]:
        """Make the table, again whenever a result or a notebook changes."""
        lines = []
        for path in stored_files():
            for one in (path, notebook_of(path)):
                self.env.note_dependency(str(one))
            lines.append(_line(path, found()[path]))
        head = "".join(f'<th scope="col">{name}</th>' for name in COLUMNS)
        table = (
            f'<table class="seeds stored"><thead><tr>{head}</tr></thead>'
            f"<tbody>{''.join(lines)}</tbody></table>"
        )
        return [nodes.raw("", table, format="html")]


@cache
def found() -> dict[Path, Since]:
    """Every stored file, and what has changed behind it."""
    return {path: since(path) for path in stored_files()}


def changed_in_short(one: Since) -> str:
    """What has changed behind a stored file, in a cell of a table."""
    if one.run.code is None:
        return "not recorded"
    claims = f"{len(one.lines)} claim{'s' * (len(one.lines) != 1)}"
    lines = [f"lines of {claims}"] * bool(one.lines)
    return ", ".join(["code"] * one.code + lines) or "nothing"


def since_told(row: Mapping[str, Any]) -> str:
    """What a row says of the code behind its stored runs; "" if all is as it was.

    Raises:
        ValueError: the row names a run that no stored file holds.
    """
    if not row["stored"]:
        return ""
    runs = [one for one in found().values() if one.run.text in row["stored"]]
    if not runs:
        raise ValueError(f"claim {row['id']}: no file holds the run {row['stored']!r}")
    told = dict.fromkeys(one.told(row["of"]) for one in runs)
    return " ".join(filter(None, told))


def _line(path: Path, one: Since) -> str:
    run = one.run
    minutes = "—" if run.seconds is None else f"{run.seconds / 60:.1f}"
    memory = run.peak_memory_bytes
    cells = (
        run.text,
        minutes,
        "—" if memory is None else f"{memory / 1e6:.0f}",
        changed_in_short(one),
    )
    return row_of(f"{notebook_of(path).stem}: {path.stem}", cells, COLUMNS[1:])


_ARGUMENT = re.compile(r"""(?:'[^']*'|"[^"]*"|\S)+""")


def run_of(text: str) -> str:
    """Stored runs in HTML: each command a line, broken between its arguments."""
    return "".join(map(_run, text.split(" | ")))


def _run(text: str) -> str:
    told, *command = re.split(r": (?=(?:python|make) )", text, maxsplit=1)
    return ": ".join([html.escape(told), *map(_command, command)])


def _command(text: str) -> str:
    """One command as code."""
    words = map(html.escape, _ARGUMENT.findall(text))
    shown = " ".join(f"<span>{breakable(word)}</span>" for word in words)
    return f'<code class="command">{shown}</code>'


def breakable(text: str) -> str:
    """HTML in which long names may be broken behind a dot, a slash or an underscore."""
    return re.sub(r"(?<=\w)[._/](?=[A-Za-z])", r"\g<0><wbr>", text)


def row_of(name: str, cells: Sequence[object], columns: Sequence[str]) -> str:
    """A row of a table; each cell knows its column's name, which a phone shows."""
    told = "".join(
        f'<td data-name="{column}">{run_of(str(cell))}</td>'
        for cell, column in zip(cells, columns, strict=True)
    )
    return f'<tr><th scope="row">{breakable(name)}</th>{told}</tr>'


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("stored-runs", StoredRuns)
    return {"version": "1", "parallel_read_safe": True}
