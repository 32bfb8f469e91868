"""Points and messages of one submission."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from course import grade_cells, grade_look, grade_similar
from course.grade_jail import Limits
from course.grade_submission import StoppedError, Submission, TooLongError
from course.plan import Task
from helpers import checks

_LONGEST = 400  # characters of a message


@dataclass(frozen=True)
class Row:
    """What one exercise has brought.

    Attributes:
        label: chapter and number, as "6.2".
        title: of the exercise.
        points: that it has brought.
        of: points that it can bring.
        message: what the check says.
        form: of the code that the answer rests on, see `grade_similar.form`.
    """

    label: str
    title: str
    points: float
    of: float
    message: str
    form: str = ""


@dataclass(frozen=True)
class Graded:
    """What one submission has brought.

    Attributes:
        name: of the student.
        rows: one an exercise; empty if it is no notebook.
        told: what went wrong beside the answers, for the student.
        look: what a person should look at, for the grader.
        seconds: that it took.
    """

    name: str
    rows: tuple[Row, ...]
    told: tuple[str, ...] = ()
    look: tuple[str, ...] = ()
    seconds: float = field(default=0, compare=False)

    @property
    def points(self) -> float:
        """The sum of the points."""
        return sum(row.points for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """What JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Graded:
        """The one that `as_json` was called on."""
        rows = tuple(Row(**row) for row in stored["rows"])
        texts = {key: tuple(stored[key]) for key in ("told", "look")}
        return cls(**(stored | texts | {"rows": rows}))


@dataclass(frozen=True)
class Grading:
    """What is the same for all submissions.

    Attributes:
        tasks: the checked exercises.
        book: the code cells of the book.
        seed: of the checks, above 0.
        limits: of a submission.
    """

    tasks: tuple[Task, ...]
    book: Collection[str]
    seed: int
    limits: Limits


def grade(name: str, path: Path, grading: Grading, control: socket.socket) -> Graded:
    """Grade the notebook of one student.

    Args:
        name: of the student.
        path: of the notebook.
        grading: see there.
        control: see `grade_submission.stage`.
    """
    began = time.monotonic()
    try:
        cells = grade_cells.read(path, grading.book)
    except (OSError, ValueError) as error:
        return Graded(name, nothing(grading.tasks, str(error)), (), (str(error),))
    answers = [task.exercise.answer for task in grading.tasks]
    run = grade_cells.to_run(cells, answers)
    submission = Submission(control, run, grading.limits)
    try:
        rows = tuple(row(task, submission, cells, grading) for task in grading.tasks)
    finally:
        submission.close()
    unread = [
        f"code cell {cell.number} is no Python: {grade_cells.fault(cell.source)}"
        for cell in cells
        if cell.tree is None
    ]
    return Graded(
        name,
        rows,
        tuple(map(_short, unread + submission.told)),
        tuple(grade_look.flags(cells, [task.exercise for task in grading.tasks])),
        round(time.monotonic() - began, 2),
    )


def row(
    task: Task, submission: Submission, cells: Sequence[Any], grading: Grading
) -> Row:
    """What one exercise has brought.

    Args:
        task: the exercise.
        submission: its process.
        cells: of its notebook.
        grading: see there.
    """
    exercise = task.exercise
    limit = grading.limits.seconds
    try:
        answer = submission.answer(exercise.answer)
        outcome = getattr(checks, exercise.check)(answer, seed=grading.seed)
        passed, message = outcome.passed is True, outcome.message
    except TooLongError:
        passed, message = False, f"no answer within {limit:g} s"
    except StoppedError as error:
        passed, message = False, str(error)
    except Exception as error:  # of a check that met what it did not expect
        passed, message = False, f"the check raised {type(error).__name__}: {error}"
    return Row(
        exercise.label,
        exercise.title,
        task.points if passed else 0,
        task.points,
        _short(message),
        grade_similar.form(cells, exercise.answer),
    )


def nothing(tasks: Sequence[Task], why: str) -> tuple[Row, ...]:
    """No points for any exercise, and why."""
    return tuple(
        Row(task.exercise.label, task.exercise.title, 0, task.points, _short(why))
        for task in tasks
    )


def _short(message: str) -> str:
    """A message on one line; it may hold whatever the student's value shows."""
    return re.sub(r"\s+", " ", message)[:_LONGEST]
