"""Times of exercises: the headings beside the table of the page for lecturers."""

import re

import pytest
from places import CHAPTERS, ROOT, tool

exercises = tool("course.exercises").exercises
NUMBERS = {"an hour": (60, 60)}


def table():
    """By kind, the time that the page states: minutes from and to, or its words."""
    page = (ROOT / "book" / "teaching.md").read_text()
    found = {}
    for kind, time in re.findall(r"^\| ([^|]+) \| ([^|]+) \|", page, re.MULTILINE):
        minutes = re.match(r"(\d+)(?: to (\d+))? minutes", time)
        if minutes:
            time = tuple(int(minutes[i] or minutes[1]) for i in (1, 2))
        for word in re.match(r"[\w -]+", kind)[0].strip().split(" or "):
            found[word] = NUMBERS.get(time, time)
    return found


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_each_heading_says_a_time_and_the_page_agrees(chapter):
    stated = table()
    for one in exercises(ROOT / "book" / f"{chapter}.ipynb"):
        assert one.time, f"{one.label} says no time"
        time = stated[one.kinds[0]]
        if one.minutes is None:
            assert time.startswith(one.time), one.label
        else:
            assert time[0] <= one.minutes <= time[1], one.label


def test_the_page_states_a_time_for_every_kind():
    assert table().keys() >= set(tool("course.exercises").KINDS)
