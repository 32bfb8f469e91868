"""The escape indicator of matrices and operators, and its bounds."""

import math
import re

import numpy as np
import pytest
from sgd_noise.cases import CLASSES, H2, S2, X, errors, net_of, spectra

from helpers import sgd_noise as sn


def test_the_indicator_of_matrices():
    h, s = spectra(0)
    found = sn.escape_indicator(h, s, k=3)
    lam, u = np.linalg.eigh(h)
    assert found.indicator == pytest.approx(np.trace(h @ s))
    assert found.isotropic == pytest.approx(np.trace(h) * np.trace(s) / 12)
    assert found.ratio == pytest.approx(found.indicator / found.isotropic)
    along = u[:, -1] @ s @ u[:, -1]
    right = along * np.trace(h) / lam[-1] / np.trace(s)
    assert found.alignment == pytest.approx(right)
    assert found.sharpest == pytest.approx(lam[-1])
    assert found.ceiling == pytest.approx(12 * lam[-1] / np.trace(h))
    assert lam[-4] == pytest.approx(lam[-1] * 12**-found.gap)
    bound = right * 12 / (3 + 12 ** (1 - found.gap)) ** 2
    assert found.floor == pytest.approx(bound)
    assert (found.curvature, found.noise) == pytest.approx((np.trace(h), np.trace(s)))


def test_the_indicator_of_operators_is_that_of_their_matrices(monkeypatch):
    monkeypatch.setattr("helpers.sgd_noise.indicator._ROWS_AT_ONCE", 700)
    h = sn.HessianOperator(net_of(), X, CLASSES)
    noise = sn.GradientNoise(net_of(), X, CLASSES, 4)
    right = sn.escape_indicator(h.dense(), noise.dense(), k=5)
    for pair in ((h, noise), (h.dense(), noise), (h, noise.dense())):
        found = sn.escape_indicator(*pair, k=5)
        assert found.ratio == pytest.approx(right.ratio)
        assert found.alignment == pytest.approx(right.alignment)
        assert found.gap == pytest.approx(right.gap)


def test_bounds_are_met_with_equality_where_they_can_be():
    h = np.diag([3.0, 1, 0.5, 0.1])
    first = np.diag([1.0, 0, 0, 0])
    best = sn.escape_indicator(h, first, k=1)
    assert best.ratio == pytest.approx(best.ceiling)
    assert sn.escape_indicator(h, np.eye(4), k=1).ratio == pytest.approx(1)
    assert sn.escape_indicator(h, h, k=1).alignment == pytest.approx(1)
    assert sn.escape_indicator(np.eye(4), h, k=1).ratio == pytest.approx(1)
    assert sn.escape_indicator(np.diag([1.0, 0, 0]), h[:3, :3], k=1).gap == math.inf


def test_no_pair_breaks_the_bounds_and_misaligned_noise_loses():
    for seed in range(100):
        found = sn.escape_indicator(*spectra(seed), k=1 + seed % 10)
        assert found.floor <= found.ratio * (1 + 1e-12)
        assert found.ratio <= found.ceiling * (1 + 1e-12)
    h = np.diag([1.0, 0.1, 0.1])
    bad = sn.escape_indicator(h, np.diag([0.0, 1, 1]), k=1)
    assert bad.ratio < 1
    assert bad.floor == 0


def test_the_bound_in_numbers():
    assert sn.ratio_bound(10_000, 5, 0.6) == pytest.approx(
        10_000 / (5 + 10_000**0.4) ** 2
    )
    np.testing.assert_allclose(sn.ratio_bound([1.0, 100.0], 1, 1.0, 0.5), [0.125, 12.5])


def test_the_bound_of_a_rising_spectrum_is_0_where_its_square_overflows():
    assert sn.ratio_bound(5, 1, -220.0) == pytest.approx(0, abs=1e-300)
    assert sn.ratio_bound(5, 1, math.inf) == 5


@errors(
    [
        (lambda: sn.ratio_bound(0, 1, 1), "dimension must be finite and >= 1, got 0"),
        (lambda: sn.ratio_bound(5, 0, 1), "k must be an integer >= 1, got 0"),
        (
            lambda: sn.ratio_bound(5, 1, 1, -1),
            "alignment must be finite and >= 0, got -1",
        ),
        (lambda: sn.escape_indicator(H2, np.eye(3)), "must have one shape, got (2, 2)"),
        (lambda: sn.escape_indicator(H2, S2, k=2), "k must be in 1..1, got 2"),
        (
            lambda: sn.escape_indicator(-H2, S2, k=1),
            "Tr H and Tr Sigma must be > 0, got",
        ),
    ]
)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        call()
