"""Points of an exercise."""

import dataclasses

import pytest
from places import ROOT, tool

rubric = tool("course.rubric")
EXERCISES = tool("course.exercises").exercises(ROOT / "book" / "09_heavy_tails.ipynb")


def table(kinds, points):
    task = tool("course.plan").Task(
        dataclasses.replace(EXERCISES[0], kinds=kinds), points
    )
    rows = rubric.rubric(task).splitlines()[2:]
    return [float(row.split("|")[1]) for row in rows]


@pytest.mark.parametrize("kind", ["proof", "derivation", "warm-up", "research"])
def test_the_parts_add_up_to_the_points(kind):
    assert sum(table((kind,), 60)) == pytest.approx(60)


def test_a_check_that_passes_gives_all_the_points_whatever_else_it_is():
    assert table(("warm-up", "checked"), 8) == table(("checked",), 8) == [8, 2]


def test_every_kind_has_its_rubric():
    assert set(rubric.RUBRIC) == set(tool("course.exercises").KINDS)
