"""What a grading leaves: a table of scores, pages for students, Gradescope's files."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from course.grade_checks import Graded
from course.plan import Task


def scores(
    graded: Sequence[Graded], tasks: Sequence[Task], look: Mapping[str, Sequence[str]]
) -> str:
    """The table of scores, as CSV.

    Exercises that no check grades have an empty column, to be filled in by hand.

    Args:
        graded: one a student.
        tasks: all that the sheet asks, checked or not.
        look: by student, what a person should look at.
    """
    text = io.StringIO()
    table = csv.writer(text)
    labels = [task.exercise.label for task in tasks]
    most = sum(task.points for task in tasks if task.exercise.check)
    table.writerow(["student", *labels, "points", "of", "seconds", "look at"])
    for one in graded:
        points = {row.label: f"{row.points:g}" for row in one.rows}
        table.writerow(
            [
                _cell(one.name),
                *(points.get(label, "") for label in labels),
                f"{one.points:g}",
                f"{most:g}",
                f"{one.seconds:.1f}",
                _cell("; ".join(look.get(one.name, ()))),
            ]
        )
    return text.getvalue()


def feedback(graded: Graded) -> str:
    """A page for a student, in Markdown."""
    most = sum(row.of for row in graded.rows)
    lines = [f"# {_text(graded.name)}: {graded.points:g} of {most:g} points", ""]
    for row in graded.rows:
        lines.append(
            f"- **{row.label} {_text(row.title)}**, {row.points:g} of {row.of:g}: "
            f"{_text(row.message)}"
        )
    if graded.told:
        lines += ["", "Your notebook, when it was run:", ""]
        lines += [f"- {_text(told)}" for told in graded.told]
    return "\n".join(lines) + "\n"


def gradescope(graded: Graded) -> str:
    """The `results.json` that Gradescope reads."""
    tests: list[dict[str, Any]] = [
        {
            "number": row.label,
            "name": row.title,
            "score": row.points,
            "max_score": row.of,
            "output": row.message,
        }
        for row in graded.rows
    ]
    results = {
        "score": graded.points,
        "output": "\n".join(graded.told),
        "visibility": "visible",
        "tests": tests,
    }
    return json.dumps(results, indent=1, ensure_ascii=False) + "\n"


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, encoding="utf-8", newline="")
    part.replace(path)


def _cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t")) else text


def _text(text: str) -> str:
    """Text as it is, whatever a page of Markdown would make of it."""
    escaped = html.escape(text, quote=False)
    for mark in "\\`*_[]":
        escaped = escaped.replace(mark, f"\\{mark}")
    return escaped
