"""Each check: the right solution, a wrong one, one that fails, and nothing."""

import importlib
import pkgutil

import pytest
from checks import cases

from helpers import checks

CASES = [
    importlib.import_module(f"checks.cases.{found.name}")
    for found in pkgutil.iter_modules(cases.__path__)
]


def every(name):
    return [one for chapter in CASES for one in getattr(chapter, name)]


@pytest.mark.parametrize(("check", "answer"), every("RIGHT"))
def test_the_folded_solution_passes(check, answer):
    outcome = check(answer())
    assert outcome.passed is True
    assert repr(outcome) == "passed"


@pytest.mark.parametrize(("check", "answer", "told"), every("WRONG"))
def test_a_wrong_answer_is_told_what_is_wrong(check, answer, told):
    outcome = check(answer)
    assert outcome.passed is False
    assert told in repr(outcome)


@pytest.mark.parametrize("check", every("FUNCTIONS"))
def test_an_answer_that_raises_is_told_so(check):
    def broken(*arguments):
        raise KeyError("W")

    outcome = check(broken)
    assert outcome.passed is False
    assert repr(outcome) == "your function raised KeyError: 'W'"


@pytest.mark.parametrize("check", every("FUNCTIONS"))
def test_a_stub_is_not_solved_yet(check):
    outcome = check(lambda *arguments: ...)
    assert outcome.passed is None
    assert repr(outcome) == "not solved yet"
    assert check(lambda *arguments: None).passed is None


@pytest.mark.parametrize("check", every("VALUES"))
def test_an_open_value_is_not_solved_yet(check):
    assert check(...).passed is None
    assert check(None).passed is None


def test_every_check_has_its_cases():
    public = {name for name in checks.__all__ if name != "Check"}
    assert {check.__name__ for check, _ in every("RIGHT")} == public
    assert {check.__name__ for check, *_ in every("WRONG")} == public
    asked = every("FUNCTIONS") + every("VALUES")
    assert {check.__name__ for check in asked} == public
