"""Networks, data and slow twins that the tests of the room share."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import functional_call, grad, vmap
from torch.nn import functional

from helpers import networks
from helpers import sgd_noise as sn

_RNG = np.random.default_rng(0)
N = 30
X = torch.as_tensor(_RNG.normal(size=(N, 5)))
CLASSES = torch.as_tensor(_RNG.integers(0, 3, N))
VALUES = torch.as_tensor(_RNG.normal(size=(N, 3)))


def net_of(activation="relu", seed=0, widths=(5, 7, 6, 3), dtype=torch.float64):
    return networks.mlp(widths, activation, sigma_b=0.3, seed=seed, dtype=dtype)


def frozen():
    """Only the first weight and the last bias are trained."""
    net = net_of()
    for name, p in net.named_parameters():
        p.requires_grad_(name in ("0.weight", "4.bias"))
    return net


def without_bias():
    layers = nn.Linear(5, 4, bias=False), nn.Tanh(), nn.Linear(4, 3)
    return nn.Sequential(*layers).double()


CASES = [
    (net_of, CLASSES, "cross_entropy", functional.cross_entropy),
    (lambda: net_of("tanh"), VALUES, "mse", functional.mse_loss),
    (frozen, CLASSES, "cross_entropy", functional.cross_entropy),
    (without_bias, VALUES, "mse", functional.mse_loss),
    (
        lambda: net_of("abs", widths=(5, 6, 1)),
        (CLASSES > 0).double(),
        sn.clipped_square(0.1),
        sn.clipped_square(0.1),
    ),
]


def twin(net, loss, y=CLASSES, x=X):
    """theta, and the loss of any samples as a function of it, through torch.func."""
    trained = {n: p.detach() for n, p in net.named_parameters() if p.requires_grad}
    theta = torch.cat([p.flatten() for p in trained.values()])
    sizes = [p.numel() for p in trained.values()]

    def value(theta, x, y):
        parts = zip(trained.items(), theta.split(sizes), strict=True)
        named = {name: part.view_as(p) for (name, p), part in parts}
        return loss(functional_call(net, named, (x,)), y)

    return theta, value


def rows_of(net, loss, y):
    theta, value = twin(net, loss)

    def one(theta, xi, yi):
        return value(theta, xi[None], yi[None])

    return vmap(grad(one), (None, 0, 0))(theta, X, y).numpy()


def spectra(seed, size=12):
    a, b = np.random.default_rng(seed).normal(size=(2, size, 2 * size))
    return a @ a.T / size, b @ b.T / size


def runs_of(noise, nets, steps=1, **options):
    chosen = {"lr": 0.1, "batch_size": 4, "rank": 3, "seed": 0, "progress": False}
    chosen |= options
    return sn.dynamics(nets, X, CLASSES, noise, steps=steps, **chosen)


def vector(net):
    return torch.cat([p.detach().flatten() for p in net.parameters()]).numpy()


H2, S2 = np.diag([2.0, 1.0]), np.eye(2)
ASYMMETRIC = np.array([[1.0, 1.0], [0.0, 1.0]])
UNTRAINED = net_of().requires_grad_(False)


def errors(table):
    """A test of each (call, told) of the table."""
    ids = [told for _, told in table]
    return pytest.mark.parametrize(("call", "told"), table, ids=ids)
