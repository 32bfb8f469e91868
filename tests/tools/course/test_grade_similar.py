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
    cell = cells.Cell(1, source, cells.parsed(source), own)
    return similar.form([cell], "escape")


@pytest.mark.parametrize(
    "same",
    [
        CODE.replace("lam", "eigenvalues").replace("eta", "step"),
        CODE.replace("    s =", "    # the shape\n    s  ="),
        CODE.replace("t):\n", 't):\n    """Mine."""\n'),
        CODE + "\nchecks.quadratic_escape(escape)",
        CODE.replace("import numpy as np", "import numpy as np, scipy"),
        "x = 1\n" + CODE + "\nfor i in range(3):\n    print(escape)",
    ],
)
def test_names_layout_and_comments_do_not_tell_two_apart(same):
    assert form(same) == form(CODE) != ""


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("u.T", "u"),
        CODE.replace("/", "*"),
        CODE.replace("len(H)", "n") + "n = 3",
    ],
)
def test_other_code_has_another_form(other):
    assert form(other) != form(CODE)


def test_little_code_and_the_books_own_have_no_form():
    assert form("escape = (3 - 5**0.5) / 2") == ""
    assert form(CODE, own=False) == ""
    assert form("") == ""


def test_the_books_own_solution_has_the_form_of_a_copy_of_it():
    renamed = CODE.replace("lam", "values")
    assert similar.form_of(CODE, "escape") == form("import sys\n" + renamed) != ""


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
