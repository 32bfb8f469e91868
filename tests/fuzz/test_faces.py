"""Every public function, called at random: a lawful answer or an error that helps.

`make fuzz` gives each function 200 calls; the tests give each a few, always the same.
"""

import os
import re

import pytest
import torch
from fuzz.functions import CHANGES, DRAWS, FOUND, INSIDE, functions, own
from fuzz.laws import LAWS, assert_same, bounded, frozen, no_nan
from fuzz.strategies import calls, settings_of
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from helpers.training import DivergedError

AT_LENGTH = "FUZZ_EXAMPLES" in os.environ
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "3"))


def helps(name, function, error):
    """Whether an error names an argument of the function."""
    names = {*settings_of(function), *INSIDE.get(name, ())}
    return any(re.search(rf"\b{re.escape(one)}\b", str(error)) for one in names)


def check(name, function, arguments):
    """Call, and hold the answer, the error and the arguments against the laws."""
    kept = {
        one: frozen(value)
        for one, value in arguments.items()
        if one not in CHANGES.get(name, ())
    }
    state = torch.random.get_rng_state()
    try:
        with bounded():
            found = function(**arguments)
    except (ValueError, TypeError) as error:
        if not helps(name, function, error):
            pytest.fail(f"{type(error).__name__} that names no argument: {error}")
    except DivergedError:
        assert name in CHANGES
    else:
        no_nan(name, found)
        if name in LAWS:
            LAWS[name](arguments, found)
    for one, before in kept.items():
        assert_same(before, frozen(arguments[one]))
    if name not in DRAWS:
        assert torch.equal(state, torch.random.get_rng_state())


def waits(name):
    """The mark of a function with a finding: tried by `make fuzz` alone."""
    if name not in FOUND:
        return []
    return [pytest.mark.xfail(reason=FOUND[name], run=AT_LENGTH)]


@pytest.mark.parametrize(
    ("name", "function"),
    [
        pytest.param(
            name,
            function,
            marks=waits(name),
            id=name,
        )
        for name, function in functions()
    ],
)
def test_a_lawful_answer_or_an_error_that_names_the_argument(name, function):
    @settings(
        max_examples=EXAMPLES,
        derandomize=not AT_LENGTH,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        phases=[Phase.generate, Phase.shrink],
    )
    @given(st.data())
    def fuzzed(data):
        check(name, function, data.draw(calls(name, function, own(name))))

    fuzzed()
