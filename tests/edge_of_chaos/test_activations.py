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


def zero(x):
    return 0.0 * x


@pytest.mark.parametrize("name", ["sign", "step", "Heaviside", "round"])
def test_named_jumps_are_refused_for_what_they_are(name):
    with pytest.raises(ValueError, match=f"activation '{name}' jumps, and its V"):
        ec.correlation_slope(name, 0.5, 1.0, 1.0, 0.0)


JUMPS = {
    "sign": np.sign,
    "step": lambda x: 1.0 * (x > 0.123),
    "round": np.round,
    "floor": np.floor,
    "quantiser": lambda x: np.round(64 * x) / 64,
    "far away": lambda x: 1e-3 * (x > 7.1),
}


@pytest.mark.parametrize("kinks", [(), (0.0,), (0.0, 0.5, 0.123)])
@pytest.mark.parametrize("name", JUMPS)
def test_what_jumps_is_refused(name, kinks):
    """E phi'(u) phi'(v) is 0 for a sign, the derivative of the map is 0.735 at 0.5."""
    with pytest.raises(ValueError, match=f"activation '{name}' .*(jumps|not a deri)"):
        ec.Activation(name, JUMPS[name], zero, zero, kinks=kinks)
    with pytest.raises(ValueError, match=f"activation '{name}' .*(jumps|not a deri)"):
        ec.Activation(
            name,
            lambda x: x + JUMPS[name](x),
            lambda x: 1.0 + 0 * x,
            zero,
            kinks=kinks,
        )


def test_a_kink_that_is_not_named_is_refused():
    with pytest.raises(ValueError, match=r"d1 of .*which jumps at its kinks alone"):
        ec.Activation(
            "x", lambda x: np.maximum(x - 0.5, 0), lambda x: 1.0 * (x > 0.5), zero
        )
    with pytest.raises(ValueError, match="kinks of activation 'x' must be finite"):
        ec.Activation("x", np.tanh, np.tanh, np.tanh, kinks=(math.nan,))
    relu = ec.ACTIVATIONS["relu"]
    with pytest.raises(ValueError, match=r"slopes of activation 'x' are \(2, 0\)"):
        ec.Activation("x", relu.phi, relu.d1, relu.d2, kinks=(0.0,), slopes=(2, 0))


def test_an_activation_is_finite_far_out_too():
    with pytest.raises(ValueError, match=r"'x' must be finite with its deriv.*-8, 8"):
        ec.Activation("x", lambda x: np.where(x > 3, np.inf, x), np.ones_like, zero)


class Drifting:
    """Another function at each call."""

    def __init__(self):
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return x * self.calls


def softmax(x):
    weights = np.exp(x - x.max())
    return weights / weights.sum()


@pytest.mark.parametrize(
    ("phi", "error", "told"),
    [
        (lambda x: x[:-1], TypeError, "shaped as its argument"),
        (lambda x: x.sum(), TypeError, "shaped as its argument"),
        (lambda x: x.astype(np.float32), TypeError, "it gave float32 of shape"),
        (lambda x: x > 0, TypeError, "it gave bool of shape"),
        (lambda x: x.astype(int), TypeError, "it gave int64 of shape"),
        (lambda x: x + 0j, TypeError, "it gave complex128 of shape"),
        (lambda x: x.tolist(), TypeError, "it gave a list"),
        (lambda x: None, TypeError, "it gave a NoneType"),
        (lambda x: math.tanh(x), TypeError, "it raised TypeError"),
        (lambda x, y: x, TypeError, "it raised TypeError"),
        (lambda x: x * math.nan, ValueError, "must be finite, got NaN or infinity"),
        (lambda x: np.where(x > 1, np.inf, x), ValueError, "infinity at 1.7"),
        (softmax, ValueError, "alone it gives other values"),
        (lambda x: x - x.mean(), ValueError, "alone it gives other values"),
        (np.cumsum, TypeError, "shaped as its argument"),
        (lambda x: np.sort(x), ValueError, "in another order it gives other values"),
        (Drifting(), ValueError, "it gives other values"),
        (lambda x: np.multiply(x, 2, out=x), ValueError, "must not write to its arg"),
    ],
)
def test_what_is_no_elementwise_function_is_refused(phi, error, told):
    for functions in ((phi, np.cos, np.sin), (np.sin, phi, np.sin)):
        with pytest.raises(error, match=f"(phi|d1) of activation 'x' .*{told}"):
            ec.Activation("x", *functions)


BAD = [
    (lambda: ec.chi("tan", 1.0, 1), "unknown activation 'tan'; allowed: elu, erf"),
]


@pytest.mark.parametrize(("call", "told"), BAD)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()
