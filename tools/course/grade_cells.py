"""The cells of a submission: which are the student's own, and which are to be run.

Nothing rests on ids or metadata. A cell that reads as one of the book does is the
book's; every other is the student's own and is run. One of the book's is run where an
own cell, or an answer that nobody has written anew, needs a name that it defines.
"""

from __future__ import annotations

import ast
import builtins
import json
import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from IPython.core.inputtransformer2 import TransformerManager

MOST = 20 * 2**20  # bytes of a notebook; with its outputs, a chapter has about one
_PYTHON_MAGIC = re.compile(r"\s*%%(time|timeit|capture|prun)\b.*\n?")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True)
class Cell:
    """A code cell.

    Attributes:
        number: among the code cells of the notebook, from 1 on.
        source: as it stands there.
        tree: its statements, magics taken out; None if it is no Python.
        own: whether the student has written it.
    """

    number: int
    source: str
    tree: ast.Module | None
    own: bool

    @property
    def code(self) -> str:
        """What is to be run: without the calls of checks."""
        body = self.tree.body if self.tree else []
        kept = [one for one in body if not _is_check(one)]
        return ast.unparse(ast.Module(kept, type_ignores=[]))


def read(path: Path, book: Collection[str]) -> list[Cell]:
    """The code cells of a submitted notebook.

    Args:
        path: of the notebook.
        book: the code cells of the book, see `code_of`.

    Raises:
        ValueError: it is no notebook, or larger than MOST.
    """
    known = {_plain(source) for source in book}
    return [
        Cell(number, source, parsed(source), _plain(source) not in known)
        for number, source in enumerate(code_of(path), start=1)
        if _plain(source)
    ]


def code_of(path: Path) -> list[str]:
    """The sources of a notebook's code cells.

    Raises:
        ValueError: it is no notebook, or larger than MOST.
    """
    if path.stat().st_size > MOST:
        raise ValueError(f"larger than {MOST // 2**20} MiB")
    try:
        cells = json.loads(path.read_text(encoding="utf-8-sig"))["cells"]
        found = [_source(cell) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"no notebook ({type(error).__name__}: {error})") from None
    return found


def parsed(source: str) -> ast.Module | None:
    """The statements of a cell without its magics; None if it is no Python."""
    try:
        return _parsed(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def fault(source: str) -> str:
    """Why a cell is no Python; "" if it is."""
    try:
        _parsed(source)
    except SyntaxError as error:
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return str(error) or type(error).__name__
    return ""


def _parsed(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about the student's own strings
        text = TransformerManager().transform_cell(_PYTHON_MAGIC.sub("", source))
        return ast.parse(text)


def to_run(cells: Sequence[Cell], answers: Iterable[str]) -> list[Cell]:
    """The own cells, and those of the book that they or the answers need."""
    chosen = {i for i, cell in enumerate(cells) if cell.own}
    wanted = [_maker(cells, name, len(cells)) for name in answers]
    return [cells[i] for i in sorted(_with_needs(cells, chosen, wanted))]


def behind(cells: Sequence[Cell], answer: str) -> list[Cell]:
    """The cells that an answer rests on."""
    wanted = [_maker(cells, answer, len(cells))]
    return [cells[i] for i in sorted(_with_needs(cells, set(), wanted))]


def defined(tree: ast.AST) -> set[str]:
    """The names that statements give a value, outside of functions."""
    names: set[str] = set()
    for node in _outside_functions(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {one.asname or one.name.split(".")[0] for one in node.names}
    return names


def needed(tree: ast.Module) -> set[str]:
    """The names that statements use before they give them a value."""
    have, need, later = set(dir(builtins)), set(), set()
    for statement in tree.body:
        if isinstance(statement, _FUNCTIONS):
            later |= used(statement) - _inside(statement)
        else:
            need |= used(statement) - have - _inside(statement)
        have |= defined(statement)
    return need | (later - have)


def _with_needs(
    cells: Sequence[Cell], chosen: set[int], wanted: Iterable[int | None]
) -> set[int]:
    """The chosen and the wanted cells, and all that these need."""
    queue = [*chosen, *(i for i in wanted if i is not None)]
    chosen = set(queue)
    while queue:
        place = queue.pop()
        tree = cells[place].tree
        for name in needed(tree) if tree else ():
            maker = _maker(cells, name, place)
            if maker is not None and maker not in chosen:
                chosen.add(maker)
                queue.append(maker)
    return chosen


def _maker(cells: Sequence[Cell], name: str, before: int) -> int | None:
    """The last cell that defines a name, if there is one; own cells come first."""
    makers = [
        i
        for i, cell in enumerate(cells[:before])
        if cell.tree and name in defined(cell.tree)
    ]
    return max(makers, key=lambda i: (cells[i].own, i), default=None)


def used(tree: ast.AST) -> set[str]:
    """The names that occur in a tree and are not only given a value."""
    return {
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Store)
    }


def _inside(tree: ast.AST) -> set[str]:
    """The names that belong to functions and comprehensions within."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.comprehension):
            names |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
        elif isinstance(node, _FUNCTIONS) and not isinstance(node, ast.Lambda):
            for statement in node.body:
                names |= defined(statement)
    return names


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes of a tree, the insides of functions left out."""
    yield tree
    if not isinstance(tree, (*_FUNCTIONS, ast.GeneratorExp, ast.ListComp)):
        for child in ast.iter_child_nodes(tree):
            yield from _outside_functions(child)


def _source(cell: dict[str, Any]) -> str:
    source = cell["source"]
    return source if isinstance(source, str) else "".join(source)


def _plain(source: str) -> str:
    """A cell as it reads, whatever editors do to the ends of its lines."""
    return "\n".join(line.rstrip() for line in source.splitlines()).strip()


def _is_check(statement: ast.stmt) -> bool:
    """Whether a statement does no more than to call a check."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Call)
        and ast.unparse(statement.value.func).startswith("checks.")
    )
