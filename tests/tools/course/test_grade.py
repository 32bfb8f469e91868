"""The round trip: a folder of notebooks, good, empty, broken and hostile, is graded."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from places import ROOT, tool

PLAN = """title: A short course
weeks:
  - chapters: [03_well_behaved]
    exercises:
      03_well_behaved: {1: 4, 3: 2, 4: 2}
      07_greedy_layerwise: {2: 2, 3: 2, 4: 2}
"""
ORDER = ("rank_growth", "bounded_chi", "identity", "unstable", "reach")
LABELS = ["3.3", "3.4", "7.2", "7.3", "7.4"]
SECONDS = 3
HOSTILE = {
    "loop": "while True: pass",
    "deaf_loop": """import time
    while True:
        try:
            while True: time.sleep(1)
        except BaseException:
            pass""",
    "leaves": "import os; os._exit(0)",
    "fork_bomb": "import os\n    while True: os.fork()",
    "hog": "return len([bytearray(2**26) for _ in range(2**20)])",
    "peeks": """import sys
    frame, found = sys._getframe(), []
    while frame:
        found += [v for v in frame.f_locals.values() if type(v) in (int, float)]
        frame = frame.f_back
    return found[-1] if found else 7""",
    "returns_code": """class Evil(float):
        def __reduce__(self): return (exit, ())
    return Evil(1)""",
}


@pytest.fixture(scope="module")
def solutions():
    """The book's solutions of the five exercises, by name."""
    reader = tool("course.exercises")
    found = [
        exercise
        for chapter in ("03_well_behaved", "07_greedy_layerwise")
        for exercise in reader.exercises(ROOT / "book" / f"{chapter}.ipynb")
    ]
    return {one.answer: one for one in found if one.answer in ORDER}


def notebook(cells):
    made = nbformat.v4.new_notebook()
    made.cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    return made


def sheet(solutions, solved=ORDER, **instead):
    """The cells of a sheet; some solved, some with a body of one's own."""
    cells = ["import numpy as np\n\nfrom helpers import checks"]
    for name in ORDER:
        exercise = solutions[name]
        code = exercise.code if name in solved else exercise.stub
        if name in instead:
            code = f"def {name}(*case):\n    {instead[name]}"
        cells.append(f"{code}\n\n\n{exercise.call}")
    return cells


def from_colab(cells):
    """As Colab saves it: ids in the metadata, outputs, titles and magics."""
    made = {
        "nbformat": 4,
        "nbformat_minor": 0,
        "metadata": {"colab": {"provenance": []}, "kernelspec": {"name": "python3"}},
        "cells": [],
    }
    start = (
        "import sys\n\nif 'google.colab' in sys.modules:\n    %pip install -q x\n!ls"
    )
    for number, source in enumerate([start, *cells]):
        html = {"data": {"text/html": ["<b>passed</b>"]}, "metadata": {}}
        made["cells"].append(
            {
                "cell_type": "code",
                "metadata": {"id": f"Xy{number}", "outputId": "12-ab"},
                "execution_count": number,
                "source": f"%%time\n#@title {number}\n{source}".splitlines(True),
                "outputs": [{"output_type": "execute_result", **html}],
            }
        )
    return made


def without_ids(cells):
    plain = [{"cell_type": "code", "source": cell} for cell in cells]
    return {"cells": plain, "metadata": {}, "nbformat": 4, "nbformat_minor": 2}


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory, solutions):
    """A folder of submissions as a class hands them in."""
    folder = tmp_path_factory.mktemp("class") / "sheet 3"
    folder.mkdir()
    whole = sheet(solutions)
    cells = {
        "perfect": whole,
        "empty": sheet(solutions, ()),
        "one of five": sheet(solutions, ["unstable"]),
        "cell loops": [whole[0], "import time\nwhile True: time.sleep(1)", *whole[1:]],
        "cell leaves": [*whole, "import os; os._exit(0)"],
        "replaces checks": [
            *sheet(solutions, ()),
            "from helpers.checks import outcome\n"
            "outcome.near = lambda *a: True\n"
            "checks.receptive_reach = lambda *a, **k: outcome.PASSED",
        ],
        "misnamed": [
            *[cell.replace("unstable", "stable") for cell in whole],
            "def half(:",
        ],
        "helper": [
            *sheet(solutions, ()),
            "from helpers import well_behaved as w\nrank_growth = w.rank_growth",
        ],
    } | {name: sheet(solutions, unstable=body) for name, body in HOSTILE.items()}
    for name, made in cells.items():
        nbformat.write(notebook(made), folder / f"{name}.ipynb")
    for name, made in (("from colab", from_colab), ("lost ids", without_ids)):
        (folder / f"{name}.ipynb").write_text(json.dumps(made(whole)), encoding="utf-8")
    (folder / "no notebook.ipynb").write_text("{ not JSON", encoding="utf-8")
    (folder / "notes.txt").write_text("not graded", encoding="utf-8")
    twin = nbformat.writes(notebook([*whole, "mine = 1"]))
    for name in ("ada", "bob"):
        (folder / name).mkdir()
        (folder / name / "sheet.ipynb").write_text(twin, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def command(handed_in):
    """The command line, without the program's name."""
    plan, out = handed_in.parent / "course.yml", handed_in.parent / "out"
    plan.write_text(PLAN, encoding="utf-8")
    options = ("--week", "1", "--course", plan, "--out", out, "--seed", "7")
    limits = ("--seconds", str(SECONDS), "--memory", "0.5", "--processes", "12")
    return [str(part) for part in (handed_in, *options, *limits)]


@pytest.fixture(scope="module")
def graded(command):
    """What the command prints, and the folder of its results."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools" / "grade.py", *command],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "SECRET": "hush"},
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stderr
    return done, Path(command[0]).parent / "out"


@pytest.fixture(scope="module")
def table(graded):
    with open(graded[1] / "scores.csv", encoding="utf-8", newline="") as file:
        return {row["student"]: row for row in csv.DictReader(file)}


def test_the_table_has_a_row_a_student_and_a_column_an_exercise(table, handed_in):
    names = {path.stem for path in handed_in.glob("*.ipynb")} | {"ada", "bob"}
    assert set(table) == names
    head = ["student", "3.1", *LABELS, "points", "of", "seconds", "look at"]
    assert list(table["perfect"]) == head
    assert {row["3.1"] for row in table.values()} == {""}  # a person grades it
    assert {row["of"] for row in table.values()} == {"10"}


@pytest.mark.parametrize(
    ("name", "points"),
    [
        ("perfect", "2 2 2 2 2"),
        ("from colab", "2 2 2 2 2"),
        ("lost ids", "2 2 2 2 2"),
        ("cell loops", "2 2 2 2 2"),
        ("ada", "2 2 2 2 2"),
        ("empty", "0 0 0 0 0"),
        ("one of five", "0 0 0 2 0"),
        ("replaces checks", "0 0 0 0 0"),
        ("helper", "2 0 0 0 0"),
        ("cell leaves", "0 0 0 0 0"),
        ("no notebook", "0 0 0 0 0"),
        ("misnamed", "2 2 2 0 2"),
        *((name, "2 2 2 0 2") for name in HOSTILE),
    ],
)
def test_points(table, name, points):
    assert [table[name][label] for label in LABELS] == points.split()
    assert float(table[name]["points"]) == sum(map(int, points.split()))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("empty", "**7.3 an unstable solver**, 0 of 2: not solved yet"),
        ("loop", f"no answer within {SECONDS} s"),
        ("deaf_loop", f"no answer within {SECONDS} s"),
        ("leaves", "0 of 2: your process ended: an exit, or more memory than there"),
        ("fork_bomb", "your function raised BlockingIOError"),
        ("peeks", "which is not right"),
        ("misnamed", "0 of 2: your notebook does not define unstable"),
        ("misnamed", "code cell 7 is no Python: line 1: invalid syntax"),
        ("cell loops", f"code cell 2 ran longer than {SECONDS} s"),
        ("cell leaves", "your notebook did not come to its end"),
        ("no notebook", "no notebook (JSONDecodeError"),
    ],
)
def test_each_student_is_told_what_was_wrong(graded, name, told):
    page = (graded[1] / "feedback" / f"{name}.md").read_text(encoding="utf-8")
    assert told in page.replace("\\", "")


def test_who_takes_all_memory_is_stopped_by_an_error_or_by_the_end(graded):
    page = (graded[1] / "feedback" / "hog.md").read_text(encoding="utf-8")
    said = ("your function raised MemoryError", "your process ended: an exit, or more")
    assert any(f"0 of 2: {one}" in page for one in said)


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("ada", "the same file as of bob"),
        ("bob", "the same file as of ada"),
        ("helper", "3.3 uses the helper rank_growth"),
        ("replaces checks", "replaces checks"),
        ("peeks", "uses _getframe"),
        ("leaves", "uses _exit"),
        ("perfect", "7.3 is the solution in the book"),
    ],
)
def test_a_person_is_told_where_to_look(table, name, look):
    assert look in table[name]["look at"]


def test_an_honest_stub_is_not_looked_at(table):
    assert table["empty"]["look at"] == ""


def test_gradescope_gets_a_file_for_each(graded, table):
    for name, row in table.items():
        path = graded[1] / "gradescope" / f"{name}.json"
        results = json.loads(path.read_text(encoding="utf-8"))
        assert results["score"] == float(row["points"])
        assert [test["number"] for test in results["tests"]] == LABELS
        assert sum(test["max_score"] for test in results["tests"]) == 10


def test_the_command_says_what_it_did(graded, table):
    said = graded[0].stdout
    assert f"{len(table)} submissions, {len(table)} of them graded now" in said
    assert "not graded, no notebook: notes.txt" in said
    assert ("no network" in said) != ("know whose code you run" in said)
    assert f"{len(table)}/{len(table)}" in graded[0].stderr  # the bar


def test_nothing_half_written_is_left(graded):
    assert not list(graded[1].rglob("*.part"))


def test_what_is_graded_is_not_graded_again(graded, command, capsys):
    grade = tool("grade")
    before = (graded[1] / "scores.csv").read_bytes()
    assert grade.main(command) == 0
    assert ", 0 of them graded now" in capsys.readouterr().out
    assert (graded[1] / "scores.csv").read_bytes() == before


def test_a_changed_notebook_has_another_key(graded, handed_in, tmp_path):
    record = tool("course.grade_record")
    path = handed_in / "empty.ipynb"
    other = tmp_path / "other.ipynb"
    other.write_bytes(path.read_bytes() + b" ")
    keys = {record.fingerprint(one, "a") for one in (path, other)}
    assert len({*keys, record.fingerprint(path, "b")}) == 3
