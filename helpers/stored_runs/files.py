"""Stored files: measurements and the run they come from, and nothing that a claim says.

Statement, interval and reason of a claim stand in its notebook alone: a stored row
with more than what was measured is refused, written or read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from helpers.stored_runs.imports import ROOT
from helpers.stored_runs.run import HASH, Run

ROWS = {
    "claims": {"measured", "stderr", "seeds", "lines"},
    "seeds": {"id", "seeds", "failed", "mean", "sd", "lines"},
}
"""File -> what a row of its `claims` holds; `lines`: hash of the claim's lines."""


def write(
    path: Path,
    run: Run,
    measured: dict[str, Any],
    dumps: Callable[[dict[str, Any]], str] = json.dumps,
) -> None:
    """Write a stored file: the run, then what it measured; whole or not at all.

    Raises:
        ValueError: a row holds more or less than `ROWS` says.
    """
    stored = {"run": asdict(run), **measured}
    _check_rows(path.stem, stored)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f"{path.name}.tmp")
    unfinished.write_text(dumps(stored).rstrip("\n") + "\n", encoding="utf-8")
    unfinished.replace(path)


def read(path: Traversable) -> dict[str, Any]:
    """What a stored file holds, with the run in words as `source`.

    Raises:
        ValueError: the file is not of the form that `write` gives it.
    """
    stored: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    run = stored.get("run")
    names = {field.name for field in fields(Run)}
    if not isinstance(run, dict) or not names >= run.keys():
        raise ValueError(f"{path.name} must have `run` with {sorted(names)}: {run!r}")
    _check_rows(Path(path.name).stem, stored)
    return {"source": Run(**run).text} | stored


def stored_files(root: Path = ROOT) -> list[Path]:
    """The files that hold runs of this book's code, in the order of the chapters."""
    found = [
        *root.glob("helpers/*/results/*.json"),
        *root.glob("book/_data/*/seeds.json"),
    ]
    ours = (path for path in found if not path.name.startswith("published"))
    return sorted(ours, key=lambda path: (notebook_of(path, root), path.name))


def notebook_of(path: Path, root: Path = ROOT) -> Path:
    """The notebook whose results stand in that file.

    Raises:
        ValueError: there is none.
    """
    room = path.parent.parent.name if path.parent.name == "results" else None
    for notebook in (root / "book").glob(f"*{room or path.parent.name}.ipynb"):
        return notebook
    raise ValueError(f"{path} belongs to no chapter")


def rows_of(kind: str, stored: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows of a file of claims by id; of other files none."""
    rows = stored["claims"] if kind in ROWS else {}
    if isinstance(rows, list):
        rows = {row["id"]: row for row in rows}
    yield from rows.items()


def _check_rows(kind: str, stored: dict[str, Any]) -> None:
    for id, row in rows_of(kind, stored):
        if row.keys() != ROWS[kind]:
            raise ValueError(
                f"stored claim {id} must hold {sorted(ROWS[kind])} and nothing else; "
                f"what it says stands in its notebook; got {sorted(row)}"
            )
        if row["lines"] is not None and not re.fullmatch(HASH, row["lines"]):
            raise ValueError(f"lines of stored claim {id}: no hash: {row['lines']!r}")
