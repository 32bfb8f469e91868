"""Closed forms against quadrature, sampling, recursions and wide networks."""

import math

import numpy as np
import pytest
from scipy import integrate, stats
from well_behaved.cases import FLAT, digits, effective_rank

from helpers import well_behaved as wb


def test_activation_growth_against_quadrature():
    """delta^2 = [mu_2(dx) / mu_2(x)] / [mu_2(dz) / mu_2(z)] = (1/2) / Var relu(z)."""

    def moment(power):
        return integrate.quad(lambda z: z**power * stats.norm.pdf(z), 0, np.inf)[0]

    variance = moment(2) - moment(1) ** 2
    assert wb.activation_growth() == pytest.approx((0.5 / variance) ** 0.5, rel=1e-9)
    assert wb.activation_growth() == pytest.approx(1.2111739, abs=1e-7)
    np.testing.assert_allclose(wb.activation_growth([0, 1]), [1, 2**0.5])


def test_rank_growth_against_sampling():
    """E[r / chi^2_r] has standard error below 0.001 for these ranks and 4e5 draws."""
    rng = np.random.default_rng(1)
    for rank in (8, 20, 60):
        draws = rank / rng.chisquare(rank, 400_000)
        assert abs(wb.rank_growth(rank) ** 2 - draws.mean()) < 4 * stats.sem(draws)
    assert np.isposinf(wb.rank_growth([1, 2])).all()


def test_log_moment_law_against_sampled_layers():
    rng = np.random.default_rng(2)
    for width in (4, 32, 128):
        z = rng.normal(size=(50_000, width))
        ratio = 2 * (np.maximum(z, 0) ** 2).mean(1)
        log = np.log(ratio[ratio > 0])
        mean, variance = wb.log_moment_law(width)
        assert abs(log.mean() - mean) < 4 * stats.sem(log)
        assert abs(log.var() - variance) < 4 * stats.sem((log - log.mean()) ** 2)
    mean, variance = wb.log_moment_law(512)
    assert 512 * mean == pytest.approx(-2.508, abs=1e-3)
    assert 512 * variance == pytest.approx(5.036, abs=1e-3)


def test_residual_laws_against_the_recursion():
    """chi_l^2 / chi_(l-1)^2 = (P + D p) / (P + p) at skip 1, P the power before."""
    for depth in (1, 2, 3):
        factor = (1 - 1 / math.pi) ** -depth
        layers = np.arange(1, 200_001)
        log_chi = np.cumsum(np.log((layers + factor) / (layers + 1))) / 2
        slope = (log_chi[-1] - log_chi[99_999]) / math.log(2)
        assert wb.residual_exponent(depth) == pytest.approx(slope, rel=1e-4)
        for skip in (0.0, 0.3, 0.9):
            power, ratio = 1.0, 1.0
            for _ in range(500):
                ratio = (skip**2 * power + factor) / (skip**2 * power + 1)
                power = skip**2 * power + 1
            growth = wb.residual_growth(depth, skip)
            assert growth == pytest.approx(ratio**0.5, rel=1e-9)
        assert wb.residual_growth(depth, 1.0) == 1
    assert wb.residual_exponent(2) == pytest.approx(0.5759597, abs=1e-7)
    assert wb.residual_exponent(1, 2.0) == 1.5


def test_residual_chi_is_a_ratio_of_gamma_functions():
    """The product over k of (a + k + D) / (a + k + 1), a = 1 / p."""
    a = 1 / (1 - 1 / math.pi)
    layers = np.arange(51)
    for depth in (1, 2, 3):
        factor = 1.3 ** (2 * depth)
        log = [
            math.lgamma(a + k + factor) - math.lgamma(a + factor)
            - math.lgamma(a + k + 1) + math.lgamma(a + 1)
            for k in layers
        ]  # fmt: skip
        chi = wb.residual_chi(depth, 50, layer_growth=1.3)
        np.testing.assert_allclose(chi, np.exp(np.array(log) / 2))
        damped = wb.residual_chi(depth, 400, 0.7)
        assert damped[-1] / damped[-2] == pytest.approx(wb.residual_growth(depth, 0.7))


def test_wide_vanilla_against_a_wide_network():
    """Three standard errors of 10 draws, and 1 % for width 2048."""
    x = digits()[:64]
    chi, _ = wb.wide_vanilla(x, 4)
    found = wb.propagate("vanilla", 4, 2048, x, n_draws=10, seed=0, ranks=False)
    error = 3 * stats.sem(found.chi) + 0.01 * chi
    assert (abs(found.chi.mean(0) - chi) <= error).all()


def test_wide_vanilla_against_one_layer_of_many_channels():
    """400,000 channels: the sampled kernel has relative errors of 0.5 %."""
    x = np.random.default_rng(3).normal(size=(6, 5))
    chi, rank = wb.wide_vanilla(x, 1)
    z = x @ np.random.default_rng(4).normal(size=(5, 400_000)) * (2 / 5) ** 0.5
    h = np.maximum(z, 0)
    expected = (x.var(0).mean() / h.var(0).mean()) ** 0.5
    assert chi[1] == pytest.approx(expected, rel=0.01)
    assert rank[0] == pytest.approx(effective_rank(x, centre=True))
    assert rank[1] == pytest.approx(effective_rank(h, centre=True), rel=0.01)
    alone, nothing = wb.wide_vanilla(x, 1, ranks=False)
    assert (alone == chi).all()
    assert nothing is None


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: wb.activation_growth(1.1), r"mean_abs must lie in \[0, 1\], got 1.1"),
        (lambda: wb.rank_growth(0.5), "rank must be at least 1, got 0.5"),
        (lambda: wb.residual_exponent(0), "branch_depth must be an integer >= 1"),
        (lambda: wb.residual_exponent(1, 0.5), "layer_growth must lie in"),
        (lambda: wb.residual_growth(1, -0.1), r"skip must lie in \[0, 1\], got -0.1"),
        (lambda: wb.residual_chi(1, 0), "depth must be an integer >= 1, got 0"),
        (lambda: wb.residual_chi(1, 2, 2), r"skip must lie in \[0, 1\], got 2"),
        (lambda: wb.log_moment_law(0), "width must be an integer >= 1, got 0"),
        (lambda: wb.wide_vanilla(FLAT, 0), "depth must be an integer >= 1, got 0"),
        (lambda: wb.wide_vanilla(FLAT[:1], 2), r"got shape \(1, 12\)"),
        (lambda: wb.wide_vanilla(0 * FLAT, 2), "inputs must differ"),
    ],
)
def test_laws_say_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()


@pytest.mark.parametrize("scale", [1e300, 1e-300])
def test_a_wide_network_does_not_see_the_size_of_its_inputs(scale):
    inputs = np.random.default_rng(0).standard_normal((5, 3))
    for a, b in zip(
        wb.wide_vanilla(inputs, 3), wb.wide_vanilla(scale * inputs, 3), strict=True
    ):
        np.testing.assert_allclose(a, b, rtol=1e-9)


def test_infinite_rank_adds_nothing():
    assert wb.rank_growth([np.inf, 4.0]).tolist() == [1.0, 2**0.5]


@pytest.mark.parametrize(
    ("call", "kind", "told"),
    [
        (lambda: wb.activation_growth(np.array(1j)), TypeError, "mean_abs must hold r"),
        (lambda: wb.rank_growth(np.array([3j])), TypeError, "rank must hold real"),
        (lambda: wb.residual_exponent(2, 1e300), ValueError, "layer_growth must lie"),
    ],
)
def test_numbers_that_cannot_be_computed_with_are_told(call, kind, told):
    with pytest.raises(kind, match=told):
        call()
