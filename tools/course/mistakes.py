"""Wrong answers to the checked exercises, and what each check says to them.

They are the wrong answers with which the checks are tested: `tests/checks/cases/` has
a file for each chapter with a list WRONG of (check, answer, part of what is told).
"""

from __future__ import annotations

import ast
import importlib
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Mistake:
    """A wrong answer.

    Attributes:
        code: of the answer, as it stands in its file.
        told: what the check says to it.
    """

    code: str
    told: str


def mistakes(tests: Path) -> dict[str, tuple[Mistake, ...]]:
    """By check, the wrong answers in a folder of tests; each check is run.

    Cost: about 3 s.

    Raises:
        ValueError: a list of wrong answers is not written out, or one passes its check.
    """
    sys.path.insert(0, str(tests))
    try:
        found = defaultdict[str, list[Mistake]](list)
        for path in sorted((tests / "checks" / "cases").glob("[a-z]*.py")):
            for check, mistake in _run(path):
                found[check].append(mistake)
    finally:
        sys.path.remove(str(tests))
    return {check: tuple(listed) for check, listed in found.items()}


def in_markdown(listed: tuple[Mistake, ...]) -> str:
    """Wrong answers one under another, each with what is told."""
    return "\n\n".join(f"```python\n{one.code}\n```\n\n> {one.told}" for one in listed)


def _run(path: Path) -> Iterator[tuple[str, Mistake]]:
    """The wrong answers of one file, each with the name of its check."""
    wrong = importlib.import_module(f"checks.cases.{path.stem}").WRONG
    sources = written(path.read_text(encoding="utf-8"))
    if len(sources) != len(wrong):
        raise ValueError(f"{path}: WRONG must be one list of (check, answer, told)")
    for (check, answer, _), code in zip(wrong, sources, strict=True):
        outcome = check(answer)
        if outcome.passed is not False:
            raise ValueError(f"{path}: {code!r} should fail and is told {outcome!r}")
        yield check.__name__, Mistake(code, repr(outcome))


def written(module: str) -> list[str]:
    """How each answer in a module's list WRONG is written.

    An answer that is the name of something defined in the module is shown by that.
    """
    body = ast.parse(module).body
    defined = {
        name: ast.get_source_segment(module, node) or ""
        for node in body
        for name in _names(node)
    }
    lists = [
        node.value
        for node in body
        if isinstance(node, ast.Assign) and "WRONG" in _names(node)
    ]
    rows = [
        row for listed in lists if isinstance(listed, ast.List) for row in listed.elts
    ]
    answers = [row.elts[1] for row in rows if isinstance(row, ast.Tuple)]
    codes = [ast.get_source_segment(module, answer) or "" for answer in answers]
    return [defined.get(code, code) for code in codes]


def _names(node: ast.stmt) -> list[str]:
    """What a statement of a module defines."""
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    return []
