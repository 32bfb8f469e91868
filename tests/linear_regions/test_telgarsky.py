"""The sawtooth has the pieces that it must have, exactly."""

import numpy as np
import pytest
from linear_regions.cases import assert_says, evaluate

from helpers import linear_regions as lr


@pytest.mark.parametrize("n", range(1, 13))
def test_sawtooth_has_two_to_the_n_pieces(n):
    """Integers and dyadic knots: exact, no tolerance."""
    net = lr.sawtooth(n)
    t = lr.line_breakpoints(net, [0.0], [1.0])
    np.testing.assert_array_equal(t, np.arange(1, 2**n) / 2**n)
    assert lr.count_line_regions(net, [0.0], [1.0]) == 2**n
    knots = np.arange(1, 2**n)
    first_layer = n - np.log2(knots & -knots)  # the layer that first bends there
    np.testing.assert_array_equal(lr.line_regions(net, [0.0], [1.0]).layer, first_layer)
    teeth = np.arange(2**n + 1)
    np.testing.assert_array_equal(evaluate(net, teeth[:, None] / 2**n)[:, 0], teeth % 2)


ERRORS = [
    (lambda: lr.sawtooth(0), "n must be at least 1, got 0"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "sentence"), ERRORS)
def test_error_sentences(call, sentence):
    assert_says(call, sentence)
