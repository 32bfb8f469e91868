"""The command's arguments: what is allowed, and what is said of the rest."""

import csv
import json
import os
import subprocess
import sys
from dataclasses import replace

import nbformat
import pytest
from places import CHAPTERS, ROOT, tool

grade = tool("grade")
tasks = tool("course.grade_tasks")
masters = tool("course.grade_masters")
plan = tool("course.plan")

BOOK = ROOT / "book"


@pytest.fixture(scope="module")
def course():
    return plan.load(ROOT / "course" / "course.yml", BOOK)


def said(capsys, *arguments):
    """The status and what is printed about an error."""
    try:
        status = grade.main([str(part) for part in arguments])
    except SystemExit as error:
        status = error.code
    return status, capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "give the folder of the notebooks handed in"),
        (("nowhere",), "no folder nowhere; give one that holds notebooks (.ipynb)"),
        (("--week", "3", "--chapter", "x"), "not allowed with argument"),
        (("--week", "three"), "invalid int value: 'three'"),
        (("--week", "99"), "no week 99 with checked exercises"),
        (("--week", "11"), "there are weeks 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12"),
        (("--chapter", "01"), f"no chapter '01'; there are {', '.join(CHAPTERS)}"),
        (("--seed", "0"), "'0' is not a whole number above 0"),
        (("--seconds", "nan"), "'nan' is not a number above 0"),
        (("--jobs", "1.5"), "'1.5' is not a whole number above 0"),
        (("--masters", "other"), "invalid choice: 'other'"),
        (("--course", "no.yml"), "no.yml"),
    ],
)
def test_a_bad_argument_is_named(capsys, tmp_path, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "class").mkdir()
    if arguments and arguments != ("nowhere",):
        arguments = ("class", *arguments)
    status, error = said(capsys, *arguments, "--out", "results")
    assert status == 2
    assert told in error
    assert not (tmp_path / "results").exists()


def test_an_empty_folder(capsys, tmp_path):
    status, error = said(capsys, tmp_path, "--out", tmp_path / "results")
    assert status == 2
    assert f"no notebook (.ipynb) in {tmp_path}" in error
    assert not (tmp_path / "results").exists()


def test_a_week_asks_what_the_plan_says(course):
    found = [(t.exercise.label, t.points) for t in tasks.of_week(course, 6)]
    assert found == [("6.1", 4), ("6.2", 8), ("6.3", 8)]


def test_a_chapter_asks_its_checked_exercises_for_a_point_each():
    found = tasks.of_chapter(BOOK, "06_sgd_noise")
    assert [(t.exercise.label, t.points) for t in found] == [
        *(("6.2", 1), ("6.3", 1), ("6.4", 1))
    ]


def test_the_course_asks_all_that_its_weeks_check(course):
    labels = [t.exercise.label for t in tasks.of_course(course)]
    assert len(labels) == len(set(labels))
    assert {"1.2", "6.3", "10.2"} <= set(labels)
    assert all(t.exercise.check for t in tasks.of_course(course))


@pytest.mark.parametrize("kind", ["otter", "nbgrader"])
@pytest.mark.parametrize("chapter", [*CHAPTERS, "your_network"])
def test_a_master_holds_each_solution_once_and_between_marks(tmp_path, kind, chapter):
    asked = [t for t in tasks.of_chapter(BOOK, chapter) if t.exercise.code]
    path = masters.write(kind, asked, tmp_path, "import numpy as np")
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    for exercise in (task.exercise for task in asked):
        (cell,) = (text for text in code if exercise.code.splitlines()[-1] in text)
        assert "SOLUTION" in cell
        scope = {}
        exec("import numpy as np\n" + cell, scope)  # the marks leave it Python
        assert scope[exercise.answer] is not ...
        tests = [text for text in code if f"checks.{exercise.check}(" in text]
        assert any("seed=" in text and "HIDDEN" in text for text in tests)


def test_a_master_needs_code_in_every_solution(tmp_path):
    task = tasks.of_chapter(BOOK, "06_sgd_noise")[0]
    bare = plan.Task(replace(task.exercise, solution="In words."), 1)
    with pytest.raises(ValueError, match=r"exercise 6\.2 has no code in its solution"):
        masters.write("otter", [bare], tmp_path, "")
    assert not list(tmp_path.iterdir())


def test_nbgraders_cells_have_names_of_their_own(tmp_path):
    path = masters.write(
        "nbgrader", tasks.of_chapter(BOOK, "06_sgd_noise"), tmp_path, ""
    )
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    ids = [cell["metadata"]["nbgrader"]["grade_id"] for cell in cells]
    assert len(ids) == len(set(ids)) == 10
    assert sum(cell["metadata"]["nbgrader"].get("points", 0) for cell in cells) == 3


def test_the_command_writes_a_master(capsys, tmp_path):
    options = ["--masters", "otter", "--week", "3", "--out", str(tmp_path)]
    assert grade.main(options) == 0
    path = tmp_path / "otter_master.ipynb"
    assert f"wrote {path}" in capsys.readouterr().out
    assert "name: q3_2" in path.read_text(encoding="utf-8")


def test_the_copy_for_staff_grades_by_itself(course, tmp_path):
    """As a lecturer without a checkout of the book does."""
    copy, handed_in = tmp_path / "grader", tmp_path / "class"
    tool("course.package").grader(ROOT, ROOT / "course" / "course.yml", copy)
    handed_in.mkdir()
    sheet = tool("course.sheets").student_sheet(course.weeks[0], course, BOOK)
    nbformat.write(sheet, handed_in / "ada.ipynb")
    done = subprocess.run(
        [sys.executable, "tools/grade.py", handed_in, "--week", "1", "--out", "out"],
        cwd=copy,
        env=os.environ | {"PYTHONPATH": str(copy)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "1 submissions, 1 of them graded now" in done.stdout
    scores = (copy / "out" / "scores.csv").read_text(encoding="utf-8")
    (row,) = csv.DictReader(scores.splitlines())
    assert (row["student"], row["points"]) == ("ada", "0")
