"""The notebooks handed out: a sheet a week, and chapters without their solutions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.exercises import FENCED, Exercise, without_folded
from course.launch import students_home
from course.mistakes import Mistake, in_markdown
from course.plan import Plan, Task, Week
from course.rubric import rubric

BADGE = re.compile(r"\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)\n*")
ROOM = re.compile(r"^from helpers import \w+ as \w+$", re.MULTILINE)
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


def student_sheet(week: Week, plan: Plan, book: Path) -> nbformat.NotebookNode:
    """A week's sheet as students get it: tasks, stubs, checks that they run."""
    cells = _opening(week, plan, book, badge(plan, f"sheets/{week.sheet}.ipynb"))
    for task in week.tasks:
        one = task.exercise
        cells.append(_asked(task))
        if one.check:
            code = f"{one.stub}\n\n\n{one.call}"
            cells.append(new_code_cell(code, id=one.cell))
        else:
            cells.append(_cell(one, "answer", "*Your answer:*"))
    return _notebook(cells)


def staff_sheet(
    week: Week, plan: Plan, book: Path, known: Mapping[str, tuple[Mistake, ...]]
) -> nbformat.NotebookNode:
    """The same with stubs solved, solutions, points and wrong answers; not yet run.

    Args:
        week: of the sheet.
        plan: of the course.
        book: the folder of the notebooks.
        known: by check, wrong answers and what is told.

    Raises:
        ValueError: a checked exercise whose solution has no code.
    """
    cells = _opening(week, plan, book, "**For staff: with solutions.**\n\n")
    for task in week.tasks:
        cells += [_asked(task), *_solved(task, known)]
    return _notebook(cells)


def chapter_without_solutions(notebook: Path, plan: Plan) -> nbformat.NotebookNode:
    """A whole chapter without what is folded; its badge opens this copy or is gone."""
    made: nbformat.NotebookNode = nbformat.read(notebook, as_version=4)
    opens = badge(plan, f"chapters/{notebook.name}")
    for cell in made.cells:
        if cell.cell_type == "markdown":
            shown = BADGE.sub(lambda _: opens, without_folded(cell.source))
            cell.source = re.sub(r"\n{3,}", "\n\n", shown).strip()
    made.cells = [cell for cell in made.cells if cell.source]
    return made


def badge(plan: Plan, path: str) -> str:
    """The Colab badge of a file in the students' folder; "" if that has no address."""
    home = students_home(plan)
    if home is None:
        return ""
    return f"[![Open in Colab](_static/colab.svg)]({home.in_colab(path)})\n\n"


def _opening(
    week: Week, plan: Plan, book: Path, below: str
) -> list[nbformat.NotebookNode]:
    """Title and set-up cell."""
    date = f", {week.date:%d %B %Y}" if week.date else ""
    about = week.about
    if week.choose < len(week.tasks):
        about += f" {week.choose} of these {len(week.tasks)} exercises."
    head = f"# Week {week.number}: {week.title}\n\n{below}{plan.title}{date}. {about}"
    if week.tasks:
        head += f"\n\nPoints: {week.points:g}."
    names = dict.fromkeys(
        [*(task.exercise.chapter for task in week.tasks), *week.chapters]
    )
    chapters = [nbformat.read(book / f"{name}.ipynb", 4) for name in names]
    opening = [new_markdown_cell(re.sub(r" *\n", "\n", head).strip(), id="title")]
    if chapters:
        opening.append(new_code_cell(_set_up(chapters), id="setup"))
    return opening


def _set_up(chapters: list[nbformat.NotebookNode]) -> str:
    """The set-up cell of the chapters, which is one, and the rooms that they enter."""
    first = next(cell for cell in chapters[0].cells if cell.cell_type == "code")
    code = "\n".join(
        cell.source
        for chapter in chapters
        for cell in chapter.cells
        if cell.cell_type == "code"
    )
    return "\n".join([first.source, "", *dict.fromkeys(ROOM.findall(code))])


def _asked(task: Task) -> nbformat.NotebookNode:
    one = task.exercise
    said = ", ".join(filter(None, [*one.kinds, one.time, f"{task.points:g} points"]))
    head = f"## Exercise {one.label} ({said}): {one.title}"
    return _cell(one, "task", f"{head}\n\n{one.task}")


def _solved(
    task: Task, known: Mapping[str, tuple[Mistake, ...]]
) -> Iterator[nbformat.NotebookNode]:
    """What a staff sheet has under a task."""
    one = task.exercise
    if one.check:
        if not one.code:
            raise ValueError(
                f"exercise {one.label} is checked, and its solution has no code"
            )
        yield new_code_cell(f"{one.code}\n\n\n{one.call}", id=one.cell)
    title, text = "Solution", one.solution
    if one.check:
        text = FENCED.sub("*Code: the cell above.*\n", text)
    elif one.hint:
        title, text = "Where to begin", one.hint
    yield _cell(one, "solution", f"**{title}.** {text}")
    yield _cell(one, "points", rubric(task))
    if known.get(one.check):
        head = "**Wrong answers, and what the check says to them**"
        listed = in_markdown(known[one.check])
        yield _cell(one, "mistakes", f"{head}\n\n{listed}")


def _cell(one: Exercise, kind: str, text: str) -> nbformat.NotebookNode:
    id = f"{kind}-{one.label.replace('.', '-')}"
    made: nbformat.NotebookNode = new_markdown_cell(text, id=id)
    return made


def _notebook(cells: list[nbformat.NotebookNode]) -> nbformat.NotebookNode:
    made: nbformat.NotebookNode = new_notebook(
        cells=cells, metadata={"kernelspec": KERNEL}
    )
    nbformat.validate(made)
    return made
