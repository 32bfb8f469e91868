"""Descent without autograd takes the steps that autograd takes."""

from functools import partial

import pytest
import torch
from torch.nn.utils import prune

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
        ({"seed": 0.0}, "seed must be an integer, got 0.0"),
        ({"lr": 1e300}, "lr must be at most 3.4e\\+38, got 1e\\+300"),
        ({"y": torch.zeros(50)}, "y must hold one integer label for each"),
        ({"y": torch.full((50,), 3)}, "y must lie in 0..2"),
        ({"x": torch.ones(50, 4)}, r"net does not take x of shape \[50, 4\]"),
        ({"x": torch.full((50, 5), torch.nan)}, "x must be real and finite"),
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
    net.float()
    good = {"x": x, "y": y, "batch_size": 5, "epochs": 1, "lr": 0.1, "seed": 0}
    before = [p.clone() for p in net.parameters()]
    with pytest.raises((ValueError, TypeError), match=says):
        ht.momentum_sgd(net, **good | change)
    assert all(map(torch.equal, before, net.parameters()))


def test_inputs_of_another_precision_are_those_of_the_network():
    ends = []
    for dtype in (torch.float64, torch.float32):
        net, x, y = problem()
        ht.momentum_sgd(
            net.float(), x.to(dtype), y, batch_size=5, epochs=2, lr=0.1, seed=0
        )
        ends.append(net[0].weight)
    assert torch.equal(*ends)


def test_other_networks_are_refused():
    _, x, y = problem()
    settings = {"batch_size": 5, "epochs": 1, "lr": 0.1, "seed": 0}
    tanh = networks.mlp([5, 4, 3], "tanh", seed=0)
    with pytest.raises(ValueError, match=r"got .'Linear', 'Tanh', 'Linear'."):
        ht.momentum_sgd(tanh, x, y, **settings)
    bare = torch.nn.Sequential(torch.nn.Linear(5, 3, bias=False))
    with pytest.raises(ValueError, match="biases"):
        ht.momentum_sgd(bare, x, y, **settings)
    with pytest.raises(TypeError, match=r"Sequential, got Linear"):
        ht.momentum_sgd(torch.nn.Linear(5, 3), x, y, **settings)


SHARED = torch.nn.Linear(5, 5).double()
LAST = torch.nn.Linear(5, 3).double()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (
            lambda: prune.random_unstructured(problem()[0][0], "weight", 0.5),
            "has hooks",
        ),
        (lambda: problem()[0].requires_grad_(False), "requires_grad in every"),
        (
            lambda: torch.nn.Sequential(
                SHARED, torch.nn.ReLU(), SHARED, torch.nn.ReLU(), LAST
            ),
            "parameters of their own",
        ),
        (
            lambda: torch.nn.Sequential(SHARED, torch.nn.ReLU(), torch.nn.Linear(4, 3)),
            "one of its layers what the one before gives",
        ),
    ],
    ids=["pruned", "frozen", "shared", "widths"],
)
def test_networks_that_would_be_trained_wrongly_are_refused(make, says):
    _, x, y = problem()
    net = make()
    net = net if isinstance(net, torch.nn.Sequential) else torch.nn.Sequential(net)
    with pytest.raises((ValueError, TypeError), match=says):
        ht.momentum_sgd(net, x, y, batch_size=5, epochs=1, lr=0.1, seed=0)


def test_a_run_that_diverges_says_so():
    net, x, y = problem()
    with pytest.raises(training.DivergedError, match=r"epoch \d+ \(lr 1e\+200\)"):
        ht.momentum_sgd(net, x, y, batch_size=5, epochs=5, lr=1e200, seed=0)
