"""Entropy of binned samples by counting cells."""

import math
from collections import Counter

import numpy as np
import pytest
from information_flow.cases import LN2

from helpers import information_flow as inf


def test_binned_entropy_counts_cells(rng):
    rows = rng.uniform(-1.3, 1.3, size=(500, 2))
    cells = Counter((math.floor((a + 1) * 5), math.floor((b + 1) * 5)) for a, b in rows)
    exact = -sum(k / 500 * math.log(k / 500) for k in cells.values())
    assert inf.binned_entropy(rows, 10) == pytest.approx(exact)


def test_binned_entropy_of_equal_clusters_is_the_log_of_their_number():
    rows = np.repeat(np.linspace(-0.9, 0.9, 8), 5)[:, None]
    assert inf.binned_entropy(rows, 30) == pytest.approx(math.log(8))


def test_the_upper_limit_belongs_to_the_last_bin():
    assert inf.binned_entropy([[0.99], [1.0]], 30) == 0
    assert inf.binned_entropy([[0.99], [1.001]], 30) == pytest.approx(LN2)
    assert inf.binned_entropy([[1.9], [2.0]], 4, (0.0, 2.0)) == 0


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: inf.binned_entropy([[0.0]], 0), "bins must be an integer >= 1, got 0"),
        (lambda: inf.binned_entropy([[0.0]], 3, (1.0, 1.0)),
         r"limits must be finite and increase, got \(1.0, 1.0\)"),
    ],
)  # fmt: skip
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def test_complex_activations_are_told():
    with pytest.raises(TypeError, match=r"activations must .*numbers.* complex128"):
        inf.binned_entropy([[1j, 0.0]])
