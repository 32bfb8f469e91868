"""Submissions that are the same: as files, or in the code that an answer rests on."""

from __future__ import annotations

import ast
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from course.grade_cells import Cell, defined, parsed, used

SHORT = 40  # nodes of a syntax tree; two who write less may well write the same


def form(cells: Iterable[Cell], answer: str) -> str:
    """A digest of the student's code behind an answer; "" if there is little or none.

    Imports, comments, docstrings, layout and the choice of names do not change it.

    Args:
        cells: of the notebook.
        answer: its name.
    """
    trees = [cell.tree for cell in cells if cell.own and cell.tree]
    return _digest([one for tree in trees for one in tree.body], answer)


def form_of(code: str, answer: str) -> str:
    """The same of a solution in the book."""
    tree = parsed(code)
    return _digest(tree.body if tree else [], answer)


def _digest(statements: Sequence[ast.stmt], answer: str) -> str:
    kept = _behind(statements, answer)
    copy = ast.parse(ast.unparse(ast.Module(kept, type_ignores=[])))
    if sum(1 for _ in ast.walk(copy)) < SHORT:
        return ""
    plain = ast.dump(_Renamed().visit(copy))
    return hashlib.sha256(plain.encode()).hexdigest()[:16]


def _behind(statements: Sequence[ast.stmt], answer: str) -> list[ast.stmt]:
    """The statements that define an answer, and what these use."""
    kept: set[int] = set()
    names = {answer}
    while True:
        new = {
            place
            for place, one in enumerate(statements)
            if not isinstance(one, ast.Import | ast.ImportFrom) and defined(one) & names
        } - kept
        if not new:
            return [statements[place] for place in sorted(kept)]
        kept |= new
        names |= {name for place in new for name in used(statements[place])}


def alike(
    forms: Mapping[str, Mapping[str, str]], solutions: Mapping[str, str]
) -> dict[str, list[str]]:
    """What to say of each student whose code another has, or the book.

    Args:
        forms: by student, for each exercise the form of the code.
        solutions: for each exercise the form of the book's solution.
    """
    said: dict[str, list[str]] = {name: [] for name in forms}
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for name, found in forms.items():
        for label, one in found.items():
            if one:
                groups[label, one].append(name)
    for (label, one), names in groups.items():
        for name in names:
            if one == solutions.get(label):
                said[name].append(f"{label} is the solution in the book")
            elif len(names) > 1:
                others = ", ".join(other for other in names if other != name)
                said[name].append(f"{label} is the same as of {others}")
    return said


def same_files(contents: Mapping[str, str]) -> dict[str, list[str]]:
    """Of each student, the others who have handed in the same file.

    Args:
        contents: by student, a digest of the file.
    """
    groups: dict[str, list[str]] = defaultdict(list)
    for name, content in contents.items():
        groups[content].append(name)
    return {
        name: [other for other in groups[content] if other != name]
        for name, content in contents.items()
    }


class _Renamed(ast.NodeTransformer):
    """Names by the order in which they come; docstrings out."""

    def __init__(self) -> None:
        self._order: dict[str, str] = {}

    def visit(self, node: ast.AST) -> ast.AST:
        """Rename one node and all below it."""
        for field in ("id", "arg", "name"):
            name = getattr(node, field, None)
            if isinstance(name, str) and not isinstance(node, ast.alias):
                setattr(
                    node, field, self._order.setdefault(name, f"n{len(self._order)}")
                )
        body: Sequence[ast.stmt] = getattr(node, "body", ())
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
            node.body = list(body[1:])
        return self.generic_visit(node)
