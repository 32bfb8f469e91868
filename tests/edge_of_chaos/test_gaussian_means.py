"""Gaussian means: closed forms against quadrature, and that against scipy's."""

from dataclasses import replace

import numpy as np
import pytest
from edge_of_chaos.cases import NAMES, integral

from helpers import edge_of_chaos as ec
from helpers.edge_of_chaos.gaussian_means import (
    PairTable,
    gaussian_moments,
    half_square,
)

CLOSED = ["relu", "leaky_relu", "erf", "sin", "elu"]
PAIRED = ["relu", "leaky_relu", "erf", "sin"]
VARIANCES = [1e-6, 1e-2, 0.5, 3.0, 14.0]
GAPS = [1e-10, 1e-6, 1e-3, 0.1, 0.7, 1.0, 1.5, 1.99, 2.0]


def without_closed_forms(name):
    act = ec.ACTIVATIONS[name]
    return replace(act, moments=None, half_square=None, slope_mean=None)


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
