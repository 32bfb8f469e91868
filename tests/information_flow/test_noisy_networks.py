"""Noisy passes, first weights and the linearized law against simulation."""

import numpy as np
import pytest
import torch
from information_flow.cases import FOUR, tiny
from scipy import stats
from torch import nn

from helpers import information_flow as inf


def test_a_noisy_pass_adds_gaussian_noise_after_each_activation():
    net = inf.NoisyMLP([3, 4, 2, 2], 0.3, seed=1)
    x = torch.zeros(20_000, 3).double() + 0.5
    (s1, t1), (s2, t2) = net.layers(x, torch.Generator().manual_seed(0))
    for s, t in ((s1, t1), (s2, t2)):
        z = ((t - s) / 0.3).detach()
        assert z.mean(0).abs().max() < 4 / 20_000**0.5
        assert (torch.cov(z.T) - torch.eye(z.shape[1])).abs().max() < 6 / 20_000**0.5
    torch.testing.assert_close(s1, torch.tanh(net.linears[0](x)))
    torch.testing.assert_close(s2, torch.tanh(net.linears[1](t1)))
    torch.manual_seed(3)
    out = net(x)
    torch.manual_seed(3)
    torch.testing.assert_close(out, net.linears[2](net.layers(x)[-1][1]))


def test_noise_is_on_in_eval_mode_and_quiet_turns_it_off():
    net = inf.NoisyMLP([3, 4, 2], 0.1, seed=1).eval()
    x = torch.ones(5, 3).double()
    assert not torch.equal(net(x), net(x))
    quiet = net.quiet()
    assert torch.equal(quiet(x), quiet(x))
    assert torch.equal(quiet.linears[0].weight, net.linears[0].weight)
    assert net.beta == 0.1
    state = torch.random.get_rng_state()
    quiet(x)
    inf.NoisyMLP([3, 4, 2], 0.1, seed=1)
    assert torch.equal(state, torch.random.get_rng_state())


def test_weights_start_truncated_with_the_fan_out():
    net = inf.NoisyMLP([300, 50, 200, 2], 0.1, scale=3.0, seed=2)
    for linear, n_out in zip(net.linears, (50, 200, 2), strict=True):
        std = 3 / n_out**0.5
        w = linear.weight.detach()
        assert w.abs().max() <= 2 * std
        cut = stats.truncnorm(-2, 2).std() * std
        assert w.std().item() == pytest.approx(cut, rel=4 / (2 * w.numel()) ** 0.5)
        assert not linear.bias.any()
    same = inf.NoisyMLP([300, 50, 200, 2], 0.1, scale=3.0, seed=2)
    other = inf.NoisyMLP([300, 50, 200, 2], 0.1, scale=3.0, seed=3)
    assert torch.equal(same.linears[1].weight, net.linears[1].weight)
    assert not torch.equal(other.linears[1].weight, net.linears[1].weight)


@pytest.mark.parametrize("activation", ["tanh", "relu", "identity"])
def test_the_linearized_law_is_that_of_many_passes_at_small_noise(rng, activation):
    net = inf.NoisyMLP([4, 5, 3, 2], 1e-4, activation, seed=0)
    nn.init.normal_(net.linears[0].bias, generator=torch.Generator().manual_seed(1))
    x = torch.tensor(rng.normal(size=(2, 4)))
    means, covariances = net.linearized(x, 2)
    for row, mean, covariance in zip(x, means, covariances, strict=True):
        rows = row.expand(40_000, -1)
        t = net.layers(rows, torch.Generator().manual_seed(2))[1][1].detach()
        # means: 4 standard errors and beta^2; covariances: 4 sqrt(2 / 40000) = 2.8 %
        np.testing.assert_allclose(t.mean(0), mean, rtol=0, atol=1e-5)
        scale = covariance.diagonal().max().item()
        np.testing.assert_allclose(torch.cov(t.T), covariance, 0, 0.028 * scale)


def test_the_linearized_law_of_layer_one_is_exact(rng):
    net = inf.NoisyMLP([4, 5, 3, 2], 0.7, seed=0)
    x = torch.tensor(rng.normal(size=(6, 4)))
    mean, covariance = net.linearized(x, 1)
    torch.testing.assert_close(mean, net.quiet().layers(x)[0][1])
    every = 0.49 * torch.eye(5).double().expand(6, -1, -1)
    torch.testing.assert_close(covariance.expand(6, -1, -1), every)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("weight", [0.5, 3.0])
def test_the_linearized_law_keeps_mean_and_variance_of_one_neuron(activation, weight):
    """T_2 given x by integrating over Z_1; a kink costs Gauss-Hermite 2 %."""
    net = tiny(0.5, ((1.0, 0.2), (weight, -0.3)))
    net.activation = nn.Tanh() if activation == "tanh" else nn.ReLU()
    mean, covariance = net.linearized(FOUR, 2)
    z = torch.linspace(-9, 9, 20_001).double()
    share = torch.exp(-(z**2) / 2) / torch.exp(-(z**2) / 2).sum()
    for i, x in enumerate(FOUR):
        s1 = net.activation(net.linears[0](x[None]))
        s2 = net.activation(net.linears[1](s1 + 0.5 * z[:, None]))[:, 0].detach()
        exact = (share @ s2).item()
        variance = (share @ (s2 - exact) ** 2).item() + 0.25
        assert mean[i, 0].item() == pytest.approx(exact, abs=0.02)
        assert covariance[i, 0, 0].item() == pytest.approx(variance, rel=0.02)


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (lambda: inf.NoisyMLP([2, 3, 2], -0.1, seed=0),
         "beta must be finite and >= 0, got -0.1"),
        (lambda: inf.NoisyMLP([2, 3], 0.1, seed=0),
         r"widths needs 3 entries or more, got \[2, 3\]"),
        (lambda: inf.NoisyMLP([2, 0, 2], 0.1, seed=0), "every width must be .* got 0"),
        (lambda: inf.NoisyMLP([2, 3, 2], 0.1, scale=0, seed=0), "scale .* got 0"),
        (lambda: inf.NoisyMLP([2, 3, 2], 0.1, "cosh", seed=0), "unknown activation"),
    ],
)  # fmt: skip
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=told):
        call()
