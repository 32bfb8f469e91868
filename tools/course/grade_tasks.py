"""Which exercises are graded: of a week, of a chapter, or of the whole course."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from course.exercises import exercises, notebooks
from course.plan import Plan, Task


def of_week(plan: Plan, number: int) -> tuple[Task, ...]:
    """What the sheet of a week asks.

    Raises:
        ValueError: the course has no such week, or no check grades what it asks.
    """
    weeks = {week.number: week.tasks for week in plan.weeks if _checked(week.tasks)}
    if number not in weeks:
        allowed = ", ".join(map(str, weeks))
        raise ValueError(
            f"no week {number} with checked exercises in {plan.title!r}; "
            f"there are weeks {allowed}"
        )
    return weeks[number]


def of_chapter(book: Path, chapter: str) -> tuple[Task, ...]:
    """The checked exercises of a chapter, a point each.

    Raises:
        ValueError: there is no such chapter.
    """
    chapters = [path.stem for path in notebooks(book)]
    if chapter not in chapters:
        raise ValueError(f"no chapter {chapter!r}; there are {', '.join(chapters)}")
    found = exercises(book / f"{chapter}.ipynb")
    return tuple(Task(one, 1) for one in found if one.check)


def of_course(plan: Plan) -> tuple[Task, ...]:
    """The checked exercises of all weeks."""
    return tuple(_checked(task for week in plan.weeks for task in week.tasks))


def _checked(tasks: Iterable[Task]) -> list[Task]:
    return [task for task in tasks if task.exercise.check]
