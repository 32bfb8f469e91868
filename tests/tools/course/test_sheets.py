"""The notebooks handed out."""

import dataclasses
import datetime

import nbformat
import pytest
from places import CHAPTERS, ROOT, tool

sheets = tool("course.sheets")
BOOK = ROOT / "book"


@pytest.fixture
def students(plan):
    return sheets.student_sheet(plan.weeks[0], plan, BOOK)


@pytest.fixture
def staff(plan, known):
    return sheets.staff_sheet(plan.weeks[0], plan, BOOK, known)


def ids(notebook):
    return [cell.id for cell in notebook.cells]


def source(notebook, id):
    return next(cell.source for cell in notebook.cells if cell.id == id)


def test_a_students_sheet_has_tasks_stubs_and_room_for_answers(students):
    stub = "2934aef9"
    assert ids(students)[:5] == ["title", "setup", "task-6-1", "answer-6-1", "task-6-2"]
    assert ids(students)[5:] == [stub, "task-6-5", "answer-6-5"]
    assert "## Exercise 6.2 (checked, " in source(students, "task-6-2")
    assert "8 points): the closed form" in source(students, "task-6-2")
    assert "Return $r$ and" in source(students, "task-6-2")
    assert source(students, stub).startswith("def escape(H, Sigma, eta, t):")
    assert source(students, stub).endswith("\n\n\nchecks.quadratic_escape(escape)")
    assert "# Week 1: The shape of SGD noise\n" in source(students, "title")
    assert "Points: 72." in source(students, "title")


def test_the_set_up_cell_is_the_chapters_and_enters_its_room(students):
    chapter = nbformat.read(BOOK / "06_sgd_noise.ipynb", as_version=4)
    first = next(cell.source for cell in chapter.cells if cell.cell_type == "code")
    added = "\n\nfrom helpers import sgd_noise as sn"
    assert source(students, "setup") == first + added


def test_the_badge_opens_the_sheet_where_it_is_published(plan, students):
    address = (
        "colab.research.google.com/github/owner/course/blob/main/sheets/week_01.ipynb"
    )
    assert f"(https://{address})" in source(students, "title")
    unpublished = dataclasses.replace(plan, repository="")
    sheet = sheets.student_sheet(plan.weeks[0], unpublished, BOOK)
    assert "Colab" not in source(sheet, "title")


def test_a_staff_sheet_has_the_solution_in_the_stub_and_what_it_is_worth(staff):
    stub = source(staff, "2934aef9")
    assert stub.startswith("def escape(H, Sigma, eta, t):\n    lam, u = ")
    assert stub.endswith("\n\n\nchecks.quadratic_escape(escape)")
    assert "..." not in stub
    assert source(staff, "solution-6-2").startswith("**Solution.** Diagonalise $H$")
    assert "```" not in source(staff, "solution-6-2")
    assert source(staff, "solution-6-5").startswith("**Where to begin.** ")
    assert "| 8 | the check passes" in source(staff, "points-6-2")
    assert "> expected a pair" in source(staff, "mistakes-6-2")
    assert "mistakes-6-1" not in ids(staff)


def test_a_week_says_its_date_and_how_many_to_choose(plan):
    week = dataclasses.replace(
        plan.weeks[0], date=datetime.date(2026, 9, 7), about="Read.", choose=1
    )
    title = source(sheets.student_sheet(week, plan, BOOK), "title")
    assert "07 September 2026. Read. 1 of these 3 exercises." in title
    assert "Points: 60." in title


def test_a_checked_exercise_without_code_in_its_solution_is_named(plan, known):
    tasks = list(plan.weeks[0].tasks)
    bare = dataclasses.replace(tasks[1].exercise, solution="In words.")
    tasks[1] = dataclasses.replace(tasks[1], exercise=bare)
    week = dataclasses.replace(plan.weeks[0], tasks=tuple(tasks))
    with pytest.raises(ValueError, match=r"exercise 6\.2 is checked, and its solution"):
        sheets.staff_sheet(week, plan, BOOK, known)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_checked_exercise_has_code_in_its_solution(chapter):
    for one in tool("course.exercises").exercises(BOOK / f"{chapter}.ipynb"):
        assert bool(one.code) == bool(one.check), one.label
        if one.check:
            assert one.answer in one.code


def test_a_whole_chapter_keeps_all_but_what_is_folded(plan):
    path = BOOK / "06_sgd_noise.ipynb"
    made = sheets.chapter_without_solutions(path, plan)
    text = "\n".join(cell.source for cell in made.cells)
    assert "blob/main/chapters/06_sgd_noise.ipynb" in made.cells[0].source
    assert "Among all $\\Sigma$ of trace 1" in text
    assert "reached by $u_1u_1^\\top$" not in text
    assert "details>" not in text
    before = nbformat.read(path, as_version=4)
    code = [cell.source for cell in before.cells if cell.cell_type == "code"]
    assert [cell.source for cell in made.cells if cell.cell_type == "code"] == code
