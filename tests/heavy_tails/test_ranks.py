"""Ranks and entropy by hand."""

import math

import numpy as np
import pytest

from helpers import heavy_tails as ht


def test_ranks_and_entropy_by_hand():
    values = [1.0, 0.0, 3.0, 4.0]
    p = np.array([1, 3, 4]) / 8
    assert ht.stable_rank(values) == 2
    assert ht.matrix_entropy(values) == pytest.approx(-(p @ np.log(p)) / math.log(3))
    assert ht.matrix_entropy([2.0] * 5) == pytest.approx(1)
    assert ht.matrix_entropy([0.0, 0.0, 5.0]) == 0
    assert ht.soft_rank(values, 1.0) == 0.25
    assert ht.soft_rank(values, 6.0) == 1
    w = np.random.default_rng(0).normal(size=(7, 5))
    direct = np.linalg.norm(w) ** 2 / np.linalg.norm(w, 2) ** 2
    assert ht.stable_rank(ht.spectrum(w)) == pytest.approx(direct)


REFUSED = {
    "eigenvalues must be [M >= 2], got shape [1]": lambda: ht.stable_rank([1.0]),
    "got values from -1.0 to 2.0": lambda: ht.matrix_entropy([2.0, -1.0]),
    "edge must be finite and > 0, got 0": lambda: ht.soft_rank([1.0, 2.0], 0),
}


@pytest.mark.parametrize("told", REFUSED)
def test_bad_input_is_told_what_is_wrong(told):
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        REFUSED[told]()
    assert told in str(caught.value)
