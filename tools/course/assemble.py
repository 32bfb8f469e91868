"""The course's folder, whole or not at all."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat

from course.cards import cards
from course.launch import Home, launch_links
from course.leaks import leaks, secrets
from course.mistakes import mistakes
from course.package import archive, grader, wheel, write_sums
from course.pages import page
from course.plan import Plan
from course.sheets import chapter_without_solutions, staff_sheet, student_sheet
from course.site import copy_site
from course.solved import solved
from course.start import course_start, students_start
from course.syllabus import all_exercises, syllabus, timing

PICTURE = re.compile(r"!\[[^\]]*\]\((_static/[^)\s]+)\)")
Slides = Callable[[Path, Sequence[str]], list[Path]]


@dataclass(frozen=True)
class Sources:
    """What a course is made from.

    Attributes:
        root: of the repository.
        course: the file of the plan.
        home: where the book is published.
        seconds: by chapter, what its notebook took in the build.
        site: the built site.
        cache: of the sheets' outputs.
        slides: writes the slides of chapters into a folder; None for no slides.
    """

    root: Path
    course: Path
    home: Home
    seconds: Mapping[str, float]
    site: Path
    cache: Path
    slides: Slides | None = None

    @property
    def book(self) -> Path:
        """The folder of the notebooks."""
        return self.root / "book"


def assemble(plan: Plan, sources: Sources, target: Path) -> None:
    """Make the course in a temporary folder, then put it in the target's place.

    Raises:
        FileNotFoundError: the site is not built.
        RuntimeError: a staff sheet fails, or students would get a line of a solution.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".course-") as place:
        made = Path(place, "course")
        write_students(plan, sources, made / "students")
        write_staff(plan, sources, made / "staff")
        secret = secrets(sources.book, sources.root / "helpers")
        if found := leaks(made / "students", secret):
            raise RuntimeError("students would get\n" + "\n".join(found))
        (made / "index.html").write_text(page(course_start(plan, made)), "utf-8")
        write_sums(made)
        archive(made, Path(place, "course.zip"))
        archive(made / "students", made / "students.zip")
        Path(place, "course.zip").rename(made / "course.zip")
        write_sums(made)
        if target.exists():
            target.rename(Path(place, "before"))
        made.rename(target)


def write_students(plan: Plan, sources: Sources, folder: Path) -> None:
    """Everything that students get."""
    copy_site(sources.site, folder / "site")
    sheets = {
        week.sheet: student_sheet(week, plan, sources.book)
        for week in plan.weeks
        if week.tasks
    }
    chapters = {
        name: chapter_without_solutions(sources.book / f"{name}.ipynb", plan)
        for name in plan.chapters
    }
    for kind, notebooks in (("sheets", sheets), ("chapters", chapters)):
        _write_notebooks(notebooks, folder / kind)
        _copy_pictures(notebooks.values(), sources.book, folder / kind)
    _write_page(folder / "syllabus", syllabus(plan, cards(sources.book)))
    _write_page(folder / "launch", launch_links(plan, sources.home))
    wheel(sources.root, folder / "wheel")
    if sources.slides is not None:
        sources.slides(folder / "slides", plan.papers)
    for name in ("LICENSE", "LICENSE-TEXT.md"):
        shutil.copy(sources.root / name, folder)
    titles = {name: card.title for name, card in cards(sources.book).items()}
    start = students_start(plan, folder, titles)
    (folder / "index.html").write_text(page(start), "utf-8")


def write_staff(plan: Plan, sources: Sources, folder: Path) -> None:
    """What only those who teach get."""
    known = mistakes(sources.root / "tests")
    sheets = {
        week.sheet: staff_sheet(week, plan, sources.book, known)
        for week in plan.weeks
        if week.tasks
    }
    _write_notebooks(solved(sheets, sources.cache), folder / "sheets")
    times = timing(plan, cards(sources.book), sources.seconds)
    every = all_exercises(plan.chapters, sources.book)
    _write_page(folder / "timing", f"{times}\n## All exercises\n\n{every}")
    printed = sources.site.parent / "book.pdf"
    if printed.exists():
        shutil.copy(printed, folder)
    _copy_questions(plan, sources.root / "course" / "staff", folder / "questions")
    grader(sources.root, sources.course, folder / "grader")


def _copy_questions(plan: Plan, written: Path, folder: Path) -> None:
    """Copy the examination questions of the course's chapters, where there are some."""
    for chapter in plan.chapters:
        if (questions := written / f"{chapter}.md").exists():
            folder.mkdir(exist_ok=True)
            shutil.copy(questions, folder)


def _write_notebooks(
    notebooks: Mapping[str, nbformat.NotebookNode], folder: Path
) -> None:
    folder.mkdir(parents=True)
    for name, notebook in notebooks.items():
        nbformat.write(notebook, folder / f"{name}.ipynb")


def _copy_pictures(
    notebooks: Iterable[nbformat.NotebookNode], book: Path, folder: Path
) -> None:
    """Copy the pictures that texts of notebooks show, to where they look for them."""
    texts = (cell.source for one in notebooks for cell in one.cells)
    for name in {name for text in texts for name in PICTURE.findall(text)}:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(book / name, folder / name)


def _write_page(path: Path, markdown: str) -> None:
    """Write a text as it is and as a page."""
    path.with_suffix(".md").write_text(markdown, encoding="utf-8")
    path.with_suffix(".html").write_text(page(markdown), encoding="utf-8")
