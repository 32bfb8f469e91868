"""Every public function of these rooms that takes a model leaves it as it was.

Those that train one change its parameters, and nothing else.
"""

import importlib
import inspect

import numpy as np
import pytest
import torch
from torch import nn

from helpers import edge_of_chaos, models, networks, training, training_checks
from helpers import well_behaved as wb

ROOMS = ("edge_of_chaos", "models", "training", "training_checks", "well_behaved")
X, Y = torch.randn(20, 3, generator=torch.Generator().manual_seed(0)), torch.arange(20)
NUMPY_STATE = np.random.get_state
TRAINING = {"batch_size": 5, "epochs": 1, "seed": 0, "progress": False, "lr": 0.1}
TOGETHER = {"scales": [1.0], "rates": [0.1], "seeds": [0], "epochs": 1, "batch_size": 5}

LEFT = {
    "models.check_evaluation": models.check_evaluation,
    "models.check_per_sample": lambda net: read_twice(net),
    "models.check_finite": models.check_finite,
    "models.check_plain": lambda net: models.check_plain(net, "net"),
    "models.read_inputs": lambda net: models.read_inputs(X, net),
    "models.unchanged": lambda net: moved(net),
    "training_checks.check_batches": lambda net: training_checks.check_batches(
        net, X, 19
    ),
    "training_checks.check_classes": lambda net: training_checks.check_classes(
        net, X, Y % 4
    ),
    "training_checks.check_alike": lambda net: training_checks.check_alike([net]),
    "training_checks.read_rows": lambda net: training_checks.read_rows(X, [net]),
    "well_behaved.propagate_module": lambda net: wb.propagate_module(net, X, seed=0),
}
"""Room and name -> a call with a model, which may raise."""

TRAINS = {
    "edge_of_chaos.train_together": lambda net: edge_of_chaos.train_together(
        [net], X, Y % 4, **TOGETHER
    ),
    "training.train": lambda net: training.train(net, X, Y % 4, **TRAINING),
}
"""The same of those that train it."""


def read_twice(net):
    with models.unchanged(net):  # as its docstring asks
        models.check_per_sample(net, X, [net])


def moved(net):
    with models.unchanged(net):
        net.train()
        net(X).sum().backward()


def takes_a_model(function):
    """Whether a parameter's type is a module of torch, or a sequence of them."""
    if not inspect.isfunction(function):
        return False
    parameters = inspect.signature(function).parameters.values()
    types = [str(p.annotation) for p in parameters if "Callable" not in str(p)]
    modules = ("nn.Module", "module.Module", "nn.Sequential")
    return any(word in one for one in types for word in modules)


def test_the_walk_meets_every_function():
    found = {
        f"{room}.{name}"
        for room in ROOMS
        for module in [importlib.import_module(f"helpers.{room}")]
        for name in module.__all__
        if takes_a_model(getattr(module, name))
    }
    assert found == set(LEFT) | set(TRAINS)


def plain():
    net = networks.mlp([3, 8, 4], "relu", seed=0, dtype=torch.float32)
    return net.eval()


def mixed():
    """With running statistics, modes of all kinds, a frozen layer and gradients."""
    torch.manual_seed(0)
    layers = nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.ReLU(inplace=True)
    net = nn.Sequential(*layers, nn.Linear(4, 4))
    net(X).square().sum().backward()
    net.eval()
    net[3].train()
    net[0].requires_grad_(False)
    net.register_buffer("steps", torch.zeros(()))
    return net


def in_train_mode():
    return mixed().train()


def failing():
    """Raises from its second call on."""
    net, calls = mixed(), []

    def stop(module, inputs):
        calls.append(0)
        if len(calls) > 1:
            raise RuntimeError("stop")

    net[4].register_forward_pre_hook(stop)
    return net


MODELS = [plain, mixed, in_train_mode, failing]


def said_of(net, parameters=True):
    """All that a caller may find changed in a network and around it."""
    kept = dict(net.state_dict()) if parameters else dict(net.named_buffers())
    return {
        "state": {name: value.tolist() for name, value in kept.items()},
        "gradients": [
            None if p.grad is None else p.grad.tolist() for p in net.parameters()
        ],
        "frozen": [p.requires_grad for p in net.parameters()],
        "identities": [id(p) for p in net.parameters()],
        "modes": [module.training for module in net.modules()],
        "hooks": [
            [len(v) for k, v in vars(module).items() if k.endswith("hooks")]
            for module in net.modules()
        ],
        "names": [sorted(vars(module)) for module in net.modules()],
        "random": torch.get_rng_state().tolist(),
        "numpy": NUMPY_STATE()[1].tolist(),
        "autograd": (torch.is_grad_enabled(), torch.is_inference_mode_enabled()),
        "threads": torch.get_num_threads(),
        "dtype": torch.get_default_dtype(),
    }


def called(function, net):
    """Call; what it refuses it must leave as it was, too."""
    try:
        function(net)
    except (ValueError, TypeError, RuntimeError) as error:
        assert "net" in str(error) or "stop" in str(error)  # noqa: PT017


@pytest.mark.parametrize("name", LEFT)
@pytest.mark.parametrize("make", MODELS)
def test_a_model_is_left_as_it_was(name, make):
    net = make()
    torch.manual_seed(5)
    before, inputs = said_of(net), X.clone()
    called(LEFT[name], net)
    after = said_of(net)
    assert [key for key in before if before[key] != after[key]] == []
    assert torch.equal(X, inputs)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        *[("training.train", make) for make in (plain, mixed)],
        ("edge_of_chaos.train_together", plain),
    ],
)
def test_training_changes_parameters_and_nothing_else(name, make):
    net = make()
    for parameter in net.parameters():
        parameter.grad = None
    torch.manual_seed(5)
    before, inputs = said_of(net, parameters=False), X.clone()
    weights = [p.detach().clone() for p in net.parameters() if p.requires_grad]
    TRAINS[name](net)
    after = said_of(net, parameters=False)
    assert [key for key in before if before[key] != after[key]] == []
    assert torch.equal(X, inputs)
    trained = [p for p in net.parameters() if p.requires_grad]
    assert not any(map(torch.equal, weights, trained))
