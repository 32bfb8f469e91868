"""Descent beside that of torch, and what many networks at once must not change."""

import re

import numpy as np
import pytest
import torch
from sgd_noise.cases import (
    CLASSES,
    VALUES,
    N,
    X,
    errors,
    frozen,
    net_of,
    runs_of,
    vector,
)
from torch.nn import functional

from helpers import sgd_noise as sn


def test_gradient_descent_is_that_of_torch():
    nets = [net_of(seed=s) for s in (0, 1)]
    found = runs_of("gd", nets, steps=5).networks
    for net, end in zip(nets, found, strict=True):
        for _ in range(5):
            net.zero_grad()
            functional.cross_entropy(net(X), CLASSES).backward()
            with torch.no_grad():
                for p in net.parameters():
                    p -= 0.1 * p.grad
        np.testing.assert_allclose(vector(end), vector(net), atol=1e-12)


def test_runs_can_have_data_of_their_own():
    nets = [net_of(seed=s) for s in (0, 1)]
    x = torch.stack([X, X.flip(0) + 1])
    y = torch.stack([CLASSES, CLASSES])
    for noise in ("gd", "hessian", "sgd"):
        options = {"lr": 0.1, "steps": 3, "rank": 3, "seed": 0, "progress": False}
        both = sn.dynamics(nets, x, y, noise, batch_size=N, **options)
        for r in range(2):
            alone = sn.dynamics(nets[r], x[r], y[r], "gd", **options)
            same = np.allclose(vector(both.networks[r]), vector(alone.networks[0]))
            assert same  # a batch of all: no noise


def test_a_watcher_sees_the_networks_on_the_way_and_changes_nothing():
    for noise in ("gd", "sgd", "hessian"):
        seen = []

        def watch(step, nets, seen=seen):
            seen.append((step, vector(nets[0])))

        end = runs_of(noise, net_of(), steps=4, watch=watch, watch_every=2)
        half = runs_of(noise, net_of(), steps=2)
        assert [step for step, _ in seen] == [2, 4]
        np.testing.assert_array_equal(seen[0][1], vector(half.networks[0]))
        np.testing.assert_array_equal(seen[1][1], vector(end.networks[0]))
        unwatched = runs_of(noise, net_of(), steps=4)
        np.testing.assert_array_equal(seen[1][1], vector(unwatched.networks[0]))


def test_dynamics_leave_the_networks_and_depend_on_the_seed():
    net = net_of()
    before = vector(net)
    ends = {
        (noise, seed): vector(runs_of(noise, net, steps=2, seed=seed).networks[0])
        for noise in sn.NOISES
        for seed in (0, 0, 1)
    }
    np.testing.assert_array_equal(vector(net), before)
    for noise in sn.NOISES[1:]:
        again = vector(runs_of(noise, net, steps=2).networks[0])
        np.testing.assert_array_equal(ends[noise, 0], again)
        assert not np.allclose(ends[noise, 0], ends[noise, 1])


def test_frozen_parameters_stay():
    net = frozen()
    end = runs_of("gaussian", net, steps=3).networks[0]
    moved = [
        name
        for (name, p), q in zip(net.named_parameters(), end.parameters(), strict=True)
        if not torch.equal(p, q)
    ]
    assert moved == ["0.weight", "4.bias"]


def dyn(net=None, y=CLASSES, x=X, noise="sgd", **options):
    chosen = {"lr": 0.1, "steps": 1, "seed": 0, "progress": False, "rank": 2}
    return sn.dynamics(net or net_of(), x, y, noise, **chosen | options)


def test_any_mode_of_autograd_and_inputs_with_a_gradient():
    right = vector(dyn(noise="hessian").networks[0])
    x = X.clone().requires_grad_()
    for mode in (torch.no_grad, torch.inference_mode):
        with mode():
            end = dyn(net_of(), x=x + 0, noise="hessian").networks[0]
        np.testing.assert_allclose(vector(end), right, rtol=1e-9)


def test_divergence_is_told():
    with pytest.raises(FloatingPointError, match=r"gd diverged within 300 steps \(lr"):
        dyn(noise="gd", lr=1e6, steps=300, y=VALUES, loss="mse")


@errors(
    [
        (lambda: dyn(noise="pink"), "noise must be one of ('gd', 'sgd', 'constant'"),
        (lambda: dyn(lr=0), "lr must be finite and > 0, got 0"),
        (lambda: dyn(steps=0), "steps must be an integer >= 1, got 0"),
        (lambda: dyn(refresh=0), "refresh must be an integer >= 1, got 0"),
        (lambda: dyn(watch_every=0), "watch_every must be an integer >= 1, got 0"),
        (lambda: dyn(rank=31), "rank must be in 1..30, got 31"),
        (lambda: dyn(batch_size=31), "batch_size must be in 1..30, got 31"),
        (lambda: dyn(y=CLASSES + 1), "y must lie in 0..2, the classes of the network"),
        (lambda: dyn(y=VALUES[:, 0], loss="mse"), "y must have the shape of the outp"),
        (lambda: dyn(y=VALUES * torch.nan, loss="mse"), "y must be finite, got NaN"),
        (lambda: dyn(x=X[:, :4]), "net takes inputs of 5 numbers, got x of shape"),
    ]
)
def test_bad_input_is_told_what_is_wrong(call, told):
    with pytest.raises(ValueError, match=re.escape(told)):
        call()
