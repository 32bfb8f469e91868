"""The start pages: of the whole course for the staff, of their part for students."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from course.plan import Plan


def students_start(plan: Plan, folder: Path, titles: Mapping[str, str]) -> str:
    """What a student opens first, in Markdown; links only to what is in the folder.

    Args:
        plan: of the course.
        folder: of the students.
        titles: of the chapters, by name.
    """
    (wheel,) = folder.glob("wheel/*.whl")
    lines = [
        f"# {plan.title}",
        "",
        "- [Syllabus](syllabus.html)",
        "- [Open with one click](launch.html)",
        "- [The book](site/index.html): all chapters, with explorers that work from "
        "disk",
        "",
        *_listed("Sheets", folder, "sheets/*.ipynb", _weeks(plan)),
        *_listed("Chapters as notebooks", folder, "chapters/*.ipynb", titles),
        *_listed("Slides", folder, "slides/*.html", titles),
        "## On your own machine",
        "",
        "Python 3.11 or later; once, in this folder, with a network:",
        "",
        f"    python -m pip install jupyterlab wheel/{wheel.name}",
        "",
        "then `python -m jupyterlab sheets`. Without a network, where the packages "
        "that the helpers need are there already:",
        "",
        f"    python -m pip install --no-deps wheel/{wheel.name}",
        "",
        "Text, figures, slides and sheets are under CC BY 4.0, the code is under the "
        "MIT licence: [what that asks of you](LICENSE-TEXT.md).",
    ]
    return "\n".join(lines) + "\n"


def course_start(plan: Plan, folder: Path) -> str:
    """What the lecturer opens first, in Markdown; links only to what is there."""
    lines = [
        f"# {plan.title}: the course kit",
        "",
        "- `students` is for students, and in one file `students.zip`: "
        "[what is in it](students/index.html). To open sheets with one click, publish "
        "that folder as a repository and name it in the course's file.",
        "- `staff` is for those who teach: solutions and what follows. **`course.zip` "
        "holds both folders and this page; do not hand it out.**",
        "- `SHA256SUMS` says whether a copy is whole: `sha256sum -c SHA256SUMS`.",
        "- [How long it takes](staff/timing.html)",
        "",
        *_listed(
            "Solved sheets, with points and wrong answers",
            folder,
            "staff/sheets/*.ipynb",
            _weeks(plan),
        ),
        "## Grading",
        "",
        "On Linux or macOS, in the folder `staff/grader`. Once, with a network, the "
        "packages (Python 3.11, 3.12 or 3.13):",
        "",
        "    python -m pip install -r requirements.txt",
        "    python -m pip install -r requirements-torch.txt",
        "",
        "Then, without one, for a folder of notebooks that were handed in:",
        "",
        "    PYTHONPATH=. python tools/grade.py FOLDER --week 1 --out RESULTS",
        "",
        *_listed("Examination questions", folder, "staff/questions/*.md"),
        *_listed("In print", folder, "staff/*.pdf"),
    ]
    return "\n".join(lines) + "\n"


def _weeks(plan: Plan) -> dict[str, str]:
    """By the name of a sheet, what it is called."""
    return {week.sheet: f"Week {week.number}: {week.title}" for week in plan.weeks}


def _listed(
    title: str,
    folder: Path,
    pattern: str,
    names: Mapping[str, str] = MappingProxyType({}),
) -> list[str]:
    """A heading and links to the files of that pattern; nothing if there are none."""
    rows = [
        f"- [{names.get(path.stem, path.stem)}]({path.relative_to(folder).as_posix()})"
        for path in sorted(folder.glob(pattern))
    ]
    return [f"## {title}", "", *rows, ""] if rows else []
