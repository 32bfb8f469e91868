"""Closed forms against simulation, definitions and numbers by hand."""

import math

import numpy as np
import pytest
from adversarial_noise.cases import MU
from scipy import optimize, stats
from scipy.special import ndtri

from helpers import adversarial_noise as an


def test_halfspace_distance_inverts_the_gaussian_tail():
    for sigma in (0.1, 2.0):
        d = an.halfspace_distance(MU, sigma)
        np.testing.assert_allclose(stats.norm.sf(d / sigma), MU, rtol=1e-10)
    assert an.halfspace_distance(0.01, 0.1) == pytest.approx(0.23263478740408408)
    assert an.halfspace_distance(0, 1) == math.inf
    assert an.halfspace_distance(0.9, 1) < 0


def test_isoperimetric_quantile_is_the_quantile_of_a_halfspace():
    """d(x, E) = max(0, t - z) for z Gaussian: its cdf at the quantile is alpha."""
    for mu in MU:
        t = stats.norm.isf(mu)
        for alpha in (0.5, 0.7, 0.99):
            q = an.isoperimetric_quantile(mu, 1.0, alpha)
            assert stats.norm.sf(t - q) == pytest.approx(alpha)
    assert an.isoperimetric_quantile(0.3, 1.0, 0.2) == 0
    assert an.isoperimetric_quantile(0.01, 0.5) == an.halfspace_distance(0.01, 0.5)


@pytest.mark.parametrize("k", [1, 2, 10, 3072])
def test_shell_holds_its_mass_and_its_quantiles(k):
    rng = np.random.default_rng(k)
    norms = np.sqrt(rng.chisquare(k, size=200_000))
    radius = an.shell_distance(0.01, 2.0, k)
    share = (2 * norms >= radius).mean()
    assert abs(share - 0.01) < 4 * math.sqrt(0.01 * 0.99 / 200_000)
    for alpha in (0.3, 0.5, 0.9):
        q = an.shell_quantile(0.01, 2.0, k, alpha)
        below = (np.maximum(0, radius - 2 * norms) <= q).mean()
        assert abs(below - alpha) < 4 * math.sqrt(0.25 / 200_000)


def test_shells_keep_to_the_bound_but_not_the_clean_point():
    for k in (1, 5, 64, 784):
        for alpha in (0.5, 0.9):
            found = an.shell_quantile(MU[1:], 0.3, k, alpha)
            bound = an.isoperimetric_quantile(MU[1:], 0.3, alpha)
            assert (found <= bound * (1 + 1e-9)).all()
    ratio = an.shell_distance(0.01, 1, 3072) / an.halfspace_distance(0.01, 1)
    assert ratio == pytest.approx(24.53, abs=0.01)
    medians = [an.shell_quantile(0.01, 1, k) / -ndtri(0.01) for k in (64, 3072, 10**7)]
    assert medians[1] == pytest.approx(0.7106, abs=1e-4)
    assert medians[0] > medians[1] > medians[2] > 0.5**0.5
    assert medians[2] == pytest.approx(0.5**0.5, abs=1e-4)


def test_sandwich_holds_for_orthogonal_half_spaces():
    """mu of C - 1 orthogonal half-spaces at one distance: 1 - Phi(d)^(C - 1)."""
    assert an.sandwich(0.01, 2) == pytest.approx((2.32635, 2.32635), abs=1e-5)
    low, high = an.sandwich(0.01, 10)
    assert (low, high) == pytest.approx((2.32635, 3.05880), abs=1e-5)
    d = optimize.brentq(lambda t: stats.norm.cdf(t) ** 9 - 0.99, 1, 5)
    assert low < d < high


def test_smoothing_radius_certifies_a_disc():
    """Errors outside a strip: no point within the radius has a majority of errors."""
    radius = an.smoothing_radius(50, 1000, 0.5)
    bound = stats.beta.isf(0.001, 51, 950)
    assert radius == pytest.approx(-0.5 * ndtri(bound))
    assert an.smoothing_radius([0, 600], 1000, 0.5)[1] == 0
    mu = 0.05
    a = 0.5 * stats.norm.isf(mu / 2)  # E = {|x_1| >= a}
    far = -0.5 * ndtri(mu)
    at = np.linspace(0, far, 50)
    rate = stats.norm.sf((a - at) / 0.5) + stats.norm.cdf((-a - at) / 0.5)
    assert (rate < 0.5).all()


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: an.halfspace_distance(1.1, 1), "mu must lie in [0, 1], got 1.1"),
        (lambda: an.halfspace_distance(np.nan, 1), "mu must lie in [0, 1], got nan"),
        (lambda: an.halfspace_distance(0.1, 0), "sigma must be finite and > 0, got 0"),
        (lambda: an.shell_distance(0.1, np.inf, 3), "sigma must be finite and > 0"),
        (lambda: an.shell_distance(0.1, 1, 0), "k must be at least 1, got 0"),
        (lambda: an.shell_quantile(0.1, 1, 3, 1.0), "alpha must lie strictly between"),
        (lambda: an.isoperimetric_quantile(0.1, 1, 0), "alpha must lie strictly"),
        (lambda: an.sandwich(0, 10), "mu must lie strictly between 0 and 1, got 0"),
        (lambda: an.sandwich(0.1, 1), "n_classes must be at least 2, got 1"),
        (lambda: an.smoothing_radius(11, 10, 1), "errors must be integers in 0..10"),
        (lambda: an.smoothing_radius(0.5, 10, 1), "errors must be integers in 0..10"),
        (lambda: an.smoothing_radius(1, 10, 1, level=1), "level must lie strictly"),
    ],
)
def test_closed_forms_say_what_is_wrong(call, told):
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        call()
    assert told in str(raised.value)


@pytest.mark.parametrize(
    ("call", "kind", "told"),
    [
        (lambda: an.halfspace_distance(np.array(1j), 1.0), TypeError, "mu must hold"),
        (lambda: an.halfspace_distance([0.1, 0.2], np.ones(3)), ValueError,
         r"mu and sigma must have shapes that broadcast, got \(2,\), \(3,\)"),
        (lambda: an.isoperimetric_quantile(0.1, [1, 2], [0.1] * 3), ValueError,
         "mu and sigma and alpha must have shapes that broadcast"),
        (lambda: an.smoothing_radius([0, 1], 9, np.ones(3)), ValueError,
         "errors and sigma must have shapes"),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_computed_with_are_told(call, kind, told):
    with pytest.raises(kind, match=told):
        call()


def test_a_distance_that_overflows_is_infinite():
    assert an.halfspace_distance(1e-9, 1e308) == np.inf
