"""What is flagged for a person, and what is not."""

import importlib

import pytest
from places import CHAPTERS, ROOT, tool

from helpers import checks

look = tool("course.grade_look")
cells = tool("course.grade_cells")
reader = tool("course.exercises")

CHECKED = [
    exercise
    for chapter in CHAPTERS
    for exercise in reader.exercises(ROOT / "book" / f"{chapter}.ipynb")
    if exercise.check
]


def flags(exercise, *sources):
    made = [cells.Cell(1, text, cells.parsed(text), True) for text in sources]
    return list(look.flags(made, [exercise]))


@pytest.fixture
def breakpoints():
    return next(one for one in CHECKED if one.check == "hard_tanh_breakpoints")


def test_every_check_says_which_helpers_give_it_away():
    assert set(look.GIVES_AWAY) == set(checks.__all__) - {"Check"}


@pytest.mark.parametrize("exercise", CHECKED, ids=lambda exercise: exercise.label)
def test_these_helpers_are_public_and_no_solution_uses_them(exercise):
    room = importlib.import_module(f"helpers.{exercise.chapter[3:]}")
    assert set(look.GIVES_AWAY[exercise.check]) <= set(room.__all__)
    assert flags(exercise, exercise.code) == []


@pytest.mark.parametrize(
    ("start", "body"),
    [
        ("from helpers import linear_regions as l", "l.line_breakpoints(*a)"),
        ("from helpers.linear_regions import line_breakpoints as own", "own(*a)"),
        ("import helpers as h", "getattr(h.linear_regions, 'line_breakpoints')(*a)"),
        (
            "from helpers import linear_regions as l\nown = l.line_breakpoints",
            "own(*a)",
        ),
    ],
)
def test_the_helper_that_is_the_answer(breakpoints, start, body):
    answer = f"def hard_tanh_breakpoints(*a): return {body}"
    found = flags(breakpoints, start, answer)
    assert found == ["1.2 uses the helper line_breakpoints"]


@pytest.mark.parametrize(
    "code",
    [
        "def hard_tanh_breakpoints(*a): return line_breakpoints(*a)\n"
        "def line_breakpoints(*a): return []",
        "def hard_tanh_breakpoints(*a): return []",
    ],
)
def test_an_answer_of_ones_own_is_not_flagged(breakpoints, code):
    plot = "from helpers import linear_regions as l\nl.line_breakpoints(1, 2, 3)"
    assert flags(breakpoints, code, plot) == []


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import sys\nf = sys._getframe(1).f_locals", ["_getframe", "f_locals"]),
        ("from inspect import currentframe", ["currentframe", "inspect"]),
        ("import gc; gc.get_objects()", ["gc"]),
    ],
)
def test_looking_around(breakpoints, code, told):
    assert flags(breakpoints, code) == [f"uses {name}" for name in told]


@pytest.mark.parametrize(
    "code",
    [
        "checks.angle_law = print",
        "checks = 3",
        "def checks(): ...",
        "import fake as checks",
        "from helpers import checks as c\nc.near = 1",
        "from helpers.checks import outcome\noutcome.near = 1",
    ],
)
def test_replaced_checks(breakpoints, code):
    assert flags(breakpoints, code) == ["replaces checks"]


def test_calling_checks_replaces_nothing(breakpoints):
    assert flags(breakpoints, "from helpers import checks\nx = checks.angle_law") == []
