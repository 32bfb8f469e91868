"""Distances from noise alone, for sets whose rates are known."""

import math

import numpy as np
import pytest
import torch
from adversarial_noise.cases import ball, binary, halfspace, origin, slab
from scipy import stats
from scipy.special import ndtri

from helpers import adversarial_noise as an


def test_probit_distance_of_a_slab():
    """Values are -s Phi^{-1}(2 Phi(-d / s)); the line in s^2 removes log 2 s^2 / d."""
    x, y = origin(12)
    sigma = 1 / stats.norm.isf(0.005)
    found = an.probit_distance(slab(1.0), x, y, sigma, seed=0)
    exact = -found.sigma * ndtri(2 * stats.norm.sf(1 / found.sigma))
    bias = found.values.mean(axis=0) - exact[0]
    assert np.abs(bias).max() < 4 * 0.01 / math.sqrt(12)
    assert found.sigma[0] == pytest.approx(sigma * np.array([0.6, 0.4]))
    intercept = np.polyfit(found.sigma[0] ** 2, exact[0], 1)[1]
    assert abs(intercept - 1) < 0.005
    spread = found.distance.std(ddof=1)
    assert abs(found.distance.mean() - intercept) < 4 * spread / math.sqrt(12)
    half = (found.high - found.low).mean() / 2 / stats.norm.ppf(0.975)
    assert 1 < half / spread < 4  # the error is doubled to be safe
    assert found.values.mean(axis=0)[1] < 0.99  # what extrapolation mends


def test_probit_distance_of_a_ball():
    """Errors in a ball, exact rates from the noncentral chi-squared law."""
    d, r, n = 1.0, 0.5, 8
    for s in (0.3, 0.2):
        rate = an.rare_error_rate(ball(d, r), *origin(12, n), s, seed=0)
        exact = stats.ncx2.cdf((r / s) ** 2, n, ((d + r) / s) ** 2)
        error = rate.log10.mean() - math.log10(exact)
        assert abs(error) < 4 * rate.stderr.mean() / math.sqrt(12) + 0.02
    found = an.probit_distance(ball(d, r), *origin(12, n), 0.3, (0.6, 0.4), seed=0)
    assert (found.values > 1.02).all()  # E curves away from the tangent plane
    assert abs(found.distance.mean() - 1) < 0.01


def test_probit_distance_needs_no_gradient():
    x, y = origin(8)
    model = binary(lambda x: torch.round(20 * (x[:, 0] - 1)) / 20 - 0.026)
    found = an.probit_distance(model, x, y, 0.4, seed=0)
    assert abs(found.distance.mean() - 1.025) < 0.01  # 20 (x - 1) = 1/2


def test_probit_distance_uses_all_fractions():
    x, y = origin(6)
    found = an.probit_distance(halfspace(1.0), x, y, 0.4, (0.8, 0.6, 0.4), seed=0)
    assert found.values.shape == (6, 3)
    weight = (found.values - 1).std(axis=0)
    assert weight[2] < weight[0]
    assert abs(found.distance.mean() - 1) < 0.01


def test_probit_distance_where_there_is_none():
    x, y = origin(1)
    assert np.isnan(an.probit_distance(halfspace(-1.0), x, y, 1.0, seed=0).distance)
    never = binary(lambda x: -1 + 0 * x[:, 0])
    assert np.isnan(an.probit_distance(never, x, y, 1.0, seed=0).distance)
    for fractions in ((0.5,), (0.5, 0.5), (0.5, -1), 0.5):
        with pytest.raises(ValueError, match="two or more distinct numbers > 0"):
            an.probit_distance(never, x, y, 1.0, fractions, seed=0)
