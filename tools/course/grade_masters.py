"""Masters for otter-grader and nbgrader, for those who run one of these already.

Both put the checks into the student's own process; `tools/grade.py` does not.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_raw_cell

from course.exercises import Exercise
from course.grade_feedback import write as write_whole
from course.plan import Task

SEED = 2026  # of the hidden tests
SETUP = """import sys

if "google.colab" in sys.modules:
    %pip install -q git+https://github.com/{repository}@{branch}

import numpy as np

from helpers import checks"""
_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def write(kind: str, tasks: Sequence[Task], out: Path, setup: str) -> Path:
    """Write the master notebook of the checked exercises.

    Args:
        kind: "otter" or "nbgrader".
        tasks: of a week or a chapter.
        out: folder.
        setup: code of the first cell.

    Returns:
        Where it lies.

    Raises:
        ValueError: an exercise has no code in its solution.
    """
    checked = [task for task in tasks if task.exercise.check]
    for exercise in (task.exercise for task in checked):
        if not exercise.code:
            raise ValueError(f"exercise {exercise.label} has no code in its solution")
    notebook = new_notebook(metadata={"kernelspec": _KERNEL})
    notebook.cells = list(MASTERS[kind](checked, setup))
    for number, cell in enumerate(notebook.cells, start=1):
        cell["id"] = f"cell-{number}"
    nbformat.validate(notebook)
    path = out / f"{kind}_master.ipynb"
    write_whole(path, nbformat.writes(notebook) + "\n")
    return path


def otter(tasks: Sequence[Task], setup: str) -> Iterator[NotebookNode]:
    """The cells for `otter assign`; hidden tests ask about other numbers."""
    yield new_raw_cell(
        "# ASSIGNMENT CONFIG\ninit_cell: false\ncheck_all_cell: false\n"
        "export_cell: false\ngenerate:\n  show_hidden: false\nfiles: []"
    )
    yield new_code_cell(setup)
    for task in tasks:
        exercise = task.exercise
        yield new_raw_cell(
            f"# BEGIN QUESTION\nname: q{_name(exercise)}\npoints:\n"
            f"  - 0\n  - {task.points:g}"
        )
        yield new_markdown_cell(_task(exercise))
        yield new_raw_cell("# BEGIN SOLUTION")
        head, body = _in_two(exercise)
        if head:
            marked = "    # BEGIN SOLUTION NO PROMPT\n{}\n    # END SOLUTION\n{}"
            prompt = '    """ # BEGIN PROMPT\n    ...\n    """; # END PROMPT'
            yield new_code_cell(head + "\n" + marked.format(body, prompt))
        else:
            yield new_code_cell(f"{body} # SOLUTION")
        yield new_raw_cell("# END SOLUTION")
        yield new_raw_cell("# BEGIN TESTS")
        yield new_code_cell(_assertion(exercise))
        yield new_code_cell(f"# HIDDEN\n{_assertion(exercise, SEED)}")
        yield new_raw_cell("# END TESTS")
        yield new_raw_cell("# END QUESTION")


def nbgrader(tasks: Sequence[Task], setup: str) -> Iterator[NotebookNode]:
    """The cells of nbgrader's source notebook; hidden tests ask about other numbers."""

    def marked(cell: NotebookNode, id: str, **kinds: bool | float) -> NotebookNode:
        plain = {"grade": False, "solution": False, "locked": True, "task": False}
        cell["metadata"]["nbgrader"] = {
            "schema_version": 3,
            "grade_id": id,
            **plain,
            **kinds,
        }
        return cell

    yield marked(new_code_cell(setup), "setup")
    for task in tasks:
        exercise = task.exercise
        id = f"q{_name(exercise)}"
        yield marked(new_markdown_cell(_task(exercise)), f"{id}_text")
        head, body = _in_two(exercise)
        space = "    " if head else ""
        code = f"{space}### BEGIN SOLUTION\n{body}\n{space}### END SOLUTION"
        solution = new_code_cell(f"{head}\n{code}".lstrip("\n"))
        yield marked(solution, id, solution=True, locked=False)
        tests = (
            f"{_assertion(exercise)}\n### BEGIN HIDDEN TESTS\n"
            f"{_assertion(exercise, SEED)}\n### END HIDDEN TESTS"
        )
        cell = new_code_cell(tests)
        yield marked(cell, f"{id}_test", grade=True, points=task.points)


MASTERS: dict[str, Callable[[Sequence[Task], str], Iterator[NotebookNode]]] = {
    "otter": otter,
    "nbgrader": nbgrader,
}


def _name(exercise: Exercise) -> str:
    return exercise.label.replace(".", "_")


def _task(exercise: Exercise) -> str:
    return f"## Exercise {exercise.label}: {exercise.title}\n\n{exercise.task}"


def _assertion(exercise: Exercise, seed: int | None = None) -> str:
    asked = exercise.answer if seed is None else f"{exercise.answer}, seed={seed}"
    call = f"checks.{exercise.check}({asked})"
    return f"outcome = {call}\nassert outcome.passed, outcome"


def _in_two(exercise: Exercise) -> tuple[str, str]:
    """The stub's first lines, and the solution without its own; ("", all) of a value.

    A solution with functions of its own keeps these before the stub's lines.
    """
    tree = ast.parse(exercise.code)
    function = next(
        (
            node
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name == exercise.answer
        ),
        None,
    )
    if function is None:
        return "", exercise.code
    lines = exercise.code.splitlines()
    start = function.body[0].lineno - 1
    before = "\n".join(lines[: function.lineno - 1]).rstrip()
    stub = exercise.stub.splitlines()
    end = next(i for i, line in enumerate(stub) if line.lstrip().startswith("..."))
    head = "\n".join(stub[:end])
    return f"{before}\n\n\n{head}".lstrip("\n"), "\n".join(lines[start:])
