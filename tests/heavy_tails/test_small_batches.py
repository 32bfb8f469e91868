"""Descent without autograd takes the steps that autograd takes."""

from functools import partial

import pytest
import torch

from helpers import heavy_tails as ht
from helpers import networks, training


def problem(widths=(5, 12, 7, 3), n=50):
    made = torch.Generator().manual_seed(1)
    x = torch.randn(n, widths[0], generator=made, dtype=torch.float64)
    y = torch.randint(widths[-1], (n,), generator=made)
    return networks.mlp(widths, sigma_b=0.1, seed=0), x, y


@pytest.mark.parametrize("batch_size", [1, 7, 50])
@pytest.mark.parametrize(("momentum", "decay"), [(0.0, 0.0), (0.9, 0.0), (0.9, 0.05)])
def test_same_weights_as_training_with_autograd(batch_size, momentum, decay):
    """Float64; 3 epochs of at most 150 steps: rounding only."""
    net, x, y = problem()
    seen = []
    settings = {"batch_size": batch_size, "epochs": 3, "seed": 4}
    ht.momentum_sgd(net, x, y, lr=0.05, momentum=momentum, decay=decay,
                    on_epoch=seen.append, **settings)  # fmt: skip
    twin = problem()[0]
    sgd = partial(torch.optim.SGD, lr=0.05, momentum=momentum, weight_decay=decay)
    training.train(twin, x, y, optimizer=sgd, progress=False, **settings)
    assert seen == [1, 2, 3]
    for ours, theirs in zip(net.parameters(), twin.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_no_epoch_changes_nothing_and_another_seed_does():
    trained = []
    for epochs, seed in ((0, 0), (2, 0), (2, 1)):
        net, x, y = problem()
        ht.momentum_sgd(net, x, y, batch_size=5, epochs=epochs, lr=0.1, seed=seed)
        trained.append(net[0].weight)
    assert torch.equal(trained[0], problem()[0][0].weight)
    assert not torch.allclose(trained[1], trained[2])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"batch_size": 0}, "batch_size must be an integer >= 1, got 0"),
        ({"batch_size": 51}, "batch_size must be at most 50, got 51"),
        ({"epochs": -1}, "epochs must be an integer >= 0"),
        ({"lr": 0.0}, "lr must be a finite number > 0"),
        ({"momentum": -0.1}, "momentum must be a finite number >= 0"),
        ({"decay": float("nan")}, "decay must be a finite number >= 0"),
    ],
)
def test_bad_arguments_are_named(change, says):
    net, x, y = problem()
    good = {"batch_size": 5, "epochs": 1, "lr": 0.1, "seed": 0}
    with pytest.raises(ValueError, match=says):
        ht.momentum_sgd(net, x, y, **good | change)


def test_other_networks_are_refused():
    _, x, y = problem()
    settings = {"batch_size": 5, "epochs": 1, "lr": 0.1, "seed": 0}
    tanh = networks.mlp([5, 4, 3], "tanh", seed=0)
    with pytest.raises(ValueError, match=r"got .'Linear', 'Tanh', 'Linear'."):
        ht.momentum_sgd(tanh, x, y, **settings)
    bare = torch.nn.Sequential(torch.nn.Linear(5, 3, bias=False))
    with pytest.raises(ValueError, match="biases"):
        ht.momentum_sgd(bare, x, y, **settings)


def test_a_run_that_diverges_says_so():
    net, x, y = problem()
    with pytest.raises(training.DivergedError, match=r"epoch \d+ \(lr 1e\+200\)"):
        ht.momentum_sgd(net, x, y, batch_size=5, epochs=5, lr=1e200, seed=0)
