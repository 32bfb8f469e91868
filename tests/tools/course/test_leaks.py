"""The detector of solutions: it finds what is planted, and nothing in what is made."""

import json

import nbformat
import pytest
from places import CHAPTERS, ROOT, tool

leaks = tool("course.leaks")
sheets = tool("course.sheets")
BOOK = ROOT / "book"
CODE = "r = len(H) * (lam @ s) / (lam.sum() * s.sum())"
PROSE = "Diagonalise $H$; only the $s_i$ matter."


@pytest.fixture(scope="module")
def secret():
    return leaks.secrets(BOOK, ROOT / "helpers")


def test_lines_of_solutions_and_hints_are_secret(secret):
    assert {CODE, PROSE} <= secret
    assert any(
        "`TwoBasins.escape(...).exit_step` holds first exits" in x for x in secret
    )


def test_what_students_see_anyway_is_no_secret(secret):
    for line in ("```python", "import numpy as np", "return t", "z = h @ W.T + b"):
        assert line not in secret


@pytest.mark.parametrize("chapter", [*CHAPTERS, "your_network"])
def test_every_chapter_has_secrets(secret, chapter):
    found = tool("course.exercises").exercises(BOOK / f"{chapter}.ipynb")
    folded = "\n".join(one.solution + one.hint for one in found)
    assert sum(line in folded for line in secret) >= len(found)


@pytest.fixture(scope="module")
def handed_out(plan, tmp_path_factory):
    """Every chapter without its solutions, and a sheet of each."""
    folder = tmp_path_factory.mktemp("students")
    course = tool("course.plan").load(ROOT / "course" / "course.yml", BOOK)
    for week in course.weeks:
        sheet = sheets.student_sheet(week, course, BOOK)
        nbformat.write(sheet, folder / f"{week.sheet}.ipynb")
    for name in course.chapters:
        chapter = sheets.chapter_without_solutions(BOOK / f"{name}.ipynb", course)
        nbformat.write(chapter, folder / f"{name}.ipynb")
    return folder


def test_no_line_of_a_solution_is_handed_out(handed_out, secret):
    assert leaks.leaks(handed_out, secret) == []


def a_cell(folder, **plant):
    cell = nbformat.v4.new_markdown_cell("A task.", id="task")
    cell.update(plant)
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), folder / "a.ipynb")


@pytest.mark.parametrize(
    "plant",
    [
        {"source": f"Do this.\n{PROSE}"},
        {"source": f"x = 1; {CODE}  # so"},
        {"metadata": {"solution": CODE}},
        {"metadata": {"deep": [{"er": [["a", PROSE]]}]}},
        {"metadata": {"source": ["first\n", CODE[:20], CODE[20:]]}},
        {"metadata": {CODE: 1}},
        {"attachments": {"a": {"text/plain": PROSE}}},
    ],
    ids=["prose", "code", "metadata", "deep", "in pieces", "a key", "attachment"],
)
def test_a_planted_line_is_found_in_a_notebook(tmp_path, secret, plant):
    a_cell(tmp_path)
    assert leaks.leaks(tmp_path, secret) == []
    a_cell(tmp_path, **plant)
    (found,) = leaks.leaks(tmp_path, secret)
    assert found.startswith("a.ipynb: ")


def test_a_planted_line_is_found_in_the_outputs_and_the_notebooks_metadata(
    tmp_path, secret
):
    output = nbformat.v4.new_output("stream", text=f"{CODE}\n")
    cell = nbformat.v4.new_code_cell("1", outputs=[output])
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata={"note": PROSE})
    nbformat.write(notebook, tmp_path / "a.ipynb")
    assert len(leaks.leaks(tmp_path, secret)) == 2


@pytest.mark.parametrize("name", ["a.md", "b/c.json", "d.txt", "slides/e.js", "f.py"])
def test_a_planted_line_is_found_in_any_text(tmp_path, secret, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(f"before\n  {CODE}\nafter", encoding="utf-8")
    assert leaks.leaks(tmp_path, secret) == [f"{name}: {CODE}"]


def test_a_planted_line_is_found_between_tags(tmp_path, secret):
    words = CODE.replace("*", "<span class='o'>*</span>")
    (tmp_path / "a.html").write_text(f"<pre>{words}</pre>", encoding="utf-8")
    assert leaks.leaks(tmp_path, secret) == [f"a.html: {CODE}"]


@pytest.mark.parametrize("title", ["Solution", "Where to begin"])
def test_a_fold_is_found_whatever_is_in_it(tmp_path, title):
    fold = f"<details><summary>{title}</summary>x</details>"
    (tmp_path / "a.html").write_text(fold, encoding="utf-8")
    (tmp_path / "b.ipynb").write_text(
        json.dumps({"cells": [{"source": [fold]}]}), encoding="utf-8"
    )
    assert len(leaks.leaks(tmp_path, [])) == 2
