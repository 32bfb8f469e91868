"""What the outputs of a notebook depend on, as one key.

MyST-NB's cache knows a notebook by its code alone. The key adds the helpers that the
notebook imports, directly or through one another, and their stored results, read
without comments (docstrings count); the packages and the interpreter; the settings and
the data sets.
"""

from __future__ import annotations

import ast
import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import distributions
from pathlib import Path

from helpers.stored_runs import code_of, file_of, imported, modules_behind

ROOT = Path(__file__).resolve().parent.parent
CHECKS = "helpers.checks"
SEEDS = "seeds.json"  # what other seeds gave: the ledger reads it, no notebook does


def key(notebook: Path, settings: Mapping[str, str]) -> str:
    """The key of a notebook's outputs under such environment variables."""
    digest = hashlib.sha256()
    for part in (
        sys.version,
        *installed(),
        *(f"{name}={value}" for name, value in sorted(settings.items())),
        *data_files(os.environ.get("DLT_DATA")),
        *map(meaning, files_behind(notebook)),
    ):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


@cache
def installed() -> tuple[str, ...]:
    """Every installed package with its version."""
    return tuple(sorted(f"{one.name}=={one.version}" for one in distributions()))


def data_files(folder: str | None) -> Iterator[str]:
    """Name, size and time of the data sets in the folder that DLT_DATA names."""
    for path in sorted(Path(folder).glob("*.npz")) if folder else ():
        found = path.stat()
        yield f"{path.name} {found.st_size} {found.st_mtime_ns}"


def meaning(path: Path) -> str:
    """What a file says: Python without its comments and layout, all else as it is."""
    text = path.read_text(encoding="utf-8")
    said = _dumped(text) if path.suffix == ".py" else text
    return f"{path.relative_to(ROOT)}: {said}"


@cache  # notebooks share files
def _dumped(text: str) -> str:
    return ast.dump(ast.parse(text))


def files_behind(notebook: Path) -> list[Path]:
    """The files of helpers that a notebook uses, and the stored results beside them."""
    code = code_of(notebook)
    used = {*imported(code, ROOT), *_checks_used(code)}
    found = modules_behind(used, ROOT, without=(CHECKS,)) | (used & {CHECKS})
    files = {file_of(name, ROOT) for name in found}
    rooms = {path.parent for path in files if path.name == "__init__.py"}
    stored = {path for room in rooms for path in (room / "results").glob("*.json")}
    return sorted(files | {path for path in stored if path.name != SEEDS})


def _checks_used(code: str) -> Iterator[str]:
    """The file of each check that a notebook names, from the list in `checks`."""
    used = {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "checks"
    }
    for node in ast.parse(file_of(CHECKS, ROOT).read_text(encoding="utf-8")).body:
        match node:
            case ast.Assign([ast.Name("_FILES")], files):
                for file, names in ast.literal_eval(files).items():
                    if used & {*names}:
                        yield f"{CHECKS}.{file}"
