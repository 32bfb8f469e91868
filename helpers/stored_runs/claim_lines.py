"""The lines of a notebook that measure a claim, as one hash."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

from helpers.stored_runs.imports import code_of, hash_of, said

_MEASURED = {"measured", "stderr", "seeds", None}  # None: a `**` expansion
_SCOPES = (
    ast.FunctionDef,
    ast.Lambda,
    ast.ListComp,
    ast.SetComp,
    ast.DictComp,
    ast.GeneratorExp,
)


def claim_hashes(notebook: Path) -> dict[str, str]:
    """Hash of the lines of a notebook that measure each of its claims, by id.

    These are the claim's own statement, of its `claim` the measurement alone, and those
    above that bind a name it uses, change it in place or hand it to a call; then those
    behind these. What a claim says (statement, interval, reason) is not among them.

    Args:
        notebook: an .ipynb file; its claims are the ids written in statements that call
            `claim`.
    """
    return dict(_hashes(code_of(notebook)))


@cache  # a notebook has several stored files
def _hashes(code: str) -> dict[str, str]:
    """The same for the text of the code."""
    lines = [_Line(line) for line in _Measurements().visit(ast.parse(code)).body]
    found: dict[str, str] = {}
    for place, line in enumerate(lines):
        ids = _claims_in(line.code)
        if ids:
            made = hash_of(line.said for line in _slice(lines[: place + 1]))
            found |= dict.fromkeys(ids, made)
    return found


def _is_claim(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call):
        return False
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else None
    return (called.id if isinstance(called, ast.Name) else name) == "claim"


def _claims_in(line: ast.AST) -> list[str]:
    """The ids in a statement that calls `claim`."""
    nodes = list(ast.walk(line))
    if not any(map(_is_claim, nodes)):
        return []
    texts = (node.value for node in nodes if isinstance(node, ast.Constant))
    return [t for t in texts if isinstance(t, str) and re.fullmatch(r"\d+\.\d+", t)]


class _Measurements(ast.NodeTransformer):
    """Cut each call of `claim` down to its id and what is measured."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not _is_claim(node):
            return node
        kept = [one for one in node.keywords if one.arg in _MEASURED]
        return ast.Call(node.func, node.args[:1], kept)


class _Line:
    """A statement, in words, and its names: used, bound anew, bound or changed."""

    def __init__(self, code: ast.stmt) -> None:
        self.code, self.said = code, said(code)
        self.used, self.bound = _used(code), _bound(code)
        self.made = self.bound | _touched(code)


def _slice(lines: list[_Line]) -> list[_Line]:
    """The last statement, and of those above it the ones that make what it uses."""
    behind, wanted = [lines[-1]], lines[-1].used
    for line in reversed(lines[:-1]):
        if wanted & line.made:
            behind.append(line)
            wanted = (wanted - line.bound) | line.used
    return behind


def _used(node: ast.AST) -> set[str]:
    """The names that a piece of code takes from outside itself."""
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Load) else set()
    found = set[str]().union(*map(_used, ast.iter_child_nodes(node)))
    if isinstance(node, ast.For):
        found -= _stored(node.target)
    if isinstance(node, _SCOPES):
        found -= {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}
        found -= _stored(node)
    return found


def _bound(line: ast.stmt) -> set[str]:
    """The names that a statement binds anew, whatever they were."""
    if isinstance(line, ast.FunctionDef | ast.ClassDef):
        return {line.name}
    if isinstance(line, ast.Import | ast.ImportFrom):
        names = (alias.asname or alias.name for alias in line.names)
        return {name.partition(".")[0] for name in names}
    targets = line.targets if isinstance(line, ast.Assign) else []
    return set[str]().union(*map(_stored, targets))


def _touched(line: ast.stmt) -> set[str]:
    """The names that a statement may bind, changes in place or hands to a call."""
    if isinstance(line, ast.FunctionDef | ast.ClassDef):
        return set()
    made = _stored(line)
    for node in ast.walk(line):
        if isinstance(node, ast.Attribute | ast.Subscript):
            if isinstance(node.ctx, ast.Store):
                made |= _used(node.value)
        elif isinstance(node, ast.Expr | ast.Assign) and isinstance(
            node.value, ast.Call
        ):
            given = [*node.value.args, getattr(node.value.func, "value", None)]
            made |= {one.id for one in given if isinstance(one, ast.Name)}
    return made


def _stored(tree: ast.AST) -> set[str]:
    """The names that a piece of code assigns to, at any depth."""
    names = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
    return {name.id for name in names if isinstance(name.ctx, ast.Store)}
