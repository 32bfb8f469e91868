"""Which cells of a submission are the student's, and which are run."""

import json

import pytest
from places import tool

cells = tool("course.grade_cells")


def read(tmp_path, sources, book=()):
    path = tmp_path / "one.ipynb"
    made = [{"cell_type": "code", "source": source} for source in sources]
    text = {"cell_type": "markdown", "source": "# words"}
    path.write_text(json.dumps({"cells": [text, *made]}), encoding="utf-8")
    return cells.read(path, book)


def numbers(found):
    return [cell.number for cell in found]


def test_a_cell_of_the_book_is_known_by_what_it_reads(tmp_path):
    sources = ["a = 1  \r\nb = 2\n", ["a = 1\n", "b = 3"]]
    found = read(tmp_path, sources, book=["a = 1\nb = 2"])
    assert [cell.own for cell in found] == [False, True]


def test_own_cells_run_and_those_of_the_book_that_they_need(tmp_path):
    book = ["import slow", "x = slow.f()", "y = 2", "z = y", "def g(): ..."]
    own = ["def h():\n    y = 1\n    return y + z", "w = [x for x in range(3)]"]
    found = read(tmp_path, [*book, *own], book)
    assert numbers(cells.to_run(found, ["h", "g"])) == [3, 4, 5, 6, 7]


def test_the_students_answer_comes_before_the_stub_wherever_it_stands(tmp_path):
    stub = "def g(): ..."
    found = read(tmp_path, ["def g(): return 1", stub], [stub])
    assert numbers(cells.to_run(found, ["g"])) == [1]
    assert numbers(cells.behind(found, "g")) == [1]


def test_the_last_cell_before_is_the_one_that_is_needed(tmp_path):
    book = ["x = 1", "x = 2", "x = 3"]
    found = read(tmp_path, [*book[:2], "f = x", book[2]], book)
    assert numbers(cells.to_run(found, ["f"])) == [2, 3]


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("%pip install x\na = 1", "a = 1"),
        ("%%time\na = 1", "a = 1"),
        ("#@title A\n!ls\na = 1", "a = 1"),
        ("a = 1\nchecks.one(a)", "a = 1"),
        ("a = 1; checks.one(a); b = 2", "a = 1\nb = 2"),
    ],
)
def test_magics_and_calls_of_checks_are_left_out(tmp_path, source, kept):
    (found,) = read(tmp_path, [source])
    ran = []
    scope = {"get_ipython": lambda: tool("course.grade_perform").Shell()}
    exec(found.code, scope)
    assert scope["a"] == 1
    assert found.code.endswith(kept)
    assert not ran


@pytest.mark.parametrize("source", ["def f(:", "%%bash\nls", "a = $1"])
def test_what_is_no_python_defines_nothing(tmp_path, source):
    (found,) = read(tmp_path, [source])
    assert found.tree is None or not cells.defined(found.tree)


def test_what_is_no_python_is_told_with_its_line():
    assert cells.fault("x = 1\ndef f()\n    return") == "line 2: expected ':'"
    assert cells.fault("%pip install x\n!ls\nx = 1") == ""


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import a.b, c as d\nfrom e import f as g", {"a", "d", "g"}),
        ("x, (y, *z) = 1\nfor i in x: j = i", {"x", "y", "z", "i", "j"}),
        ("def f(a): b = 1\nclass C:\n    d = 1", {"f", "C"}),
        ("with a as b: pass\nif (c := 1): e = [h for h in c]", {"b", "c", "e"}),
    ],
)
def test_names_that_a_cell_defines(source, names):
    assert cells.defined(cells.parsed(source)) == names


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("x = y\nz = x", {"y"}),
        ("x = x + 1", {"x"}),
        ("x += 1", set()),
        ("def f(a):\n    b = a + c\n    return b + d\nd = 1", {"c"}),
        ("[i for i in xs]\nprint(len(xs))", {"xs"}),
        ("f = lambda v: v + w", {"w"}),
    ],
)
def test_names_that_a_cell_needs(source, names):
    assert cells.needed(cells.parsed(source)) == names


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"cells": 3}', '{"cells": [{"cell_type": "code"}]}']
)
def test_what_is_no_notebook_is_said(tmp_path, text):
    path = tmp_path / "one.ipynb"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="no notebook"):
        cells.read(path, ())


def test_a_notebook_has_a_largest_size(tmp_path, monkeypatch):
    monkeypatch.setattr(cells, "MOST", 2**20)
    path = tmp_path / "one.ipynb"
    path.write_bytes(b" " * (2**20 + 1))
    with pytest.raises(ValueError, match="larger than 1 MiB"):
        cells.read(path, ())
