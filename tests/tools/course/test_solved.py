"""Staff's sheets are run, and their checks must pass."""

import nbformat
import pytest
from places import ROOT, tool

solved = tool("course.solved")
CHECKS = "class checks:\n    one = print\n\n\n"


def sheet(code):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])


@pytest.fixture
def ran(monkeypatch):
    """The notebooks that `execute` is asked to run, by name."""
    execute, asked = solved.execute, []

    def noted(known, cache):
        ran, errors = execute(known, cache)
        asked.extend(path.stem for path in ran)
        return ran, errors

    monkeypatch.setattr(solved, "execute", noted)
    return asked


def test_the_solution_of_a_chapter_passes_and_is_run_once(plan, known, ran, tmp_path):
    made = tool("course.sheets").staff_sheet(plan.weeks[0], plan, ROOT / "book", known)
    for _ in range(2):
        done = solved.solved({"week_01": made}, tmp_path)["week_01"]
        (cell,) = (cell for cell in done.cells if "checks.quadr" in cell.source)
        assert cell.outputs[-1].data["text/plain"] == "passed"
        assert [one.source for one in done.cells] == [one.source for one in made.cells]
    assert ran == ["week_01"]


def test_a_sheet_without_a_check_is_not_run(ran, tmp_path):
    sheets = {"a": sheet("1 / 0")}
    assert solved.solved(sheets, tmp_path) == sheets
    assert ran == []


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            f"{CHECKS}1 / 0\nchecks.one(2)",
            "a staff sheet fails:\na.ipynb\n[^$]*ZeroDiv",
        ),
        (
            f"{CHECKS}checks.one(2)",
            r"a: checks.one\(2\) says '' to the solution of the",
        ),
    ],
)
def test_a_sheet_that_does_not_pass_is_named(tmp_path, code, told):
    with pytest.raises(RuntimeError, match=told):
        solved.solved({"a": sheet(code)}, tmp_path)
