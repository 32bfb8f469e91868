"""Who has written the same, and who has not."""

import pytest
from places import tool

similar = tool("course.grade_similar")
cells = tool("course.grade_cells")

CODE = """
import numpy as np

def escape(H, Sigma, eta, t):
    lam, u = np.linalg.eigh(H)
    s = np.diag(u.T @ Sigma @ u)
    return len(H) * (lam @ s) / (lam.sum() * s.sum())
"""


def form(source, own=True):
    return similar.form([cells.Cell(1, source, cells.parsed(source), own)])


@pytest.mark.parametrize(
    "same",
    [
        CODE.replace("lam", "eigenvalues").replace("eta", "step"),
        CODE.replace("    s =", "    # the shape\n    s  ="),
        CODE.replace("t):\n", 't):\n    """Mine."""\n'),
        CODE + "\nchecks.quadratic_escape(escape)",
        CODE.replace("import numpy as np", "import numpy as np, scipy"),
    ],
)
def test_names_layout_and_comments_do_not_tell_two_apart(same):
    assert form(same) == form(CODE) != ""


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("u.T", "u"),
        CODE.replace("+", "-").replace("/", "*"),
        CODE + "x = 1",
    ],
)
def test_other_code_has_another_form(other):
    assert form(other) != form(CODE)


def test_little_code_and_the_books_own_have_no_form():
    assert form("slope = (3 - 5**0.5) / 2") == ""
    assert form(CODE, own=False) == ""
    assert form("") == ""


def test_students_are_told_of_each_other_and_of_the_book():
    forms = {
        "ada": {"6.2": "p", "6.3": "q"},
        "bob": {"6.2": "p", "6.3": ""},
        "cleo": {"6.2": "r", "6.3": "q"},
        "dan": {"6.2": "s", "6.3": ""},
    }
    assert similar.alike(forms, {"6.3": "q", "6.2": ""}) == {
        "ada": ["6.2 is the same as of bob", "6.3 is the solution in the book"],
        "bob": ["6.2 is the same as of ada"],
        "cleo": ["6.3 is the solution in the book"],
        "dan": [],
    }


def test_the_same_file():
    assert similar.same_files({"a": "1", "b": "2", "c": "1"}) == {
        "a": ["c"],
        "b": [],
        "c": ["a"],
    }
