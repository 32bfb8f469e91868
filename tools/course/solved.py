"""Run the staff's sheets: each check must pass on its solution."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import keys
import nbformat
from build import SETTINGS
from execute import execute
from outputs import open_cache


def solved(
    sheets: Mapping[str, nbformat.NotebookNode], cache: Path
) -> dict[str, nbformat.NotebookNode]:
    """The sheets with their outputs; those that did not change are not run again.

    Args:
        sheets: by name.
        cache: the folder in which outputs are kept.

    Raises:
        RuntimeError: a sheet fails, or one of its checks does not pass.
    """
    done = {name: sheet for name, sheet in sheets.items() if not _calls(sheet)}
    with TemporaryDirectory(prefix="sheets") as folder:
        paths = {name: Path(folder, f"{name}.ipynb") for name in sheets.keys() - done}
        for name, path in paths.items():
            nbformat.write(sheets[name], path)
        _, errors = execute(
            {path: keys.key(path, SETTINGS) for path in paths.values()}, cache
        )
        if errors:
            raise RuntimeError("a staff sheet fails:\n" + "\n".join(errors))
        with open_cache(cache) as kept:
            for name in paths:
                _, done[name] = kept.merge_match_into_notebook(sheets[name])
    for name, sheet in done.items():
        for call in _calls(sheet):
            if (said := _said(call)) != "passed":
                raise RuntimeError(
                    f"{name}: {call.source.splitlines()[-1]} says {said!r} to the "
                    "solution of the book"
                )
    return {name: done[name] for name in sheets}


def _calls(sheet: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The cells that end with the call of a check."""
    return [
        cell
        for cell in sheet.cells
        if cell.cell_type == "code"
        and re.match(r"checks\.\w+\(", cell.source.rstrip().rpartition("\n")[2])
    ]


def _said(cell: nbformat.NotebookNode) -> str:
    """What the last value of a cell shows."""
    shown = [out.data["text/plain"] for out in cell.outputs if "data" in out]
    return str(shown[-1]) if shown else ""
