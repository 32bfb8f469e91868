"""For what a staff sheet gives the points of an exercise."""

from __future__ import annotations

from course.plan import Task

RUBRIC = {
    "checked": (
        (1.0, "the check passes, here and with the other numbers of the grading"),
        (0.25, "instead: it fails, but the idea is right and stated in a sentence"),
    ),
    "proof": (
        (0.25, "what is given and what is to be shown, in the chapter's notation"),
        (0.5, "every step, each with its reason"),
        (0.25, "where each assumption is used"),
    ),
    "derivation": (
        (0.25, "the starting point: the quantity, and what is neglected"),
        (0.5, "every step, each with its reason"),
        (0.25, "the result, beside a number that was computed or measured"),
    ),
    "warm-up": (
        (0.5, "the result"),
        (0.5, "an argument that another student can follow"),
    ),
    "research": (
        (0.2, "a question that a measurement can answer, and what would decide it"),
        (0.4, "the measurement: one thing changes, a baseline, twenty seeds"),
        (0.2, "an honest answer, with its uncertainty"),
        (0.2, "what failed, and what it says"),
    ),
}
"""By kind, shares of the points; a kind that comes first here decides."""


def rubric(task: Task) -> str:
    """The table of a task's points, in Markdown."""
    kind = next(kind for kind in RUBRIC if kind in task.exercise.kinds)
    rows = [f"| {share * task.points:g} | {text} |" for share, text in RUBRIC[kind]]
    return "\n".join(["| points | for |", "|---|---|", *rows])
