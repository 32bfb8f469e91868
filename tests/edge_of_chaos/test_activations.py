"""Activations by name and of one's own."""

import math

import numpy as np
import pytest

from helpers import edge_of_chaos as ec


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


def test_an_activation_brings_its_derivatives():
    with pytest.raises(TypeError, match="an Activation, which brings its derivatives"):
        ec.variance_map(np.tanh, 1.0, 1.0, 0.0)
    with pytest.raises(TypeError, match="d1 of activation 'x' must be callable"):
        ec.Activation("x", np.tanh, None, None)


BAD = [
    (lambda: ec.chi("tan", 1.0, 1), "unknown activation 'tan'; allowed: elu, erf"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()
