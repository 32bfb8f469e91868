"""The results of a grading, put together and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from course import grade_feedback, grade_similar
from course.grade_checks import Graded
from course.plan import Task


def look(
    table: Sequence[Graded], tasks: Sequence[Task], keys: Mapping[str, str]
) -> dict[str, list[str]]:
    """By student, what a person should look at.

    Args:
        table: one a student.
        tasks: what was asked.
        keys: by student, a digest of the file.
    """
    forms = {one.name: {r.label: r.form for r in one.rows if r.points} for one in table}
    solutions = {
        one.label: grade_similar.form_of(one.code, one.answer)
        for one in (task.exercise for task in tasks)
    }
    alike = grade_similar.alike(forms, solutions)
    same = grade_similar.same_files(keys)
    return {
        one.name: [
            *one.look,
            *(
                [f"the same file as of {', '.join(same[one.name])}"]
                * bool(same[one.name])
            ),
            *(alike[one.name] if not same[one.name] else ()),
        ]
        for one in table
    }


def write(
    out: Path,
    table: Sequence[Graded],
    tasks: Sequence[Task],
    look: Mapping[str, Sequence[str]],
) -> None:
    """Write table and pages into a folder; pages of students who are gone go too."""
    pages = {
        out / "feedback" / f"{g.name}.md": grade_feedback.feedback(g) for g in table
    }
    pages |= {
        out / "gradescope" / f"{g.name}.json": grade_feedback.gradescope(g)
        for g in table
    }
    for path, text in pages.items():
        grade_feedback.write(path, text)
    for folder in ("feedback", "gradescope"):
        for path in (out / folder).iterdir():
            if path not in pages:
                path.unlink()
    grade_feedback.write(out / "scores.csv", grade_feedback.scores(table, tasks, look))
