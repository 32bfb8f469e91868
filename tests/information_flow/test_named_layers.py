"""Noise on a named submodule: known values, and networks left as they were."""

import math

import numpy as np
import pytest
import torch
from information_flow.cases import LN2
from torch import nn
from torch.nn import functional

from helpers import information_flow as inf


def identity(width=1, dtype=torch.float64):
    """A network whose layer "1" gives the input itself; the next writes to it."""
    linear = nn.Linear(width, width, bias=False, dtype=dtype)
    nn.init.eye_(linear.weight)
    return nn.Sequential(
        nn.Flatten(),
        linear,
        nn.ReLU(inplace=True),
        nn.Linear(width, 2, dtype=dtype),
    )


def images(n, seed=0):
    return torch.rand(n, 1, 8, 8, generator=torch.Generator().manual_seed(seed))


def convolutions():
    with torch.random.fork_rng([]):
        torch.manual_seed(0)
        return nn.Sequential(
            nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Dropout(0.5),
            nn.Flatten(), nn.Linear(108, 5),
        )  # fmt: skip


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("distance", [0.1, 1.0, 3.0])
def test_two_points_have_the_information_of_one_neuron(distance, dtype):
    """Beside the integral of a mixture of two Gaussians."""
    x = torch.tensor([[-distance / 2], [distance / 2]])
    found = inf.mutual_information(
        identity(dtype=dtype), x, "1", beta=0.7, draws=8000, seed=0
    )
    exact = inf.scalar_information([-distance / 2, distance / 2], 0.7)
    assert abs(found.value - exact) < 4 * found.standard_error + 1e-6
    assert found.standard_error < 0.01
    assert found.cap == pytest.approx(LN2)


def test_the_noise_may_follow_the_name():
    x = torch.arange(4.0)[:, None]
    named = inf.mutual_information(identity(), x, "1", beta=0.7, seed=0)
    assert inf.mutual_information(identity(), x, "1", 0.7, seed=0) == named


def test_the_direction_of_two_points_does_not_matter(rng):
    """In any dimension: the distance of the outputs is all that counts."""
    x = torch.tensor(rng.normal(size=(2, 6)))
    found = inf.mutual_information(identity(6), x, "1", beta=1.5, draws=8000, seed=0)
    distance = (x[0] - x[1]).norm().item()
    exact = inf.scalar_information([0.0, distance], 1.5)
    assert abs(found.value - exact) < 4 * found.standard_error


@pytest.mark.parametrize("beta", [1e-15, 1e-9, 1e-3])
def test_points_far_apart_are_all_told_apart(beta):
    x = torch.arange(17.0)[:, None]
    found = inf.mutual_information(identity(), x, "1", beta=beta, seed=0)
    assert found.value == pytest.approx(math.log(17), abs=1e-9)
    assert found.saturated
    many = inf.mutual_information(identity(), x, "2", beta=1e9, seed=0)
    assert 0 <= many.value < 1e-6


def test_labels_of_points_far_apart():
    x, y = torch.arange(6.0)[:, None], [7, 7, 7, -1, -1, 3]
    found = inf.label_information(identity(), x, y, "1", beta=1e-4, seed=0)
    entropy = -sum(p * math.log(p) for p in (1 / 2, 1 / 3, 1 / 6))
    assert found.value == pytest.approx(entropy, abs=1e-9)
    assert found.cap == pytest.approx(entropy)
    assert inf.label_information(identity(), x, y, "1", beta=1e6, seed=0).value < 1e-3


def test_labels_that_are_all_different_are_the_inputs(rng):
    x = torch.tensor(rng.normal(size=(5, 2)))
    options = {"beta": 0.8, "draws": 4000, "seed": 0}
    every = inf.mutual_information(identity(2), x, "1", **options)
    found = inf.label_information(identity(2), x, range(5), "1", **options)
    error = math.hypot(found.standard_error, every.standard_error)
    assert abs(found.value - every.value) < 4 * error


def test_layers_of_a_convolutional_network_and_what_it_was():
    net = convolutions().eval()
    net(images(2)).sum().backward()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    gradients = [p.grad.clone() for p in net.parameters()]
    state = torch.random.get_rng_state()
    x = images(20)
    found = [
        inf.mutual_information(net, x, name, beta=0.5, seed=0).value
        for name in ("0", "2", "5")
    ]
    by_hand = inf.smoothed_entropy(net[:3](x).flatten(1), 0.5, draws=40, seed=0)
    noise = inf.gaussian_entropy(108, 0.5)
    assert found[1] == pytest.approx(by_hand.value - noise, abs=1e-9)
    assert all(0 <= value <= math.log(20) for value in found)
    assert not any(module.training for module in net.modules())
    assert not any(module._forward_hooks for module in net.modules())
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    for p, gradient in zip(net.parameters(), gradients, strict=True):
        assert torch.equal(p.grad, gradient)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("context", [torch.no_grad, torch.inference_mode])
def test_within_contexts_of_the_caller(context):
    x = torch.tensor([[0.0], [9.0]])
    with context():
        y = x * 1
        found = inf.mutual_information(identity(), y, "1", beta=0.1, seed=0)
    assert found.value == pytest.approx(LN2)


class Odd(nn.Module):
    """Calls one submodule twice, one never, one for a tuple, one with chance."""

    def __init__(self):
        super().__init__()
        self.twice, self.never, self.pair = nn.Tanh(), nn.Tanh(), Pair()
        self.last = nn.Linear(1, 2)

    def forward(self, x):
        return self.last(self.twice(self.twice(self.pair(x)[0])))


class Pair(nn.Module):
    def forward(self, x):
        return x, x


class Noisy(nn.Module):
    def __init__(self, bad):
        super().__init__()
        self.inner, self.bad = Bad(bad), bad

    def forward(self, x):
        return self.inner(x)


class Bad(nn.Module):
    def __init__(self, bad):
        super().__init__()
        self.bad = bad

    def forward(self, x):
        return self.bad(x)


def call(net, layer, x=None, **settings):
    x = torch.rand(5, 1) if x is None else x
    return inf.mutual_information(net, x, layer, **({"beta": 0.1} | settings), seed=0)


@pytest.mark.parametrize(
    ("make", "kind", "told"),
    [
        (lambda: call(identity(), "layer3"), ValueError,
         r"one of \['0', '1', '2', '3'\], got 'layer3'"),
        (lambda: call(Odd(), "twice"), ValueError, "called once in a pass, got 2"),
        (lambda: call(Odd(), "never"), ValueError, "called once in a pass, got 0"),
        (lambda: call(Odd(), "pair"), TypeError, "must give a tensor, got tuple"),
        (lambda: call(identity(), "1", beta=None), ValueError, "beta must be given"),
        (lambda: call(identity(), "1", beta=0.0), ValueError, "beta .* > 0, got 0.0"),
        (lambda: call(identity(), "1", method="sampling"), ValueError,
         "method must be 'linearized' for a named layer"),
        (lambda: call(identity(), "1", method=0.1), ValueError,
         r"method must be one of .* got 0\.1 \(the noise is beta="),
        (lambda: inf.mutual_information(identity(), torch.rand(5, 1), 1, 0.1, seed=0),
         ValueError, r"method must be one of .* got 0\.1 \(the noise is beta="),
        (lambda: inf.mutual_information(identity(), torch.rand(5, 1), "1", 0.0, seed=0),
         ValueError, r"beta .* > 0, got 0\.0"),
        (lambda: call(identity(), 1, beta=None), TypeError,
         "net must be a NoisyMLP where layer is a number"),
        (lambda: call(inf.NoisyMLP([1, 2, 2], 0.1, seed=0), "linears.0"), ValueError,
         "layer must be an integer for a NoisyMLP"),
        (lambda: call(inf.NoisyMLP([1, 2, 2], 0.1, seed=0), 1), ValueError,
         "beta is for named layers"),
        (lambda: call(convolutions(), "0", images(5)), ValueError, "in eval mode"),
        (lambda: call(identity().half(), "1"), ValueError, "float16; allowed"),
        (lambda: call(identity(), "1", torch.full((2, 1), torch.nan)), ValueError,
         "x must be real and finite"),
        (lambda: call(identity(), "1", draws=1), ValueError, "draws .* >= 2, got 1"),
        (lambda: call(Noisy(functional.dropout), "inner", torch.rand(9, 9)),
         ValueError, "the same output each time"),
        (lambda: call(Noisy(lambda x: x - x.mean(0)), "inner"), ValueError,
         "each output from its own input"),
        (lambda: call(Noisy(lambda x: x / 0), "inner"), ValueError, "finite outputs"),
        (lambda: call(Noisy(lambda x: x.sum()), "inner"), ValueError,
         "one real output for each"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_layer(make, kind, told):
    with pytest.raises(kind, match=told):
        make()


@pytest.mark.parametrize(
    ("labels", "kind", "told"),
    [
        ([0.0, math.nan], ValueError, "y must be integers"),
        ([0.0, 1.0], ValueError, r"y must be integers, .* got torch\.float32"),
        (["cat", "dog"], TypeError, "y must be integers"),
        (np.array(["cat", "dog"]), TypeError, "y must be integers"),
        ([1], ValueError, r"y must be \[2\], got shape \[1\]"),
    ],
)
@pytest.mark.parametrize("layer", ["1", 1])
def test_labels_that_are_none(labels, kind, told, layer):
    net = identity() if layer == "1" else inf.NoisyMLP([1, 2, 2], 0.1, seed=0)
    beta = 0.1 if layer == "1" else None
    with pytest.raises(kind, match=told):
        inf.label_information(
            net, torch.tensor([[0.0], [1.0]]), labels, layer, beta=beta, seed=0
        )
