"""What counts as a count, a number in an interval, a level."""

import math

import numpy as np
import pytest

from helpers.well_behaved.arguments import check_count, check_level, check_number


@pytest.mark.parametrize("value", [2, 7, np.int64(2)])
def test_integers_are_counts(value):
    check_count("depth", value, 2)


@pytest.mark.parametrize("value", [1, 2.0, True, np.bool_(True), "2", None])
def test_a_count_is_a_large_enough_integer(value):
    with pytest.raises(ValueError, match="depth must be an integer >= 2, got "):
        check_count("depth", value, 2)


@pytest.mark.parametrize("value", [0, 1, 0.5, np.float64(1)])
def test_the_ends_of_an_interval_belong_to_it(value):
    check_number("skip", value, 0, 1)


@pytest.mark.parametrize("value", [-1e-9, 1.1, math.nan, "0.5", None])
def test_a_number_lies_in_its_interval(value):
    with pytest.raises(ValueError, match=r"skip must lie in \[0, 1\], got "):
        check_number("skip", value, 0, 1)


@pytest.mark.parametrize("level", [0, 1, -0.5, math.nan])
def test_a_level_lies_strictly_between_0_and_1(level):
    check_level(0.95)
    with pytest.raises(ValueError, match="level must lie between 0 and 1, got "):
        check_level(level)
