"""What a check takes for a number, and how it shows two that differ."""

import math
from fractions import Fraction

import numpy as np
import pytest
import torch

from helpers.checks.outcome import near, number, told_apart


@pytest.mark.parametrize(
    "given",
    [
        *(0.5, Fraction(1, 2), "0.5", np.float16(0.5), np.float32(0.5), np.array(0.5)),
        *(np.array([0.5]), np.array([[0.5]], dtype=np.float32), torch.tensor(0.5)),
        *(torch.tensor([0.5]), torch.tensor(0.5, requires_grad=True)),
        torch.tensor(0.5, dtype=torch.bfloat16),
    ],
)
def test_whatever_float_takes_is_a_number(given):
    assert number(given) == 0.5


@pytest.mark.parametrize(
    "given",
    [None, ..., "half", [1, 2], torch.ones(2), np.ones(2), 1j, np.array("half")],
)
def test_what_float_refuses_is_no_number(given):
    assert math.isnan(number(given))
    assert not near(given, 0.5)


def test_a_number_found_by_hand_may_be_rounded():
    assert near(0.6667, 2 / 3, tolerance=1e-3)
    assert not near(0.6667, 2 / 3)
    assert not near(0.668, 2 / 3, tolerance=1e-3)


@pytest.mark.parametrize(
    ("yours", "right", "shown"),
    [
        (0.5, 0.25, ("0.5", "0.25")),
        (0.50001, 0.5, ("0.50001", "0.5")),
        (1.0, 1.0, ("1", "1")),
    ],
)
def test_messages_show_the_digits_that_differ(yours, right, shown):
    assert told_apart(yours, right) == shown
