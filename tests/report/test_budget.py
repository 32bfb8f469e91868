"""Samples grow while the next and its repetition fit into the time."""

import itertools

import pytest

from helpers.report import budget
from helpers.report.budget import Budget, capped, largest_that_fits


@pytest.fixture
def clock(monkeypatch):
    """A clock that a test moves; reading it takes no time."""

    class Clock:
        now = 0.0

    monkeypatch.setattr(budget.time, "perf_counter", lambda: Clock.now)
    return Clock


@pytest.mark.parametrize("share", [0.5, 1, 2, 5, 10, 40, 200, 1000])
def test_a_linear_cost_keeps_to_its_share(clock, share):
    """With the repetition on another network, unless the trial alone exceeds it."""
    called = []

    def measure(size):
        called.append(size)
        clock.now += size
        return size

    sized = largest_that_fits(measure, (1, 4, 16, 64), share)
    assert sized.found == sized.size == called[-1]
    assert sized.took == sized.size
    assert sized.size == 1 or sum(called) + sized.size <= share
    following = 4 * sized.size
    assert sized.size == 64 or sum(called) + 2 * following > share


def test_the_first_size_is_measured_whatever_it_costs(clock):
    def measure(size):
        clock.now += 1000
        return size

    assert largest_that_fits(measure, (8, 16), 1.0).size == 8


def test_the_time_runs(clock):
    spent = Budget(10)
    for now in itertools.accumulate([1, 4, 7]):
        clock.now = now
        assert spent.left == 10 - now


@pytest.mark.parametrize(
    ("n", "sizes"), [(3, (3,)), (4, (4,)), (10, (4, 10)), (16, (4, 16)), (99, (4, 16))]
)
def test_no_sample_is_larger_than_there_are_inputs(n, sizes):
    assert capped((4, 16), n) == sizes
