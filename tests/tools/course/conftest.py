"""A course of one week, and what a chapter's sheet of it holds."""

import pytest
from places import ROOT, tool

COURSE = """
title: One week
repository: owner/course
weeks:
  - chapters: [06_sgd_noise]
    exercises:
      06_sgd_noise: {1: 4, 2: 8, 5: 60}
  - title: Talks
"""


@pytest.fixture(scope="session")
def course_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("plan") / "own.yml"
    path.write_text(COURSE, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def plan(course_file):
    return tool("course.plan").load(course_file, ROOT / "book")


@pytest.fixture(scope="session")
def known():
    """One wrong answer to exercise 6.2."""
    wrong = tool("course.mistakes").Mistake("lambda *_: 1.0", "expected a pair")
    return {"quadratic_escape": (wrong,)}
