"""Rates on the edge of chaos against trajectories."""

import math

import numpy as np
import pytest

from helpers import edge_of_chaos as ec
from helpers.edge_of_chaos.gaussian_means import half_square


def test_relu_rate_and_its_slow_start():
    gap = ec.correlation_trajectory("relu", 2**0.5, 0, 0.0, 2000).gap
    assert 1000**2 * gap[1000] == pytest.approx(43.130, abs=1e-3)
    other = ec.correlation_trajectory("relu", 2**0.5, 0, 0.5, 1000).gap
    assert 1000**2 * other[1000] == pytest.approx(42.956, abs=1e-3)
    assert 1 / math.sqrt(gap[1000]) - 1 / math.sqrt(gap[999]) == pytest.approx(
        math.sqrt(2) / (3 * math.pi), rel=2e-3
    )
    assert float(ec.kink_constant("relu", 1.0)) == pytest.approx(9 * math.pi**2 / 2)


@pytest.mark.parametrize("slope", [-0.5, 0.1, 0.5])
def test_leaky_rate(slope):
    act = ec.relu_like(1.0, slope)
    alpha = (1 - slope) ** 2 / (1 + slope**2)
    constant = 9 * math.pi**2 / (2 * alpha**2)
    assert ec.kink_constant(act, 1.0) == pytest.approx(constant, rel=1e-12)
    point = ec.edge_of_chaos(act, 0)
    gap = ec.correlation_trajectory(act, point.sigma_w, 0, 0.0, 20_000).gap
    assert 20_000**2 * gap[-1] == pytest.approx(constant, rel=5e-3)


def test_every_kink_falls_like_the_square():
    point = ec.edge_of_chaos("selu", 0.3)
    path = ec.correlation_trajectory("selu", point.sigma_w, 0.3, 0, 20_000, q=point.q)
    constant = ec.kink_constant("selu", point.q)
    assert 20_000**2 * path.gap[-1] == pytest.approx(constant, rel=0.01)


@pytest.mark.parametrize("q", [0.3, 2.0])
def test_a_kink_counts_by_the_density_there(q):
    """Two inputs at a gap lie on two sides of x with chance
    sqrt(2 gap) exp(-x^2 / 2q) / pi, up to a factor 1 + O(gap); here x = -1 and 1.
    """
    act = ec.Activation(
        "hard tanh", lambda x: np.clip(x, -1, 1),
        lambda x: (np.abs(x) < 1) * 1.0, lambda x: 0 * x, kinks=(-1.0, 1.0),
    )  # fmt: skip
    parted = half_square(act, act.d1, 1e-10, q)
    total = parted * 2 * math.pi / math.sqrt(2e-10)
    slope = math.erf(1 / math.sqrt(2 * q))
    constant = 18 * math.pi**2 * slope**2 / total**2
    assert ec.kink_constant(act, q) == pytest.approx(constant, rel=1e-7)


@pytest.mark.parametrize(
    ("name", "sigma_b", "ratio"),
    [("tanh", 0.2, 1.0134), ("erf", 0.2, 1.0104), ("sin", 0.3, 1.0006)],
)
def test_smooth_rates(name, sigma_b, ratio):
    point = ec.edge_of_chaos(name, sigma_b)
    path = ec.correlation_trajectory(name, point.sigma_w, sigma_b, 0, 1000, q=point.q)
    found = 1000 * path.gap[-1] / float(ec.beta(name, point.q))
    assert found == pytest.approx(ratio, abs=1e-4)
    np.testing.assert_array_equal(path.c, 1 - path.gap)


def test_gradient_products():
    for name, sigma_b, power in [("sin", 0.3, 2), ("relu", 0.0, 3)]:
        point = ec.edge_of_chaos(name, sigma_b)
        path = ec.correlation_trajectory(
            name, point.sigma_w, sigma_b, 0, 4000, q=point.q
        )
        product = np.prod(path.slope[2000:4000])
        assert -math.log2(product) == pytest.approx(power, abs=0.05)


BAD = [
    (lambda: ec.beta("selu", 1.0), "activation must .* selu jumps at 0: on the"),
    (
        lambda: ec.kink_constant("elu", 1.0),
        "activation must have a kink, .* elu does not",
    ),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()
