"""Tests of helpers.networks."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from helpers.activations import ShiftedSoftplus
from helpers.networks import ACTIVATIONS, Abs, Erf, Sin, activation, mlp

FORMULAS = {
    "abs": torch.abs,
    "elu": lambda x: torch.where(x > 0, x, x.exp() - 1),
    "erf": torch.erf,
    "gelu": lambda x: x * (1 + torch.erf(x / 2**0.5)) / 2,
    "hard_tanh": lambda x: x.clamp(-1, 1),
    "identity": lambda x: x,
    "leaky_relu": lambda x: torch.where(x > 0, x, 0.01 * x),
    "linear": lambda x: x,
    "relu": lambda x: x.clamp(min=0),
    "selu": functional.selu,
    "shifted_softplus": lambda x: torch.log((1 + x.exp()) / 2),
    "silu": lambda x: x * torch.sigmoid(x),
    "sin": torch.sin,
    "softplus": lambda x: torch.log1p(x.exp()),
    "swish": lambda x: x * torch.sigmoid(x),
    "tanh": torch.tanh,
}


def parameters(net, kind):
    return torch.cat([getattr(m, kind).flatten() for m in net if hasattr(m, kind)])


def test_every_activation_has_a_formula_here():
    assert set(FORMULAS) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", sorted(FORMULAS))
def test_activation_computes_its_formula(name):
    x = torch.linspace(-3, 3, 61, dtype=torch.float64)
    torch.testing.assert_close(activation(name)(x), FORMULAS[name](x))


def test_activations_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        ACTIVATIONS["relu"] = nn.Tanh


def test_module_instance_sets_the_slope_and_is_copied():
    leaky = nn.LeakyReLU(0.2)
    net = mlp([1, 3, 3, 1], leaky, seed=0)
    assert [m.negative_slope for m in net if isinstance(m, nn.LeakyReLU)] == [0.2] * 2
    assert len({id(m) for m in [leaky, net[1], net[3]]}) == 3


def test_layers_alternate_and_end_linear():
    net = mlp([2, 5, 4, 3], "tanh", seed=0)
    kinds = [nn.Linear, nn.Tanh, nn.Linear, nn.Tanh, nn.Linear]
    assert [type(m) for m in net] == kinds
    shapes = [tuple(m.weight.shape) for m in net if isinstance(m, nn.Linear)]
    assert shapes == [(5, 2), (4, 5), (3, 4)]
    assert net(torch.zeros(7, 2, dtype=torch.float64)).shape == (7, 3)


def test_two_widths_give_one_linear_layer():
    assert [type(m) for m in mlp([3, 2], seed=0)] == [nn.Linear]


@pytest.mark.parametrize("n_in", [50, 400])
def test_weight_and_bias_moments(n_in):
    """Within 4 standard errors: s/sqrt(n) for a mean, s^2 sqrt(2/n) for a variance."""
    layer = mlp([n_in, 5000], sigma_w=1.5, sigma_b=0.3, seed=1)[0]
    for values, variance in ((layer.weight, 1.5**2 / n_in), (layer.bias, 0.3**2)):
        n = values.numel()
        assert abs(values.mean().item()) < 4 * math.sqrt(variance / n)
        error = abs(values.square().mean().item() - variance)
        assert error < 4 * variance * math.sqrt(2 / n)


def test_weights_are_gaussian_and_independent_of_each_other():
    """Fourth moment 3 (variance 96/n) and neighbour correlation 0 (variance 1/n)."""
    w = mlp([200, 500], sigma_w=200**0.5, seed=2)[0].weight.flatten().detach()
    n = len(w)
    assert abs((w**4).mean() - 3) < 4 * math.sqrt(96 / n)
    assert abs((w[1:] * w[:-1]).mean()) < 4 / math.sqrt(n)


def test_layers_and_biases_are_drawn_apart():
    net = mlp([30, 30, 30], "relu", sigma_w=1.0, sigma_b=1.0, seed=0)
    assert not torch.equal(net[0].weight, net[2].weight)
    assert not torch.equal(net[0].bias, net[2].bias)


def test_he_scale_and_zero_bias_by_default():
    net = mlp([100, 100, 1], seed=0)
    he = mlp([100, 100, 1], sigma_w=math.sqrt(2), sigma_b=0.0, seed=0)
    assert torch.equal(parameters(net, "weight"), parameters(he, "weight"))
    assert torch.count_nonzero(parameters(net, "bias")) == 0


def test_scales_multiply_the_same_draws():
    one = mlp([4, 6, 2], sigma_w=1.0, sigma_b=1.0, seed=3)
    two = mlp([4, 6, 2], sigma_w=2.0, sigma_b=0.5, seed=3)
    expected = 2 * parameters(one, "weight")
    torch.testing.assert_close(parameters(two, "weight"), expected)
    torch.testing.assert_close(parameters(two, "bias"), parameters(one, "bias") / 2)


def test_seed_decides_and_global_generator_is_left_alone():
    state = torch.get_rng_state()
    first, again, other = (mlp([9, 9, 2], seed=s) for s in (5, np.int64(5), 6))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(parameters(first, "weight"), parameters(again, "weight"))
    assert not torch.equal(parameters(first, "weight"), parameters(other, "weight"))


def test_float32_network_is_the_rounded_float64_network():
    exact, rounded = (
        mlp([8, 8, 2], sigma_b=1.0, seed=0, dtype=dtype)
        for dtype in (torch.float64, torch.float32)
    )
    for kind in ("weight", "bias"):
        assert parameters(rounded, kind).dtype == torch.float32
        assert torch.equal(parameters(exact, kind).float(), parameters(rounded, kind))


def test_parameters_are_trainable():
    assert all(
        p.requires_grad and p.is_leaf for p in mlp([2, 2, 1], seed=0).parameters()
    )


def test_relu_network_at_he_scale_keeps_the_second_moment():
    """Var z_l = 2 |relu(z_{l-1})|^2/n = Var z_{l-1}, and 2 at first as |x|^2 = n."""
    x = torch.ones(1, 64, dtype=torch.float64)
    z = torch.cat([mlp([64, 64, 64, 64], seed=s)(x) for s in range(100)])
    moments = z.square().mean(dim=1)
    stderr = moments.std() / len(moments) ** 0.5
    assert abs(moments.mean() - 2) < 3 * stderr < 0.5


@pytest.mark.parametrize("module", [Abs(), Erf(), Sin(), ShiftedSoftplus()])
def test_own_modules_have_gradients(module):
    x = torch.linspace(-2, 2, 8, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, x)


def test_unknown_activation_lists_the_allowed_names():
    with pytest.raises(
        ValueError, match="unknown activation 'rleu'; allowed: abs, elu"
    ):
        mlp([2, 2, 1], "rleu", seed=0)


def test_activation_of_wrong_type():
    with pytest.raises(TypeError, match=r"a name or a torch\.nn\.Module instance, got"):
        activation(nn.ReLU)


@pytest.mark.parametrize(
    ("widths", "error", "message"),
    [
        ([3], ValueError, r"at least 2 entries \[n_in, \.\.\., n_out\], got \[3\]"),
        ([], ValueError, "at least 2 entries"),
        ([3, 0, 1], ValueError, r"integers >= 1, got 0 in \[3, 0, 1\]"),
        ([3, -2], ValueError, "integers >= 1, got -2"),
        ([3, 2.0], TypeError, "integers >= 1, got 2.0"),
        ([3, True], TypeError, "integers >= 1, got True"),
        ([3, "4"], TypeError, "integers >= 1, got '4'"),
    ],
)
def test_bad_widths(widths, error, message):
    with pytest.raises(error, match=f"widths .*{message}"):
        mlp(widths, seed=0)


@pytest.mark.parametrize("name", ["sigma_w", "sigma_b"])
@pytest.mark.parametrize("value", [-1.0, math.nan, math.inf])
def test_bad_scale(name, value):
    message = f"{name} must be finite and >= 0, got {value}"
    with pytest.raises(ValueError, match=message):
        mlp([2, 2], seed=0, **{name: value})


def test_other_types_are_told_by_name():
    with pytest.raises(TypeError, match=r"seed must be an integer, got 0\.0"):
        mlp([2, 2], seed=0.0)
    with pytest.raises(ValueError, match="dtype must be a floating-point type"):
        mlp([2, 2], seed=0, dtype=torch.int64)


def test_an_activation_that_cannot_be_copied_is_told():
    layer = torch.nn.Linear(2, 2)
    torch.nn.utils.prune.l1_unstructured(layer, "weight", 0.5)
    with pytest.raises(TypeError, match="activation cannot be copied"):
        activation(layer)


def test_seed_is_required():
    with pytest.raises(TypeError, match="seed"):
        mlp([2, 2])
