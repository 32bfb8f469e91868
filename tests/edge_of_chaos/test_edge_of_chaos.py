"""Mean-field maps against quadrature, simulation, series and tabled values."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import integrate, special

from helpers import edge_of_chaos as ec
from helpers import networks
from helpers.edge_of_chaos.gaussian_means import (
    PairTable,
    gaussian_moments,
    half_square,
)

NAMES = sorted(set(ec.ACTIVATIONS) - {"swish"})
CLOSED = ["relu", "leaky_relu", "erf", "sin", "elu"]
PAIRED = ["relu", "leaky_relu", "erf", "sin"]
VARIANCES = [1e-6, 1e-2, 0.5, 3.0, 14.0]
GAPS = [1e-10, 1e-6, 1e-3, 0.1, 0.7, 1.0, 1.5, 1.99, 2.0]


def without_closed_forms(name):
    act = ec.ACTIVATIONS[name]
    return replace(act, moments=None, half_square=None, slope_mean=None)


def integral(function, q):
    """E function(sqrt(q) Z), adaptively, on both sides of zero."""

    def density(z):
        return function(np.array(math.sqrt(q) * z)) * math.exp(-z * z / 2)

    points = {"epsabs": 1e-14, "epsrel": 1e-13, "limit": 400}
    halves = [integrate.quad(density, *ends, **points)[0] for ends in HALVES]
    return sum(halves) / math.sqrt(2 * math.pi)


HALVES = [(-9, -1), (-1, 0), (0, 1), (1, 9)]


def simulated(name, sigma_w, sigma_b, c, q, n, seed=0):
    """Correlation after one layer and its error, from n Gaussian pairs."""
    act = ec.ACTIVATIONS[name]
    u, w = np.random.default_rng(seed).normal(size=(2, n)) * math.sqrt(q)
    v = c * u + math.sqrt(1 - c * c) * w
    following = float(ec.variance_map(name, q, sigma_w, sigma_b))
    product = (sigma_b**2 + sigma_w**2 * act.phi(u) * act.phi(v)) / following
    return product.mean(), product.std() / math.sqrt(n)


# Gaussian means.


@pytest.mark.parametrize("name", CLOSED)
@pytest.mark.parametrize("q", VARIANCES)
def test_closed_moments_agree_with_quadrature(name, q):
    exact = gaussian_moments(ec.ACTIVATIONS[name], np.array(q))
    quadrature = gaussian_moments(without_closed_forms(name), np.array(q))
    np.testing.assert_allclose(exact, quadrature, rtol=2e-11, atol=1e-300)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("q", [0.05, 1.0, 20.0])
def test_moments_agree_with_adaptive_integration(name, q):
    act = ec.ACTIVATIONS[name]
    adaptive = [integral(lambda x, g=g: g(x) ** 2, q) for g in (act.phi, act.d1)]
    found = gaussian_moments(without_closed_forms(name), np.array(q))
    np.testing.assert_allclose(found[:2], adaptive, rtol=1e-11)


@pytest.mark.parametrize("name", PAIRED)
@pytest.mark.parametrize("q", [1e-3, 0.5, 14.0])
@pytest.mark.parametrize("gap", GAPS)
def test_closed_pair_means_agree_with_quadrature(name, q, gap):
    act = ec.ACTIVATIONS[name]
    value, slope, _ = gaussian_moments(act, np.array(q))
    found = half_square(act, act.phi, gap, q)
    assert found == pytest.approx(float(act.half_square(gap, q)), rel=1e-10)
    product = slope - half_square(act, act.d1, gap, q)
    assert product == pytest.approx(float(act.slope_mean(gap, q)), rel=1e-10, abs=1e-12)
    assert found <= 2 * value * (1 + 1e-12)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("q", [0.05, 1.0, 14.0])
def test_the_table_agrees_with_quadrature(name, q):
    act = without_closed_forms(name)
    table = PairTable(act, q)
    for gap in GAPS:
        direct = half_square(act, act.phi, gap, q)
        assert table.half_square(gap) == pytest.approx(direct, rel=3e-11)


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


@pytest.mark.parametrize("name", NAMES)
def test_variance_slope_is_the_derivative_of_the_map(name):
    ends = ec.variance_map(name, [0.999, 1.001], 1.3, 0.4)
    slope = ec.variance_slope(name, 1.0, 1.3)
    assert slope == pytest.approx(np.diff(ends)[0] / 0.002, rel=1e-5)


# Fixed points and phases.


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


def test_known_depth_scales_at_one_one():
    assert ec.depth_scale("relu", 1, 1) == pytest.approx(1 / math.log(2), rel=1e-12)
    assert ec.depth_scale("elu", 1, 1) == pytest.approx(2.0745, abs=1e-3)
    assert ec.depth_scale("tanh", 1, 1) == pytest.approx(1.0880, abs=1e-3)
    assert ec.depth_scale("relu", 2**0.5, 0) == math.inf
    assert ec.depth_scale("relu", 2, 1) == pytest.approx(1 / math.log(2), rel=1e-12)
    assert ec.depth_scale("tanh", 0, 1) == 0


def test_the_published_tanh_point_is_chaotic_by_a_little():
    q = ec.variance_fixed_point("tanh", 1.30787, 0.2)
    assert float(ec.chi("tanh", q, 1.30787)) == pytest.approx(1.0020436, abs=1e-6)


def test_variance_grows_to_a_marked_infinity():
    path = ec.variance_trajectory("relu", 1.0, 10.0, 0.0, 200)
    assert np.isinf(path[-1])
    assert not np.isnan(path).any()
    assert np.isfinite(path[:50]).all()
    assert ec.variance_fixed_point("relu", 1.5, 0.1) == math.inf
    assert ec.variance_fixed_point("relu", 2**0.5, 0.0, q0=3.0) == 3.0


TABLE = [
    ("tanh", 0.05, 1.122539, 0.153692, 39.2820),
    ("tanh", 0.2, 1.304146, 0.512079, 7.0837),
    ("tanh", 0.5, 1.549674, 1.317939, 2.2421),
    ("tanh", 1.0, 1.855589, 3.036396, 0.8897),
    ("elu", 0.1, 1.176148, 0.437829, 14.8149),
    ("elu", 0.2, 1.229251, 1.106931, 7.3906),
    ("elu", 0.5, 1.306112, 4.886627, 2.7835),
    ("erf", 0.2, 1.152795, 0.465763, 6.5989),
    ("sin", 0.3, 1.262665, 0.684322, 4.9175),
    ("tanh", 0.01, 1.0421259, 0.0457091, 302.801),
]


@pytest.mark.parametrize(("name", "sigma_b", "sigma_w", "q", "beta"), TABLE)
def test_tabled_points(name, sigma_b, sigma_w, q, beta):
    point = ec.edge_of_chaos(name, sigma_b)
    assert point.sigma_w == pytest.approx(sigma_w, abs=1e-6)
    assert point.q == pytest.approx(q, abs=1e-6)
    assert float(ec.beta(name, point.q)) == pytest.approx(beta, rel=1e-4)


@pytest.mark.parametrize(
    "name", sorted(set(NAMES) - {"relu", "leaky_relu", "softplus"})
)
@pytest.mark.parametrize("sigma_b", [0.03, 0.3, 1.5])
def test_a_point_keeps_its_variance_with_chi_one(name, sigma_b):
    point = ec.edge_of_chaos(name, sigma_b)
    following = float(ec.variance_map(name, point.q, point.sigma_w, sigma_b))
    assert following == pytest.approx(point.q, rel=1e-12)
    assert float(ec.chi(name, point.q, point.sigma_w)) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("sigma_b", [0.1, 0.7])
def test_points_in_closed_form(sigma_b):
    q = ec.edge_of_chaos("erf", sigma_b).q
    root = math.sqrt(1 + 4 * q)
    assert q - root / 2 * math.asin(2 * q / (1 + 2 * q)) == pytest.approx(sigma_b**2)
    assert float(ec.beta("erf", q)) == pytest.approx((1 + 4 * q) / (2 * q * q))
    q = ec.edge_of_chaos("sin", sigma_b).q
    assert q - math.tanh(q) == pytest.approx(sigma_b**2, rel=1e-12)
    assert float(ec.beta("sin", q)) == pytest.approx(2 / (q * math.tanh(q)))
    q = ec.edge_of_chaos("elu", sigma_b).q
    tail = special.erfcx(math.sqrt(2 * q))
    assert float(ec.beta("elu", q)) == pytest.approx(2 * (1 + tail) / (q * tail))


def test_points_without_biases():
    assert ec.edge_of_chaos("tanh", 0) == ec.EdgePoint(pytest.approx(1.0), 0.0)
    assert ec.edge_of_chaos("relu", 0).sigma_w == pytest.approx(2**0.5, rel=1e-15)
    act = ec.relu_like(1.0, 0.3)
    expected = math.sqrt(2 / 1.09)
    assert ec.edge_of_chaos(act, 0).sigma_w == pytest.approx(expected, rel=1e-14)
    assert ec.edge_of_chaos("selu", 0).sigma_w == pytest.approx(0.69049, abs=1e-5)


def test_the_edge_of_silu_and_gelu_repels_below_a_bias():
    for name, below, above in [("silu", 0.7, 0.8), ("gelu", 0.4, 0.43)]:
        for sigma_b, repels in [(below, True), (above, False)]:
            point = ec.edge_of_chaos(name, sigma_b)
            slope = ec.variance_slope(name, point.q, point.sigma_w)
            assert (slope > 1) is repels
    point = ec.edge_of_chaos("silu", 0.2)
    ends = [
        ec.variance_fixed_point("silu", point.sigma_w, 0.2, q0)
        for q0 in (0.6894, 0.6895)
    ]
    assert ends == [pytest.approx(0.19404, abs=1e-5), math.inf]


# Rates.


def test_relu_rate_and_its_slow_start():
    gap = ec.correlation_trajectory("relu", 2**0.5, 0, 0.0, 2000).gap
    assert 1000**2 * gap[1000] == pytest.approx(43.130, abs=1e-3)
    other = ec.correlation_trajectory("relu", 2**0.5, 0, 0.5, 1000).gap
    assert 1000**2 * other[1000] == pytest.approx(42.956, abs=1e-3)
    assert 1 / math.sqrt(gap[1000]) - 1 / math.sqrt(gap[999]) == pytest.approx(
        math.sqrt(2) / (3 * math.pi), rel=2e-3
    )
    assert float(ec.kink_constant("relu", 1.0)) == pytest.approx(9 * math.pi**2 / 2)


def test_the_relu_map_is_the_arc_cosine_kernel():
    c = np.linspace(-1, 1, 9)
    kernel = (np.sqrt(1 - c**2) + c * (np.pi - np.arccos(c))) / np.pi
    found = ec.correlation_map("relu", c, 1.0, 2**0.5, 0.0)
    np.testing.assert_allclose(found, kernel, atol=1e-15)


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


def test_gradient_products():
    for name, sigma_b, power in [("sin", 0.3, 2), ("relu", 0.0, 3)]:
        point = ec.edge_of_chaos(name, sigma_b)
        path = ec.correlation_trajectory(
            name, point.sigma_w, sigma_b, 0, 4000, q=point.q
        )
        product = np.prod(path.slope[2000:4000])
        assert -math.log2(product) == pytest.approx(power, abs=0.05)


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


# Finite width.


def gap_of(gram):
    return 1 - gram[..., 0, 1] / np.sqrt(gram[..., 0, 0] * gram[..., 1, 1])


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_the_chain_has_the_law_of_real_networks(name):
    width, depth, n = 20, 3, 300
    x = np.array([[1.0, 0.0, 1.0], [0.0, 1.2, 1.0]])
    gram = 0.09 + 1.69 * x @ x.T / 3
    chain = ec.gram_chain(name, gram, 1.3, 0.3, width, depth, n, seed=1)
    real = np.empty((n, 2, 2))
    for k in range(n):
        sizes = [3] + [width] * depth + [1]
        net = networks.mlp(sizes, name, sigma_w=1.3, sigma_b=0.3, seed=k)
        h = net[: 2 * depth](torch.from_numpy(x)).detach().numpy()
        real[k] = 0.09 + 1.69 * h @ h.T / width
    for statistic in (gap_of, lambda K: K[:, 0, 0], lambda K: K[:, 1, 1]):
        a, b = np.log(statistic(chain[-1])), np.log(statistic(real))
        error = math.sqrt((a.var() + b.var()) / n)
        assert abs(a.mean() - b.mean()) < 4 * error
        assert abs(np.log(a.std() / b.std())) < 4 / math.sqrt(n)


def test_a_wide_chain_follows_the_mean_field():
    point = ec.edge_of_chaos("tanh", 0.2)
    gram = point.q * np.eye(2)
    args = point.sigma_w, 0.2
    chain = ec.gram_chain("tanh", gram, *args, 20_000, 10, 20, seed=0)
    law = ec.correlation_trajectory("tanh", *args, 0.0, 10, q=point.q).gap
    np.testing.assert_allclose(gap_of(chain).mean(axis=1), law, rtol=0.02)
    assert chain.shape == (11, 20, 2, 2)
    np.testing.assert_array_equal(chain[0], np.broadcast_to(gram, (20, 2, 2)))


def test_the_typical_gap_of_relu_follows_the_log_normal_law():
    """Mean -4/3 l/n and variance 8/3 l/n of the log: the mean itself is one."""
    width, depth, n = 1000, 60, 500
    chain = ec.gram_chain("relu", np.eye(2), 2**0.5, 0, width, depth, n, seed=3)
    law = ec.correlation_trajectory("relu", 2**0.5, 0, 0.0, depth).gap
    ratio = gap_of(chain[-1]) / law[-1]
    error = math.sqrt(8 / 3 * depth / width / n)
    assert abs(np.log(ratio).mean() + 4 / 3 * depth / width) < 4 * error + 0.02
    assert np.log(ratio).var() == pytest.approx(8 / 3 * depth / width, rel=0.3)


def test_chains_are_seeded_and_take_any_batch():
    gram = np.array([[1.0, 1.0, 0.2], [1.0, 1.0, 0.2], [0.2, 0.2, 1.0]])
    args = gram, 1.4, 0.1, 16, 4, 50
    one, two = (ec.gram_chain("elu", *args, seed=5) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert (one != ec.gram_chain("elu", *args, seed=6))[1:].any()
    np.testing.assert_allclose(one[:, :, 0], one[:, :, 1], atol=1e-12)
    single = ec.gram_chain("relu", [[1.0]], 2**0.5, 0, 1, 60, 5, seed=0)
    assert (single[-1] == 0).all()


# Own activations and bad input.


def test_an_activation_of_ones_own():
    cube = ec.Activation(
        "cube", lambda x: x + x**3 / 6, lambda x: 1 + x**2 / 2, lambda x: x
    )
    q = 0.5
    value = q + 2 * 3 * q**2 / 6 + 15 * q**3 / 36
    assert float(ec.variance_map(cube, q, 1.0, 0.0)) == pytest.approx(value, rel=1e-12)
    c = 0.3  # E u v = qc, E u v^3 = 3 q^2 c, E u^3 v^3 = q^3 (9 c + 6 c^3)
    mean = q * c + q**2 * c + q**3 * (9 * c + 6 * c**3) / 36
    found = float(ec.correlation_map(cube, c, q, 1.0, 0.0))
    assert found == pytest.approx(mean / value, abs=1e-12)
    assert cube.jumps == ()
    assert ec.ACTIVATIONS["selu"].jumps[0][1] == pytest.approx(-0.7074, abs=1e-3)


def test_a_kink_away_from_zero():
    shifted = ec.Activation(
        "shifted relu",
        lambda x: np.maximum(x - 0.5, 0) + 0.1 * x,
        lambda x: (x > 0.5) + 0.1,
        lambda x: 0 * x,
        kinks=(0.5,),
    )
    q, c = 1.3, 0.4
    rng = np.random.default_rng(0)
    u, w = rng.normal(size=(2, 250_000)) * math.sqrt(q)
    product = shifted.phi(u) * shifted.phi(c * u + math.sqrt(1 - c * c) * w)
    value = float(ec.variance_map(shifted, q, 1.0, 0.0))
    x = np.linspace(-12, 12, 200_001)
    density = np.exp(-(x**2) / (2 * q)) / math.sqrt(2 * math.pi * q)
    assert value == pytest.approx(np.trapezoid(density * shifted.phi(x) ** 2, x))
    found = float(ec.correlation_map(shifted, c, q, 1.0, 0.0)) * value
    assert abs(found - product.mean()) < 4 * product.std() / 500


BAD = [
    (lambda: ec.variance_map("tanh", -1.0, 1, 0), "q must be finite and >= 0, got -1"),
    (lambda: ec.variance_map("tanh", 1.0, -1, 0), "sigma_w must be finite and >= 0"),
    (lambda: ec.variance_map("tanh", 1.0, 1, np.nan), "sigma_b must be finite and"),
    (lambda: ec.chi("tan", 1.0, 1), "unknown activation 'tan'; allowed: elu, erf"),
    (lambda: ec.correlation_map("tanh", 1.1, 1.0, 1, 0), r"c must lie in \[-1, 1\]"),
    (lambda: ec.correlation_gap("tanh", 3, 1.0, 1, 0), r"gap must lie in \[0, 2\]"),
    (lambda: ec.correlation_map("tanh", 0, 0.0, 1, 0), "q must be finite and > 0"),
    (lambda: ec.correlation_map("tanh", 0, 1.0, 0, 0), "must not both be 0"),
    (lambda: ec.edge_of_chaos("relu", 0.1), "single point sigma_b = 0, got"),
    (lambda: ec.edge_of_chaos("softplus", 0.1), "softplus has no edge of chaos at"),
    (lambda: ec.edge_of_chaos("tanh", -0.1), "sigma_b must be finite and >= 0"),
    (lambda: ec.beta("selu", 1.0), "selu jumps at 0: on the edge of chaos"),
    (lambda: ec.kink_constant("elu", 1.0), "elu does not jump"),
    (lambda: ec.depth_scale("silu", 3, 1), "variance of silu grows without bound"),
    (lambda: ec.correlation_trajectory("silu", 3, 1, 0, 5), "grows without bound"),
    (lambda: ec.correlation_trajectory("tanh", 1, 1, 0, 0), "depth must be an integer"),
    (lambda: ec.correlation_trajectory("tanh", 1, 1, 2, 5), "c0 must lie in"),
    (lambda: ec.variance_trajectory("tanh", 1, 1, 1, 0), "depth must be an integer"),
    (lambda: ec.gram_chain("relu", [1.0], 1, 0, 3, 3, 3, 0), "gram must be a finite"),
    (lambda: ec.gram_chain("relu", -np.eye(2), 1, 0, 3, 3, 3, 0), "semidefinite"),
    (lambda: ec.gram_chain("relu", np.eye(2), 1, 0, 0, 3, 3, 0), "width must be an"),
    (lambda: ec.gram_chain("relu", np.eye(2), 1e20, 0, 30, 9, 3, 0), "overflows in"),
    (lambda: ec.relu_like(0.0, 0.0), "slopes must be finite and not both 0"),
    (lambda: ec.relu_like(math.nan, 0.0), "slopes must be finite"),
    (lambda: ec.Activation("x", np.tanh, np.tanh, np.tanh), "d1 of activation 'x' is"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def test_an_activation_brings_its_derivatives():
    with pytest.raises(TypeError, match="an Activation, which brings its derivatives"):
        ec.variance_map(np.tanh, 1.0, 1.0, 0.0)
    with pytest.raises(TypeError, match="d1 of activation 'x' must be callable"):
        ec.Activation("x", np.tanh, None, None)
