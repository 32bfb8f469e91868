"""The correlation map against quadrature, simulation, kernels and series."""

import math

import numpy as np
import pytest
from edge_of_chaos.cases import NAMES, integral

from helpers import edge_of_chaos as ec


def simulated(name, sigma_w, sigma_b, c, q, n, seed=0):
    """Correlation after one layer and its error, from n Gaussian pairs."""
    act = ec.ACTIVATIONS[name]
    u, w = np.random.default_rng(seed).normal(size=(2, n)) * math.sqrt(q)
    v = c * u + math.sqrt(1 - c * c) * w
    following = float(ec.variance_map(name, q, sigma_w, sigma_b))
    product = (sigma_b**2 + sigma_w**2 * act.phi(u) * act.phi(v)) / following
    return product.mean(), product.std() / math.sqrt(n)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("q", [0.05, 1.0, 14.0])
def test_independent_inputs_multiply_their_means(name, q):
    act = ec.ACTIVATIONS[name]
    mean = integral(act.phi, q)
    value = float(ec.variance_map(name, q, 1.0, 0.0))
    f = float(ec.correlation_map(name, 0.0, q, 1.0, 0.0))
    assert f == pytest.approx(mean**2 / value, abs=1e-11)


def test_smooth_pairs_agree_with_gauss_hermite():
    z, weight = np.polynomial.hermite_e.hermegauss(100)
    weight = weight / weight.sum()
    for name, q in [("tanh", 0.5), ("gelu", 0.7), ("silu", 1.0)]:
        act = ec.ACTIVATIONS[name]
        for c in (-0.9, 0.3, 0.99):
            u = math.sqrt(q) * z[:, None]
            v = math.sqrt(q) * (c * z[:, None] + math.sqrt(1 - c * c) * z)
            mean = weight @ (act.phi(u) * act.phi(v)) @ weight
            following = float(ec.variance_map(name, q, 1.3, 0.2))
            found = float(ec.correlation_map(name, c, q, 1.3, 0.2))
            expected = (0.04 + 1.69 * mean) / following
            assert found == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_the_correlation_map_agrees_with_simulation(name):
    for c in (-0.6, 0.9):
        mean, error = simulated(name, 1.2, 0.3, c, 1.3, 200_000)
        found = float(ec.correlation_map(name, c, 1.3, 1.2, 0.3))
        assert abs(found - mean) < 4.5 * error


def test_the_relu_map_is_the_arc_cosine_kernel():
    c = np.linspace(-1, 1, 9)
    kernel = (np.sqrt(1 - c**2) + c * (np.pi - np.arccos(c))) / np.pi
    found = ec.correlation_map("relu", c, 1.0, 2**0.5, 0.0)
    np.testing.assert_allclose(found, kernel, atol=1e-15)


def test_tanh_against_its_hermite_series():
    """E phi(u) phi(v) = sum_k a_k^2 c^k, a_k the Hermite coefficients of phi."""
    point = ec.edge_of_chaos("tanh", 0.2)
    z, weight = np.polynomial.legendre.leggauss(400)
    z, weight = 10 * z, 10 * weight * np.exp(-50 * z**2) / math.sqrt(2 * math.pi)
    value = np.tanh(math.sqrt(point.q) * z)
    h, last, squares = np.ones_like(z), np.zeros_like(z), []
    for k in range(121):
        squares.append((weight @ (h * value)) ** 2)
        h, last = (z * h - math.sqrt(k) * last) / math.sqrt(k + 1), h
    c = np.array([-0.9, -0.2, 0.4, 0.9])
    series = np.polynomial.polynomial.polyval(c, squares)
    expected = (0.04 + point.sigma_w**2 * series) / point.q
    found = ec.correlation_map("tanh", c, point.q, point.sigma_w, 0.2)
    np.testing.assert_allclose(found, expected, atol=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_the_slope_is_the_derivative_of_the_map(name):
    for gap in (0.05, 0.6, 1.4):
        ends = ec.correlation_map(name, [1 - gap - 1e-4, 1 - gap + 1e-4], 1.3, 1.2, 0.3)
        slope = float(ec.correlation_slope(name, gap, 1.3, 1.2, 0.3))
        assert slope == pytest.approx(np.diff(ends)[0] / 2e-4, rel=1e-5, abs=1e-9)


@pytest.mark.parametrize("name", NAMES)
def test_no_cancellation_near_equal_inputs(name):
    """The ratio of gaps tends to chi_1; the naive 1 - f(c) has no digit left."""
    q = 0.8
    chi = float(ec.chi(name, q, 1.0)) * q / float(ec.variance_map(name, q, 1.0, 0.0))
    for gap in (1e-8, 1e-10, 1e-12):
        ratio = float(ec.correlation_gap(name, gap, q, 1.0, 0.0)) / gap
        assert ratio == pytest.approx(chi, rel=2 * math.sqrt(gap))
    assert float(ec.correlation_gap(name, 0.0, q, 1.0, 0.0)) == 0


def test_phases_of_the_correlation():
    ordered = ec.correlation_trajectory("tanh", 1.0, 1.0, 0.0, 60)
    q = ec.variance_fixed_point("tanh", 1.0, 1.0)
    chi = float(ec.chi("tanh", q, 1.0))
    assert ordered.gap[31] / ordered.gap[30] == pytest.approx(chi, rel=1e-6)
    chaotic = ec.correlation_trajectory("tanh", 2.0, 0.2, 1 - 1e-6, 200)
    assert chaotic.gap[-1] > 0.1
    relu = ec.correlation_trajectory("relu", 2.0, 1.0, 0.0, 50)
    at_edge = ec.correlation_trajectory("relu", 2**0.5, 0.0, 0.0, 50)
    np.testing.assert_allclose(relu.gap, at_edge.gap, rtol=1e-12)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_correlation_beyond_one_by_rounding_is_one(dtype):
    beyond = np.nextafter(dtype(1), dtype(2))
    for sign in (1, -1):
        found = ec.correlation_map("tanh", sign * beyond, 1.0, 1.5, 0.1)
        assert found == ec.correlation_map("tanh", sign, 1.0, 1.5, 0.1)
    assert ec.correlation_gap("tanh", dtype(-1e-17), 1.0, 1.5, 0.1) == 0
    path = ec.correlation_trajectory("tanh", 1.5, 0.1, float(np.nextafter(1, 2)), 3)
    assert (path.gap == 0).all()
    with pytest.raises(ValueError, match=r"c must lie in \[-1, 1\], got 1.0001"):
        ec.correlation_map("tanh", 1.0001, 1.0, 1.5, 0.1)


def test_without_weights_the_biases_make_all_inputs_one():
    assert ec.correlation_map("tanh", 0.3, 1.0, 0, 0.5) == 1
    assert ec.correlation_slope("tanh", 0.7, 1.0, 0, 0.5) == 0
    assert ec.chi("tanh", 1.0, 0) == 0
    with pytest.raises(ValueError, match="sigma_w and sigma_b must not both be 0"):
        ec.correlation_map("tanh", 0.3, 1.0, 0, 0)
    with pytest.raises(ValueError, match="variance of relu tends to 0 at sigma_w = 0"):
        ec.correlation_trajectory("relu", 0, 0, 0.3, 5)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (
            lambda: ec.correlation_trajectory("tanh", 1, 1, 0, 2.5),
            "depth must be an int",
        ),
        (lambda: ec.correlation_trajectory("tanh", 1, 1, 0, True), "depth must be an"),
        (lambda: ec.correlation_map("tanh", "a", 1, 1, 1), "c must hold real numbers"),
        (lambda: ec.correlation_map("tanh", 1j, 1, 1, 1), "c must hold real numbers"),
        (lambda: ec.correlation_map("tanh", 0, [1, 2], 1, 1), "q must be one number"),
        (lambda: ec.correlation_map("tanh", 0, 1, "1", 1), "sigma_w must hold real"),
        (lambda: ec.variance_map("tanh", None, 1, 1), "q must hold real numbers"),
    ],
)
def test_what_is_no_number_is_told(call, told):
    with pytest.raises(TypeError, match=told):
        call()


BAD = [
    (lambda: ec.correlation_map("tanh", 1.1, 1.0, 1, 0), r"c must lie in \[-1, 1\]"),
    (lambda: ec.correlation_gap("tanh", 3, 1.0, 1, 0), r"gap must lie in \[0, 2\]"),
    (lambda: ec.correlation_map("tanh", 0, 0.0, 1, 0), "q must be finite and > 0"),
    (lambda: ec.correlation_map("tanh", 0, 1.0, 0, 0), "must not both be 0"),
    (lambda: ec.correlation_trajectory("silu", 3, 1, 0, 5), "grows without bound"),
    (lambda: ec.correlation_trajectory("tanh", 1, 1, 0, 0), "depth must be an integer"),
    (lambda: ec.correlation_trajectory("tanh", 1, 1, 2, 5), "c0 must lie in"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()
