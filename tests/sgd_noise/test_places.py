"""What is measured of networks, against one network at a time and a smooth one."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional

from helpers import data, networks
from helpers import sgd_noise as sn


def digits(seed):
    one = data.load("digits", n_train=40, n_test=30, seed=seed).flatten()
    return replace(one, x_train=one.x_train.double(), x_test=one.x_test.double())


SETS = [digits(seed) for seed in (0, 1)]


def nets_of(activation="relu"):
    return [networks.mlp((64, 5, 10), activation, seed=seed) for seed in (0, 1)]


def test_every_network_is_looked_at_on_its_own_data():
    nets = nets_of()
    both = sn.look(nets, SETS, draws=3, seed=0)
    for r, (net, one) in enumerate(zip(nets, SETS, strict=True)):
        alone = sn.look([net], [one], draws=3, seed=0)
        assert {name: both[name][r] for name in both} == {
            name: alone[name][0] for name in both
        }
        with torch.no_grad():
            outputs = net(one.x_test)
        assert alone["test_loss"][0] == pytest.approx(
            functional.cross_entropy(outputs, one.y_test).item()
        )
        right = np.mean((outputs.argmax(1) == one.y_test).numpy())
        assert alone["test_accuracy"][0] == pytest.approx(right)
        h = sn.HessianOperator(net, one.x_train, one.y_train)
        assert alone["trace"][0] == pytest.approx(h.trace())


def test_sharpness_of_a_smooth_network_is_that_of_its_hessian():
    """To second order in the scale; with 200 pairs its error is about 3 %."""
    found = sn.look(nets_of("tanh"), SETS, scale=1e-3, draws=200, seed=0)
    second = 1e-6 / 2 * found["trace"]
    np.testing.assert_allclose(found["sharpness"], second, rtol=0.15)


def test_as_many_sets_as_networks():
    with pytest.raises(ValueError, match="nets and sets must be as many"):
        sn.look(nets_of(), SETS[:1], seed=0)


def test_a_network_that_is_refused_is_told_with_its_place():
    nets = nets_of()
    with torch.no_grad():
        nets[1][0].weight[0, 0] = torch.nan
    with pytest.raises(
        ValueError, match=r"nets\[1\] with sets\[1\]: net must have finite"
    ):
        sn.look(nets, SETS, seed=0)
