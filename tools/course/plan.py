"""The plan of a course: a file of weeks, each with its chapters and exercises.

    title: Deep learning theory
    weeks:
      - chapters: [01_linear_regions]
        exercises:                               # number: points
          01_linear_regions: {1: 4, 2: 8, 3: 8}

`course/course.yml` says what else may stand there. Whatever is misspelt gets an error
that names it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from course.cards import cards
from course.exercises import PAGES, Exercise, exercises, notebooks

COURSE_KEYS = ("title", "lecturer", "term", "hub", "repository", "branch", "weeks")
WEEK_KEYS = ("title", "date", "about", "chapters", "exercises", "choose")


@dataclass(frozen=True)
class Task:
    """An exercise of a week's sheet, and what it is worth."""

    exercise: Exercise
    points: float


@dataclass(frozen=True)
class Week:
    """One week.

    Attributes:
        number: from 1 on.
        title: as the plan gives it, else those of its chapters.
        date: of its first day, if the plan says one.
        about: a sentence on what is done, "" if the plan says none.
        chapters: that are read.
        tasks: of the sheet.
        choose: how many of the tasks a student does.
    """

    number: int
    title: str
    date: datetime.date | None
    about: str
    chapters: tuple[str, ...]
    tasks: tuple[Task, ...]
    choose: int

    @property
    def points(self) -> float:
        """The points of a sheet that is solved in full."""
        best = sorted((task.points for task in self.tasks), reverse=True)
        return sum(best[: self.choose])

    @property
    def sheet(self) -> str:
        """The name of the sheet's notebook, without its suffix."""
        return f"week_{self.number:02}"


@dataclass(frozen=True)
class Plan:
    """A course.

    Attributes:
        title: of the course.
        lecturer: a name, or "".
        term: such as "Autumn 2026", or "".
        hub: address of a JupyterHub with nbgitpuller, or "".
        repository: owner/name on GitHub of the students' folder, or "".
        branch: of that repository.
        weeks: in their order.
    """

    title: str
    lecturer: str
    term: str
    hub: str
    repository: str
    branch: str
    weeks: tuple[Week, ...]

    @property
    def chapters(self) -> tuple[str, ...]:
        """The chapters that are read, and those of the exercises, each once."""
        named = [
            name
            for week in self.weeks
            for name in (*week.chapters, *(t.exercise.chapter for t in week.tasks))
        ]
        return tuple(dict.fromkeys(named))

    @property
    def papers(self) -> tuple[str, ...]:
        """The chapters among them that are about a paper; these have slides."""
        return tuple(name for name in self.chapters if name not in PAGES)


def load(path: Path, book: Path, hub: str = "") -> Plan:
    """The plan in a file, checked against the notebooks.

    Args:
        path: of the file.
        book: the folder of the notebooks.
        hub: address of a JupyterHub, in place of the one in the file.

    Raises:
        ValueError: an unknown chapter, exercise or key, or a value that cannot be; the
            message names it and says what is allowed.
    """
    course = _mapping(_read(path), COURSE_KEYS, str(path))
    weeks = course.get("weeks")
    if not isinstance(weeks, list) or not weeks:
        raise ValueError(f"{path}: weeks must be a list of weeks, got {weeks!r}")
    text = {key: _text(course, key, str(path)) for key in COURSE_KEYS if key != "weeks"}
    text |= {"branch": text["branch"] or "main", "hub": hub or text["hub"]}
    _addresses(text, str(path))
    known = _chapters(book)
    titles = {chapter: card.title for chapter, card in cards(book).items()}
    made = tuple(
        _week(number, week, f"{path}, week {number}", known, titles)
        for number, week in enumerate(weeks, start=1)
    )
    _each_once(made, str(path))
    return Plan(**text, weeks=made)


def _addresses(text: Mapping[str, str], where: str) -> None:
    """Refuse a course without a title, and what is no address."""
    if not text["title"]:
        raise ValueError(f"{where}: the course needs a title")
    for key, form, said in (
        ("hub", r"https?://\S+", "an address such as https://hub.example.org"),
        ("repository", r"[\w.-]+/[\w.-]+", "owner/name"),
        ("branch", r"[\w./-]+", "the name of a branch"),
    ):
        if text[key] and not re.fullmatch(form, text[key]):
            raise ValueError(f"{where}: {key} must be {said}, got {text[key]!r}")


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {error}") from None


def _chapters(book: Path) -> dict[str, dict[int, Exercise]]:
    """By chapter, its exercises by number."""
    return {
        notebook.stem: {one.number: one for one in exercises(notebook)}
        for notebook in notebooks(book)
    }


def _week(
    number: int,
    given: Any,
    where: str,
    known: Mapping[str, Mapping[int, Exercise]],
    titles: Mapping[str, str],
) -> Week:
    week = _mapping(given, WEEK_KEYS, where)
    chapters = week.get("chapters", [])
    if not isinstance(chapters, list):
        raise ValueError(f"{where}: chapters must be a list, got {chapters!r}")
    for chapter in chapters:
        _known(chapter, known, f"{where}: no chapter")
    title = _text(week, "title", where)
    title = title or " and ".join(titles[chapter] for chapter in chapters)
    if not title:
        raise ValueError(f"{where} needs a title or a chapter")
    tasks = tuple(_tasks(week.get("exercises", {}), where, known))
    return Week(
        number=number,
        title=title,
        date=_date(week.get("date"), where),
        about=_text(week, "about", where),
        chapters=tuple(chapters),
        tasks=tasks,
        choose=_choose(week.get("choose", len(tasks)), tasks, where),
    )


def _tasks(
    given: Any, where: str, known: Mapping[str, Mapping[int, Exercise]]
) -> Iterator[Task]:
    for chapter, asked in _mapping(given, known, where, "chapter").items():
        numbers = known[chapter]
        place = f"{where}, {chapter}"
        for number, points in _mapping(asked, numbers, place, "exercise").items():
            is_number = type(points) in (int, float)
            if not is_number or not 0 <= points < float("inf"):
                raise ValueError(
                    f"{place}, exercise {number}: points must be a number, 0 or more, "
                    f"got {points!r}"
                )
            yield Task(numbers[number], points)


def _mapping(
    given: Any, allowed: Any, where: str, kind: str = "key"
) -> Mapping[Any, Any]:
    """What the file holds there, if it is a mapping without unknown keys."""
    if not isinstance(given, dict):
        raise ValueError(
            f"{where}: expected {kind}s with their values, got {given!r}; "
            f"allowed are {list(allowed)}"
        )
    for key in given:
        _known(key, allowed, f"{where}: no {kind}")
    return given


def _known(key: Any, allowed: Any, said: str) -> None:
    if key not in list(allowed):
        raise ValueError(f"{said} {key!r}; there are {list(allowed)}")


def _text(given: Mapping[str, Any], key: str, where: str) -> str:
    value = given.get(key)
    if value is None:
        return ""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise ValueError(f"{where}: {key} must be text, got {value!r}")
    return str(value)


def _date(value: Any, where: str) -> datetime.date | None:
    if value is None or type(value) is datetime.date:
        return value
    raise ValueError(f"{where}: date must be written as 2026-09-07, got {value!r}")


def _choose(value: Any, tasks: tuple[Task, ...], where: str) -> int:
    if type(value) is not int or not min(1, len(tasks)) <= value <= len(tasks):
        raise ValueError(
            f"{where}: choose must be a number from 1 to the {len(tasks)} exercises "
            f"of the week, got {value!r}"
        )
    return value


def _each_once(weeks: tuple[Week, ...], where: str) -> None:
    """Refuse an exercise that two weeks ask."""
    first: dict[str, int] = {}
    for week in weeks:
        for task in week.tasks:
            label = task.exercise.label
            if label in first:
                raise ValueError(
                    f"{where}: exercise {label} is in week {first[label]} and again "
                    f"in week {week.number}"
                )
            first[label] = week.number
