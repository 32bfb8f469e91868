"""The variance map: its slope and its limit."""

import math

import numpy as np
import pytest
from edge_of_chaos.cases import NAMES

from helpers import edge_of_chaos as ec


@pytest.mark.parametrize("name", NAMES)
def test_variance_slope_is_the_derivative_of_the_map(name):
    ends = ec.variance_map(name, [0.999, 1.001], 1.3, 0.4)
    slope = ec.variance_slope(name, 1.0, 1.3)
    assert slope == pytest.approx(np.diff(ends)[0] / 0.002, rel=1e-5)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("sigma_w", "sigma_b"), [(0.6, 0.5), (0.9, 0.0), (1.0, 1.0)])
def test_the_fixed_point_is_where_iteration_ends(name, sigma_w, sigma_b):
    for q0 in (0.01, 1.0, 30.0):
        limit = ec.variance_fixed_point(name, sigma_w, sigma_b, q0)
        path = ec.variance_trajectory(name, q0, sigma_w, sigma_b, 300)
        if math.isinf(limit):
            assert path[-1] > path[-2] > path[-3]
        else:
            slope = float(ec.chi(name, limit, sigma_w))
            slow = 1e-9 if slope < 0.9 else 0.02
            assert path[-1] == pytest.approx(limit, rel=slow, abs=0.05)
            assert abs(path[-1] - limit) <= abs(path[0] - limit)


@pytest.mark.parametrize("slopes", [(0.5, 2.0), (2.0, -0.5), (0.3, 0.0)])
def test_the_limit_of_any_two_slopes_is_where_iteration_ends(slopes):
    """The map is contracted by 0.53 or less in each of 100 layers."""
    act = ec.relu_like(*slopes)
    path = ec.variance_trajectory(act, 1.0, 0.5, 0.7, 100)
    assert ec.variance_fixed_point(act, 0.5, 0.7) == pytest.approx(path[-1], rel=1e-12)


def test_variance_grows_to_a_marked_infinity():
    path = ec.variance_trajectory("relu", 1.0, 10.0, 0.0, 200)
    assert np.isinf(path[-1])
    assert not np.isnan(path).any()
    assert np.isfinite(path[:50]).all()
    assert ec.variance_fixed_point("relu", 1.5, 0.1) == math.inf
    assert ec.variance_fixed_point("relu", 2**0.5, 0.0, q0=3.0) == 3.0


BAD = [
    (lambda: ec.variance_map("tanh", -1.0, 1, 0), "q must be finite and >= 0, got -1"),
    (lambda: ec.variance_map("tanh", 1.0, -1, 0), "sigma_w must be finite and >= 0"),
    (lambda: ec.variance_map("tanh", 1.0, 1, np.nan), "sigma_b must be finite and"),
    (lambda: ec.variance_trajectory("tanh", 1, 1, 1, 0), "depth must be an integer"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()


@pytest.mark.parametrize("scale", [1e4, 1e-5, 1e60])
def test_the_limit_is_found_however_far_it_is(scale):
    """V[erf](q) tends to 1 as q grows, and is (4 / pi) q for small q."""
    large = ec.variance_fixed_point("erf", scale, 0.0)
    assert large == (pytest.approx(scale**2, rel=1e-3) if scale > 1 else 0.0)
    small = ec.variance_fixed_point("erf", 0.5, scale)
    if scale < 1:
        assert small == pytest.approx(scale**2 / (1 - 1 / math.pi), rel=1e-6)
    else:
        assert small == pytest.approx(scale**2, rel=1e-3)


def test_no_variance_has_no_image():
    assert ec.variance_map("tanh", np.zeros((0, 2)), 1.0, 0.0).shape == (0, 2)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"sigma_b": 1e300}, "sigma_b must be at most 1e.100, got 1e.300"),
        ({"q0": -1.0}, "q0 must be finite and >= 0, got -1"),
        ({"q0": 1e200}, "q0 must be at most 1e.100"),
    ],
)
def test_numbers_whose_squares_overflow_are_told(change, told):
    given = {"q0": 1.0, "sigma_w": 1.0, "sigma_b": 0.0, "depth": 1} | change
    with pytest.raises(ValueError, match=told):
        ec.variance_trajectory("tanh", **given)
