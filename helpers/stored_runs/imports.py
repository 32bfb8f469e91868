"""The code behind a result: what a module or a notebook imports, as one hash.

Python is read as its syntax tree, without comments, docstrings and layout, in a form
that all versions of Python share. Nothing is imported or run.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Collection, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
"""The checkout, or the folder that the package is installed in."""

SHOWN = frozenset(
    f"helpers.{name}"
    for name in (
        "checks",
        "claim_rows",
        "claims",
        "explorer",
        "figure_data",
        "stored_runs",
        "style",
        "typeset",
        "verdicts",
    )
)
"""Modules that show or check a number and do not measure it."""

_DIGITS = 16  # of a hash: 64 bits


def code_hash(modules: Iterable[str], root: Path = ROOT) -> str:
    """Hash of modules of `helpers` and of all they import, but for `SHOWN`.

    Args:
        modules: their names, as in "helpers.heavy_tails.__main__".
        root: the folder that holds `helpers`.

    Returns:
        16 hexadecimal digits; the same for any order of the modules.

    Raises:
        FileNotFoundError: there is no such module.
    """
    found = sorted(modules_behind(modules, root, SHOWN))
    return hash_of(f"{name}: {_known(_text(name, root)).said}" for name in found)


def code_of(notebook: Path) -> str:
    """The code of a notebook as one text; a line of IPython's own becomes `pass`."""
    made = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    texts = ("".join(cell["source"]) for cell in made if cell["cell_type"] == "code")
    return re.sub(r"^([ \t]*)[%!].*$", r"\1pass", "\n".join(texts), flags=re.M)


def modules_behind(
    modules: Iterable[str], root: Path = ROOT, without: Collection[str] = ()
) -> set[str]:
    """These modules and all they import, directly or through one another.

    Args:
        modules: names of modules of `helpers`.
        root: the folder that holds `helpers`.
        without: modules to leave out, with what only they import.
    """
    waiting, found = {*modules} - {*without}, set[str]()
    while waiting:
        name = waiting.pop()
        found.add(name)
        behind = {*imported(_text(name, root), root), *_around(name)}
        waiting |= behind - found - {*without}
    return found


def imported(code: str, root: Path = ROOT) -> Iterator[str]:
    """The modules of `helpers` that a piece of code imports, wherever it does so."""
    named = _known(code).named
    return (name for name in named if file_of(name, root).is_file())


def file_of(module: str, root: Path = ROOT) -> Path:
    """The file of a module of `helpers`, which need not exist."""
    path = root.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def said(node: object) -> str:
    """A syntax tree in words; empty fields, which versions add, are left out."""
    if isinstance(node, list):
        return f"[{' '.join(map(said, node))}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    fields = {name: getattr(node, name, None) for name in node._fields}
    body = fields.get("body")
    if isinstance(body, list) and body and _is_text(body[0]):
        fields["body"] = body[1:]
    told = (f"{k}={said(v)}" for k, v in fields.items() if v is not None and v != [])
    return f"{type(node).__name__}({' '.join(told)})"


def hash_of(parts: Iterable[str]) -> str:
    """One hash of several texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:_DIGITS]


def _text(module: str, root: Path) -> str:
    return file_of(module, root).read_text(encoding="utf-8")


class _Known(NamedTuple):
    """What a piece of code imports from `helpers`, and what it says."""

    named: frozenset[str]
    said: str


@cache  # rooms share files, and a list of results asks for all
def _known(code: str) -> _Known:
    tree = ast.parse(code)
    return _Known(frozenset(_named(tree)), said(tree))


def _named(tree: ast.AST) -> Iterator[str]:
    """Modules of `helpers`, or names inside them, that a piece of code imports."""
    for node in _statements(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            names.append(node.module)
        else:
            continue
        yield from (name for name in names if name.startswith("helpers."))


def _statements(block: ast.AST) -> Iterator[ast.AST]:
    """The statements of a block, and of those inside them; no expressions."""
    for part in ("body", "handlers", "orelse", "finalbody", "cases"):
        for inner in getattr(block, part, ()):
            yield inner
            yield from _statements(inner)


def _around(name: str) -> Iterator[str]:
    """The packages that a module stands in, whose faces are imported with it."""
    parts = name.split(".")
    return (".".join(parts[:end]) for end in range(2, len(parts)))


def _is_text(node: ast.AST) -> bool:
    """Whether a statement is a bare string: a docstring."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
