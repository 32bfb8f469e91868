"""Knots in degenerate position: many at one point, and two on one neuron."""

import numpy as np
import pytest
from linear_regions.cases import ends, linear
from torch import nn

from helpers import linear_regions as lr
from helpers.networks import mlp


def test_zero_bias_line_through_the_origin_has_one_breakpoint():
    net = mlp([10, 16, 16, 16, 1], sigma_b=0.0, seed=0)
    start = ends(20, n_in=10)[0]
    t = lr.line_breakpoints(net, start, -2 * start)
    assert {len(line) for line in t} == {1}
    np.testing.assert_allclose(np.concatenate(t), 1 / 3, atol=1e-14)
    assert set(lr.count_line_regions(net, start, -start)) == {2}
    assert lr.count_line_regions(net, np.zeros(10), start[0], "activation") == 1


@pytest.mark.parametrize("seed", [86, 1301, 1978, 2565])
def test_kinks_that_rounding_parts_are_one_breakpoint(seed):
    """Each of these holds a nearly flat neuron, whose kink is off by up to 1e-12."""
    net = mlp([5, 16, 16, 16, 1], sigma_b=0.0, seed=seed)
    t = lr.line_breakpoints(net, -np.ones(5), np.ones(5))
    np.testing.assert_allclose(t, [0.5], atol=1e-12)


def test_hard_tanh_has_two_kinks():
    net = nn.Sequential(linear([[2.0]], [0.0]), nn.Hardtanh(-0.5, 1.5), linear([[1.0]]))
    line = lr.line_regions(net, [-1.0], [1.0])
    np.testing.assert_allclose(line.t, [0.375, 0.875], atol=1e-15)
    np.testing.assert_allclose(line.slope[:, 0], [0, 4, 0])
    assert lr.count_line_regions(net, [-1.0], [1.0]) == 3
