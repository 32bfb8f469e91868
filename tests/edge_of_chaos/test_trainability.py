"""Many networks trained at once: the same as one after the other."""

import numpy as np
import pytest
import torch
from torch.nn.utils import prune

from helpers import data, networks, training
from helpers.edge_of_chaos import Start, final_accuracies, train_together

ROWS = torch.linspace(-1, 1, 60, dtype=torch.float64).reshape(20, 3)
CLASSES = torch.arange(20) % 2
ONE = {"epochs": 3, "batch_size": 8}


def nets(n, activation="tanh"):
    return [
        networks.mlp([3, 5, 4, 2], activation, sigma_b=0.3, seed=k) for k in range(n)
    ]


@pytest.mark.parametrize("activation", ["tanh", "relu", "elu"])
def test_together_is_one_after_the_other(activation):
    """Float64, 9 steps: sums in another order differ by less than 1e-12."""
    scales, rates, seeds = [1.0, 0.5], [0.1, 0.02], [7, 8]
    together, apart = nets(2, activation), nets(2, activation)
    train_together(
        together, ROWS, CLASSES, scales=scales, rates=rates, seeds=seeds, **ONE
    )
    for k, net in enumerate(apart):
        training.train(
            net,
            scales[k] * ROWS,
            CLASSES,
            optimizer="sgd",
            lr=rates[k],
            seed=seeds[k],
            progress=False,
            **ONE,
        )
    for one, other in zip(together, apart, strict=True):
        for a, b in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.allclose(a, b, rtol=0, atol=1e-12)


def test_a_network_that_diverges_leaves_the_others_alone():
    lists = {"scales": [1.0, 1.0], "seeds": [0, 0]}
    both, alone = nets(2, "relu"), nets(1, "relu")
    train_together(both, ROWS, CLASSES, rates=[0.1, 1e300], **lists, **ONE)
    train_together(alone, ROWS, CLASSES, rates=[0.1], scales=[1.0], seeds=[0], **ONE)
    assert torch.allclose(both[0](ROWS), alone[0](ROWS), rtol=0, atol=1e-12)
    assert not torch.isfinite(both[1](ROWS)).all()


def test_accuracies_stand_by_start_rate_and_seed():
    digits = data.load("digits", n_train=200, n_test=50, seed=0)
    starts = [Start(1.3, 0.2, 0.5), Start(0.5, 0.2, 0.05)]
    size = {"depth": 2, "width": 8, "epochs": 2, "batch_size": 50}
    found = final_accuracies(
        digits, "tanh", starts, rates=[1e-9, 0.3, 1.0], seeds=[0, 1], **size
    )
    assert found.shape == (2, 3, 2)
    one = final_accuracies(digits, "tanh", starts[1:], rates=[0.3], seeds=[1], **size)
    assert found[1, 1, 1] == one[0, 0, 0]
    assert found[0, 2].mean() > found[0, 0].mean() + 0.3


def test_the_variance_of_the_first_layer_is_q_on_average(monkeypatch):
    """Of 2000 neurons: a standard error of at most sqrt(2 / 2000), 3 %."""
    seen = []

    def record(nets, x, y, *, scales, **_):
        with torch.no_grad():
            seen.append(nets[0][0](scales[0] * x).square().mean().item())

    monkeypatch.setattr("helpers.edge_of_chaos.trainability.train_together", record)
    digits = data.load("digits", seed=0)
    final_accuracies(
        digits,
        "tanh",
        [Start(1.3, 0.2, 0.5)],
        depth=1,
        width=2000,
        rates=[0.1],
        epochs=1,
        batch_size=64,
        seeds=[0],
    )
    assert np.mean(seen) == pytest.approx(0.5, rel=0.05)


def test_lists_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"rates must have one entry .* 2 networks"):
        train_together(
            nets(2), ROWS, CLASSES, scales=[1, 1], rates=[0.1], seeds=[0, 1], **ONE
        )
    with pytest.raises(ValueError, match="rates must be finite and > 0"):
        train_together(
            nets(1), ROWS, CLASSES, scales=[1], rates=[0.0], seeds=[0], **ONE
        )


def test_a_variance_below_that_of_the_bias_is_refused():
    digits = data.load("digits", n_train=100, n_test=20, seed=0)
    with pytest.raises(ValueError, match=r"q - sigma_b\^2 must be finite and > 0"):
        final_accuracies(
            digits,
            "tanh",
            [Start(1.0, 1.0, 0.5)],
            depth=1,
            width=4,
            rates=[0.1],
            epochs=1,
            batch_size=10,
            seeds=[0],
        )


def changed(change):
    net = networks.mlp([3, 4, 2], "tanh", seed=0)
    change(net)
    return net


def _nan(net):
    with torch.no_grad():
        net[0].weight[0, 0] = torch.nan


BAD_NETS = [
    (lambda net: net.float(), ValueError, "nets must be of one dtype and one activ"),
    (lambda net: net.append(torch.nn.ReLU()), TypeError, r"nets\[1\] must be a Sequ"),
    (lambda net: net.insert(1, torch.nn.BatchNorm1d(4)), TypeError, r"nets\[1\] must"),
    (lambda net: net.requires_grad_(False), ValueError, r"nets\[1\] .*requires_grad"),
    (lambda net: prune.l1_unstructured(net[0], "weight", 0.5), TypeError, "has hooks"),
    (_nan, ValueError, r"nets\[1\] must have finite parameters"),
]


@pytest.mark.parametrize(("change", "kind", "told"), BAD_NETS)
def test_networks_that_cannot_be_stacked_are_told(change, kind, told):
    lists = {"scales": [1, 1], "rates": [0.1, 0.1], "seeds": [0, 1]}
    pair = [changed(lambda net: None), changed(change)]
    with pytest.raises(kind, match=told):
        train_together(pair, ROWS, CLASSES, **lists, **ONE)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"batch_size": 0}, "batch_size must be an integer >= 1, got 0"),
        ({"scales": [1e308]}, "scales times x must be finite"),
        ({"seeds": [-1]}, "seeds must be an integer >= 0, got -1"),
        ({"x": ROWS[:, :2]}, r"x must be \[n, 3\] for nets, got \[20, 2\]"),
        ({"y": CLASSES + 1}, r"y must lie in 0\.\.1"),
    ],
)
def test_what_does_not_fit_the_networks_is_told(given, told):
    lists = {"scales": [1.0], "rates": [0.1], "seeds": [0]}
    data = {"x": 10 * ROWS, "y": CLASSES}
    with pytest.raises(ValueError, match=told):
        train_together(nets(1), **{**data, **lists, **ONE, **given})


def test_inputs_go_to_the_dtype_of_the_networks():
    lists = {"scales": [1.0], "rates": [0.1], "seeds": [0]}
    one, other = ([networks.mlp([3, 4, 2], seed=0).float()] for _ in range(2))
    train_together(one, ROWS, CLASSES, **lists, **ONE)
    train_together(other, ROWS.float(), CLASSES, **lists, **ONE)
    assert torch.equal(one[0](ROWS.float()), other[0](ROWS.float()))
