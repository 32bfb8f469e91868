"""The table of activations: every module of torch is its function of numpy."""

import math

import numpy as np
import pytest
import torch
from torch.func import grad, vmap

from helpers.activations import TABLE, Activation, Entry, relu_like

BOTH = sorted(name for name, entry in TABLE.items() if entry.function)
GRID = np.arange(-5.95, 6, 0.1)  # no kink of the table lies on it


def values(function):
    """A function of one number on the grid, and its derivatives by autograd."""
    x = torch.from_numpy(GRID)
    orders = function, grad(function), grad(grad(function))
    return [vmap(order)(x).detach().numpy() for order in orders]


@pytest.mark.parametrize("name", BOTH)
def test_module_and_function_agree_with_their_derivatives(name):
    """To ten roundings of terms up to 6: 10 * 6 * 1.1e-16 < 1e-14."""
    function = TABLE[name].function
    for wanted, by_hand in zip(
        values(TABLE[name].module()),
        (function.phi, function.d1, function.d2),
        strict=True,
    ):
        np.testing.assert_allclose(by_hand(GRID), wanted, rtol=0, atol=1e-14)


def test_the_comparison_notices_another_slope():
    """A leaky ReLU of slope 0.011 in place of 0.01 is seen."""
    leaky = values(TABLE["leaky_relu"].module())
    other = relu_like(1.0, 0.011)
    assert not np.allclose(other.phi(GRID), leaky[0], rtol=0, atol=1e-14)
    assert not np.allclose(other.d1(GRID), leaky[1], rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", BOTH)
def test_kinks_are_where_torch_has_them(name):
    """phi', measured on both sides of zero, jumps by what `jumps` says."""
    module = TABLE[name].module()
    sides = torch.tensor([-1e-9, 1e-9], dtype=torch.float64)
    below, above = vmap(grad(module))(sides).tolist()
    at_zero = dict(TABLE[name].function.jumps).get(0.0, 0.0)
    assert above - below == pytest.approx(at_zero, abs=1e-8)


def test_every_entry_is_named_as_its_function():
    for name in BOTH:
        assert TABLE[name].function.name == {"swish": "silu"}.get(name, name)
    assert TABLE["swish"] == TABLE["silu"]
    assert TABLE["linear"] == TABLE["identity"]


def test_the_table_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        TABLE["relu"] = Entry(torch.nn.Tanh)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: relu_like(0.0, 0.0), "slopes must be finite and not both 0"),
        (lambda: relu_like(math.nan, 0.0), "slopes must be finite"),
        (lambda: relu_like(0.0, 1e300), "and so must their squares"),
        (
            lambda: Activation("x", np.tanh, np.tanh, np.tanh),
            "d1 of activation 'x' is",
        ),
    ],
)
def test_bad_input_is_told(call, told):
    with pytest.raises(ValueError, match=told):
        call()


def test_a_relu_of_any_slope_is_taken():
    assert relu_like(34359738369.0, 0.0027).slopes == (34359738369.0, 0.0027)
