"""Closed forms on a quadratic against an integral and a slow recursion."""

import math
import re

import numpy as np
import pytest
from scipy import integrate, linalg
from sgd_noise.cases import H2, S2, errors, spectra

from helpers import sgd_noise as sn


def slow_ou(h, s, eta, t):
    def rate(u):
        flow = linalg.expm(-h * u)
        return eta / 2 * np.trace(h @ flow @ s @ flow)

    return integrate.quad(rate, 0, t, epsabs=1e-12)[0]


def slow_descent(h, s, eta, steps):
    cov, step = np.zeros_like(h), np.eye(len(h)) - eta * h
    for _ in range(steps):
        cov = step @ cov @ step + eta**2 * s
    return np.trace(h @ cov) / 2


def test_the_law_in_continuous_time():
    h, s = spectra(1, 5)
    assert np.abs(h @ s - s @ h).max() > 0.1
    for t in (0.01, 0.3, 4.0):
        assert sn.ou_escape(h, s, 0.2, t) == pytest.approx(slow_ou(h, s, 0.2, t))
    limit = 0.2 / 4 * np.trace(s)
    assert sn.ou_escape(h, s, 0.2, math.inf) == pytest.approx(limit)
    assert sn.ou_escape(h, s, 0.2, [[0.0, 1.0]]).shape == (1, 2)
    assert sn.ou_escape(h, s, 0.2, 0) == 0
    tiny = sn.ou_escape(h, s, 0.2, 1e-7)
    assert tiny == pytest.approx(0.1 * 1e-7 * np.trace(h @ s), rel=1e-4)


def test_flat_and_falling_directions_in_continuous_time():
    h = np.diag([1.0, 0.0, -0.5])
    s = np.diag([0.0, 1.0, 2.0])
    assert sn.ou_escape(h, s, 1.0, 2.0) == pytest.approx(0.5 * (1 - math.exp(2.0)))
    flat = sn.ou_escape(h[:2, :2], np.eye(2), 1.0, math.inf)
    assert flat == pytest.approx(0.25)


def test_the_law_of_discrete_steps():
    h, s = spectra(2, 5)
    eta = 0.9 / np.linalg.eigvalsh(h)[-1]
    for steps in (1, 2, 17):
        right = slow_descent(h, s, eta, steps)
        assert sn.descent_escape(h, s, eta, steps) == pytest.approx(right)
    one = eta**2 / 2 * np.trace(h @ s)
    assert sn.descent_escape(h, s, eta, 1) == pytest.approx(one)
    lam, u = np.linalg.eigh(h)
    along = np.diag(u.T @ s @ u)
    limit = eta / 2 * np.sum(along / (2 - eta * lam))
    assert sn.descent_escape(h, s, eta, math.inf) == pytest.approx(limit)
    assert sn.descent_escape(h, s, eta, 10_000) == pytest.approx(limit)
    small = sn.descent_escape(h, s, 1e-5, 100_000)
    assert small == pytest.approx(float(sn.ou_escape(h, s, 1e-5, 1.0)), rel=1e-4)


def test_steps_too_short_to_be_seen_in_the_sum():
    """eta lam = 1e-18: 1 - eta lam rounds to 1; the law is linear, then saturates."""
    h, sigma = np.diag([1e-18]), np.eye(1)
    np.testing.assert_allclose(
        sn.descent_escape(h, sigma, 1.0, [1, 10**6, math.inf]),
        [0.5e-18, -math.expm1(-2e-12) / 4, 0.25],
        rtol=1e-12,
    )


@pytest.mark.parametrize("eta", [1e154, 1e300])
def test_a_loss_that_overflows_is_refused(eta):
    with pytest.raises(ValueError, match="eta and steps must leave a loss"):
        sn.descent_escape(H2, S2, eta, 3)
    with pytest.raises(ValueError, match="eta and t must leave a loss"):
        sn.ou_escape(-H2, S2, eta, 1e3)


def test_discrete_steps_at_the_edge():
    """eta lam = 2 adds the same every step, eta lam = 0 nothing."""
    h, s = np.diag([2.0, 0.0]), np.eye(2)
    steps = np.array([0, 1, 5])
    np.testing.assert_allclose(sn.descent_escape(h, s, 1.0, steps), steps)
    zero = sn.descent_escape(np.diag([1.0, 0.0]), s, 1.0, math.inf)
    assert zero == pytest.approx(0.5)


@errors(
    [
        (
            lambda: sn.ou_escape(H2, np.eye(3), 1, 1),
            "must have one shape, got [2, 2] and",
        ),
        (lambda: sn.ou_escape(H2, -S2, 1, 1), "covariance must be PSD, its lowest"),
        (lambda: sn.ou_escape(H2, S2, 1, -1), "t must be >= 0, got -1"),
        (lambda: sn.ou_escape(-H2, S2, 1, math.inf), "t = inf needs a PSD hessian"),
        (lambda: sn.ou_escape(H2, S2, 1, math.nan), "t must be >= 0, got nan"),
        (lambda: sn.descent_escape(H2, S2, 1, -1), "steps must be >= 0, got -1"),
        (
            lambda: sn.descent_escape(H2, S2, 1, math.inf),
            "no limit: eta times the largest",
        ),
    ]
)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        call()
