"""The reader of exercises: on the ten notebooks, and on what it must refuse."""

import nbformat
import pytest
from places import CHAPTERS, ROOT, tool

reader = tool("course.exercises")

TASK = (
    "## Before\n\n## Exercises\n\n### Exercise 1 ({kinds}): a title (of sorts)\n\nDo."
)
SOLVED = (
    "<details><summary>Solution</summary>\n\nSo:\n\n```python\nx = 1\n```\n</details>"
)
MORE = "\n\n### Exercise 2 (research): more\n\nGo on.\n"
HINT = "<details><summary>Where to begin</summary>\n\nHere.\n</details>\n\n## After\n"


def written(folder, *cells):
    """A notebook of Markdown cells and of code cells, which begin with '%'."""
    notebook = nbformat.v4.new_notebook()
    for text in cells:
        if text.startswith("%"):
            notebook.cells.append(nbformat.v4.new_code_cell(text[1:], id="stub"))
        else:
            notebook.cells.append(nbformat.v4.new_markdown_cell(text))
    path = folder / "03_toy.ipynb"
    nbformat.write(notebook, path)
    return path


def toy(folder, kinds="checked", code="%x = ...\n\nchecks.one(x)"):
    return written(folder, TASK.format(kinds=kinds), code, SOLVED + MORE + HINT)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_chapter_has_five_and_the_last_is_research(chapter):
    found = reader.exercises(ROOT / "book" / f"{chapter}.ipynb")
    assert [one.number for one in found] == [1, 2, 3, 4, 5]
    assert [one.number for one in found if "research" in one.kinds] == [5]
    assert found[-1].hint
    for one in found[:-1]:
        assert one.solution
        assert "details>" not in one.solution + one.task
    for one in found:
        assert one.chapter == chapter
        assert bool(one.check) == bool(one.answer) == ("checked" in one.kinds)


def test_the_page_on_your_network_counts_as_chapter_12():
    assert [path.stem for path in reader.notebooks(ROOT / "book")] == [
        *CHAPTERS,
        "your_network",
    ]
    (one,) = reader.exercises(ROOT / "book" / "your_network.ipynb")
    assert (one.label, one.kinds, one.minutes) == ("12.1", ("checked",), 15)
    assert (one.check, one.answer) == ("report_factors", "report_factors")
    assert "return c, 1, 1, 1" in one.code


def test_an_exercise_in_its_parts(tmp_path):
    first, second = reader.exercises(toy(tmp_path))
    assert first == reader.Exercise(
        chapter="03_toy",
        number=1,
        kinds=("checked",),
        time="",
        title="a title (of sorts)",
        task="Do.",
        cell="stub",
        stub="x = ...",
        call="checks.one(x)",
        solution="So:\n\n```python\nx = 1\n```",
        hint="",
    )
    assert (first.label, first.check, first.answer) == ("3.1", "one", "x")
    assert (first.code, first.minutes) == ("x = 1", None)
    assert (second.label, second.task, second.hint) == ("3.2", "Go on.", "Here.")
    assert (second.call, second.check, second.answer, second.code) == ("", "", "", "")


@pytest.mark.parametrize(
    ("kinds", "read", "time", "minutes"),
    [
        ("checked, 30 minutes", ("checked",), "30 minutes", 30),
        ("warm-up, checked, 15 minutes", ("warm-up", "checked"), "15 minutes", 15),
        ("warm-up, checked", ("warm-up", "checked"), "", None),
        ("checked, a week or more", ("checked",), "a week or more", None),
    ],
)
def test_a_heading_says_kinds_and_time(tmp_path, kinds, read, time, minutes):
    found = reader.exercises(toy(tmp_path, kinds))[0]
    assert (found.kinds, found.time, found.minutes) == (read, time, minutes)


@pytest.mark.parametrize(
    "kinds", ["", "easy", "checked, 30 minutes, alone", "30 minutes"]
)
def test_another_heading_is_refused(tmp_path, kinds):
    with pytest.raises(
        ValueError, match=r"03_toy: '### Exercise 1 .* is not of the form"
    ):
        reader.exercises(toy(tmp_path, kinds))


def test_a_call_of_another_form_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"03_toy, exercise 1: 'checks.one\(1, 2\)'"):
        reader.exercises(toy(tmp_path, code="%x = ...\n\nchecks.one(1, 2)"))


def test_a_stub_without_the_kind_is_refused(tmp_path):
    with pytest.raises(ValueError, match="exercise 1 is proof and has 1 code cells"):
        reader.exercises(toy(tmp_path, "proof"))


def test_an_exercise_without_a_solution_is_refused(tmp_path):
    path = written(tmp_path, TASK.format(kinds="proof"))
    with pytest.raises(ValueError, match="exercise 1 has no folded solution or hint"):
        reader.exercises(path)


def test_a_notebook_without_exercises_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"03_toy\.ipynb has no exercise under"):
        reader.exercises(written(tmp_path, "## Before"))


def test_what_is_folded_goes_and_the_rest_stays():
    text = f"Before.\n\n{SOLVED}\n\nBetween.\n\n{HINT}"
    assert reader.without_folded(text) == "Before.\n\n\n\nBetween.\n\n\n\n## After\n"
