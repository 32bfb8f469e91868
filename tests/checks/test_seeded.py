"""Checks with a seed: other cases, the same verdicts, and no right value told."""

import inspect
import re

import numpy as np
import pytest
from checks.test_checks import every

from helpers import checks
from helpers.checks.outcome import between, right_is, seeds

NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


def recorded(answer, asked):
    """The answer, with what it is asked and what it says kept in a list."""

    def heard(*arguments):
        said = answer(*arguments)
        asked.append((arguments, said))
        return said

    return heard


def plain(values):
    """The numbers of an answer in a row; none of one that is no array of numbers."""
    try:
        return np.asarray(values, dtype=np.float64).ravel()
    except (TypeError, ValueError):
        return np.empty(0)


@pytest.mark.parametrize(("check", "answer"), every("RIGHT"))
def test_right_answers_pass_for_other_cases(check, answer):
    assert repr(check(answer(), seed=2026)) == "passed"


@pytest.mark.parametrize(("check", "answer"), [case[:2] for case in every("WRONG")])
def test_wrong_answers_fail_for_other_cases(check, answer):
    assert check(answer, seed=2026).passed is False


@pytest.mark.parametrize("check", every("FUNCTIONS"), ids=lambda check: check.__name__)
def test_a_seed_draws_other_cases_and_the_same_ones_again(check):
    answer = next(make for one, make in every("RIGHT") if one is check)()

    def asked_about(seed):
        asked = []
        check(recorded(answer, asked), seed=seed)
        return re.sub(r"0x\w+", "", repr([arguments for arguments, _ in asked]))

    own, first, again, second = map(asked_about, (None, 1, 1, 2))
    assert first == again
    assert len({own, first, second}) == 3


@pytest.mark.parametrize(("check", "wrong"), [case[:2] for case in every("WRONG")])
def test_a_seeded_message_does_not_tell_the_right_value(check, wrong):
    """No number of the message but the reader's own and the case's is the right one."""
    if check in every("VALUES"):
        right = next(make for one, make in every("RIGHT") if one is check)()
        known, values = plain(wrong), plain(right)
    else:
        answer = next(make for one, make in every("RIGHT") if one is check)()
        asked = []
        outcome = check(recorded(wrong, asked), seed=1)
        if not asked:
            return
        arguments, said = asked[-1]
        known = np.concatenate([plain(said), *map(plain, arguments)])
        values = plain(answer(*arguments))
    outcome = check(wrong, seed=1)
    told = [float(found) for found in NUMBER.findall(outcome.message)]
    new = [one for one in told if not np.isclose(one, known, rtol=1e-3).any()]
    telling = [one for one in new if np.isclose(one, values, rtol=1e-3, atol=0).any()]
    assert not telling, outcome.message
    assert "right value is" not in outcome.message


def test_every_check_takes_a_seed_by_name():
    for name in set(checks.__all__) - {"Check"}:
        seed = inspect.signature(getattr(checks, name)).parameters["seed"]
        assert (seed.kind, seed.default) == (seed.KEYWORD_ONLY, None)


def test_the_right_value_is_told_to_a_reader_alone():
    assert right_is("0.5", None) == "the right value is 0.5"
    assert right_is(3, None, "there are") == "there are 3"
    assert right_is("0.5", 7, "there are") == "which is not right"


def test_seeds_of_cases():
    assert seeds(3, None) == [0, 1, 2]
    assert seeds(3, 5) == seeds(3, 5) != seeds(3, 6)
    assert len(set(seeds(20, 5))) == 20


def test_a_drawn_number_has_three_digits():
    rng = np.random.default_rng(0)
    drawn = [between(rng, 1e-3, 10) for _ in range(200)]
    assert all(1e-3 <= one <= 10 and float(f"{one:.3g}") == one for one in drawn)
    assert np.mean(np.array(drawn) < 0.1) == pytest.approx(0.5, abs=0.12)
