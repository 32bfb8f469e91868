"""The syllabus, and the sheet of how long everything takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from course.cards import Card
from course.exercises import exercises
from course.plan import Plan, Week


def syllabus(plan: Plan, known: Mapping[str, Card]) -> str:
    """What is done when, in Markdown.

    Args:
        plan: of the course.
        known: the cards of the chapters.
    """
    total = sum(week.points for week in plan.weeks)
    head = [part for part in (plan.lecturer, plan.term) if part]
    return "\n".join(
        [
            f"# {plan.title}",
            "",
            *([", ".join(head), ""] if head else []),
            "| week | date | topic | exercises | points |",
            "|---|---|---|---|---|",
            *(_row(week) for week in plan.weeks),
            "",
            f"{total:g} points in all. A checked exercise has a check that you run "
            "yourself; hand in the sheet with its cells as they ran.",
            "",
            *(line for week in plan.weeks for line in _topic(week, known)),
        ]
    )


def timing(plan: Plan, known: Mapping[str, Card], seconds: Mapping[str, float]) -> str:
    """Minutes of each chapter's reading, notebook and exercises, in Markdown.

    Args:
        plan: of the course.
        known: the cards of the chapters.
        seconds: by chapter, what its notebook took in the build.
    """
    lines = [
        "# How long it takes",
        "",
        "Reading times and times of exercises are the book's judgement; the notebook's "
        "is processor time in the last build, in minutes of the reference machine.",
        "",
        "| chapter | reading | notebook | exercises of the sheets |",
        "|---|---|---|---|",
    ]
    for chapter in plan.chapters:
        asked = "; ".join(
            f"{task.exercise.label}: {task.exercise.time or 'not said'}"
            for week in plan.weeks
            for task in week.tasks
            if task.exercise.chapter == chapter
        )
        reading, run = known[chapter].minutes, seconds[chapter] / 60
        lines.append(f"| {chapter} | {reading} | {run:.1f} | {asked or 'none'} |")
    return "\n".join(lines) + "\n"


def all_exercises(chapters: tuple[str, ...], book: Path) -> str:
    """Every exercise of the chapters, with kind and time, in Markdown."""
    rows = [
        f"| {one.label} | {one.title} | {', '.join(one.kinds)} | {one.time} |"
        for chapter in chapters
        for one in exercises(book / f"{chapter}.ipynb")
    ]
    return "\n".join(
        ["| exercise | title | kind | time |", "|---|---|---|---|", *rows, ""]
    )


def _row(week: Week) -> str:
    date = f"{week.date:%d %B %Y}" if week.date else ""
    asked = ", ".join(task.exercise.label for task in week.tasks)
    if week.choose < len(week.tasks):
        asked = f"{week.choose} of {asked}"
    points = f"{week.points:g}" if week.tasks else ""
    return f"| {week.number} | {date} | {week.title} | {asked} | {points} |"


def _topic(week: Week, known: Mapping[str, Card]) -> Iterator[str]:
    """What a week is about, and what to do before it and after it."""
    yield from (f"## Week {week.number}: {week.title}", "")
    if week.about:
        yield from (week.about, "")
    for chapter in week.chapters:
        card = known[chapter]
        about = f"*{card.question}* {card.paper}. " if card.paper else ""
        yield from (f"{about}Reading: {card.minutes} minutes.", "")
    for task in week.tasks:
        one = task.exercise
        said = ", ".join(
            filter(None, [*one.kinds, one.time, f"{task.points:g} points"])
        )
        yield f"- Exercise {one.label}: {one.title} ({said})"
    if week.tasks:
        yield ""
