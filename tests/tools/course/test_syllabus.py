"""The syllabus and the times."""

import dataclasses
import datetime

import pytest
from places import ROOT, tool

made = tool("course.syllabus")
BOOK = ROOT / "book"


@pytest.fixture(scope="module")
def cards():
    return tool("course.cards").cards(BOOK)


def test_a_syllabus_says_what_is_done_when(plan, cards):
    text = made.syllabus(plan, cards)
    assert text.startswith("# One week\n\n| week |")
    row = "| 1 |  | The shape of SGD noise | 6.1, 6.2, 6.5 | 72 |"
    assert row in text
    assert "| 2 |  | Talks |  |  |" in text
    assert "72 points in all" in text
    assert cards["06_sgd_noise"].question in text
    assert "- Exercise 6.2: the closed form (checked, " in text


def test_names_dates_and_a_choice_are_on_it(plan, cards):
    week = dataclasses.replace(
        plan.weeks[0], date=datetime.date(2026, 9, 7), about="Read.", choose=1
    )
    full = dataclasses.replace(plan, lecturer="N. N.", term="Autumn", weeks=(week,))
    text = made.syllabus(full, cards)
    assert "\nN. N., Autumn\n" in text
    assert "| 1 | 07 September 2026 | The shape" in text
    assert "| 1 of 6.1, 6.2, 6.5 | 60 |" in text
    assert "\nRead.\n" in text


def test_the_times_are_the_chapters_and_the_builds(plan, cards):
    text = made.timing(plan, cards, {"06_sgd_noise": 90.0})
    assert "| 06_sgd_noise | 40 | 1.5 | 6.1: " in text


def test_all_exercises_are_listed():
    text = made.all_exercises(("06_sgd_noise",), BOOK)
    assert text.count("\n| 6.") == 5
    assert "| 6.3 | when the shape is forgotten | checked | " in text
