"""Networks of other kinds than Linear layers, and plain loops over autograd."""

import warnings

import numpy as np
import torch
from torch import nn
from torch.autograd import grad
from torch.nn import functional
from torch.nn.utils import parametrizations, prune, weight_norm

from helpers import networks

_RNG = np.random.default_rng(5)
N = 12
ROWS = torch.as_tensor(_RNG.normal(size=(N, 5)))
IMAGES = torch.as_tensor(_RNG.normal(size=(N, 1, 6, 6)))
TOKENS = torch.as_tensor(_RNG.integers(0, 7, (N, 4)))
SERIES = torch.as_tensor(_RNG.normal(size=(N, 4, 3)))
LABELS = torch.as_tensor(_RNG.integers(0, 3, N))


def seeded(make):
    """A module drawn from a seed, in float64 and eval mode, norms not at their start"""

    def made():
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            net = make().double()
            for name, buffer in net.named_buffers():
                if name.endswith(("running_mean", "running_var")):
                    buffer.uniform_(0.5, 1.5)
        return net.eval()

    return made


class Wrapped(nn.Module):
    """The same function, in a class of its own."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)


class Residual(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.last = nn.Linear(5, 4), nn.Linear(4, 3)
        self.inside = nn.Linear(4, 4)

    def forward(self, x):
        h = functional.relu(self.first(x))
        return self.last(h + 0.5 * functional.relu(self.inside(h)))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.memory, self.out = nn.LSTM(3, 3, batch_first=True), nn.Linear(3, 3)

    def forward(self, x):
        return self.out(self.memory(x)[0][:, -1])


class Branching(nn.Module):
    """Control flow that depends on the data, which vmap cannot follow."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(5, 3), nn.Linear(5, 3)

    def forward(self, x):
        rows = [self.left(r) if float(r[0]) > 0 else self.right(r).tanh() for r in x]
        return torch.stack(rows)


class Twice(nn.Linear):
    """A Linear that computes something else than its class says."""

    def forward(self, x):
        return 2 * super().forward(x)


def cnn():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3),
        nn.BatchNorm2d(3),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(12, 3),
    )


def in_place_first():
    return nn.Sequential(nn.ELU(inplace=True), nn.Linear(5, 3))


def shared_bias():
    net = nn.Sequential(nn.Linear(5, 5), nn.Tanh(), nn.Linear(5, 5), nn.Linear(5, 3))
    net[2].bias = net[0].bias
    return net


def shared_module():
    layer = nn.Linear(5, 5)
    return nn.Sequential(layer, nn.ReLU(), layer, nn.ReLU(), nn.Linear(5, 3))


def pruned():
    net = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    prune.l1_unstructured(net[0], "weight", amount=0.5)
    net[0](torch.ones(1, 5))
    return net


def old_weight_norm():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        layer = weight_norm(nn.Linear(5, 4))
    return nn.Sequential(layer, nn.ReLU(), nn.Linear(4, 3))


def new_weight_norm():
    layer = parametrizations.weight_norm(nn.Linear(5, 4))
    return nn.Sequential(layer, nn.ReLU(), nn.Linear(4, 3))


def own_forward():
    return nn.Sequential(Twice(5, 4), nn.ReLU(), nn.Linear(4, 3))


def hooked():
    net = nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 3))
    net[0].register_forward_hook(lambda module, inputs, output: output.tanh())
    return net


def frozen_layers():
    net = cnn()
    net[0].requires_grad_(False)
    return net


def unused():
    net = Wrapped(nn.Linear(5, 3))
    net.idle = nn.Linear(2, 2)
    return net


def tokens():
    return nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.ReLU(), nn.Linear(12, 3))


def attention():
    layer = nn.TransformerEncoderLayer(4, 2, 6, dropout=0.0, batch_first=True)
    return nn.Sequential(nn.Embedding(7, 4), layer, nn.Flatten(), nn.Linear(16, 3))


def plain():
    return networks.mlp([5, 4, 3], sigma_b=0.3, seed=0)


def smooth():
    return networks.mlp([5, 4, 3], "tanh", sigma_b=0.3, seed=0)


KINDS = {
    "cnn": (cnn, IMAGES),
    "frozen layers": (frozen_layers, IMAGES),
    "residual": (Residual, ROWS),
    "tokens": (tokens, TOKENS),
    "attention": (attention, TOKENS),
    "recurrent": (Recurrent, SERIES),
    "branching": (Branching, ROWS),
    "in place first": (in_place_first, ROWS),
    "shared bias": (shared_bias, ROWS),
    "shared module": (shared_module, ROWS),
    "pruned": (pruned, ROWS),
    "own forward": (own_forward, ROWS),
    "hooked": (hooked, ROWS),
    "one layer": (lambda: nn.Linear(5, 3), ROWS),
    "unused parameters": (unused, ROWS),
    "fast": (plain, ROWS),
}


def trained(net):
    return [p for p in net.parameters() if p.requires_grad]


def joined(parts):
    return torch.cat([part.flatten() for part in parts])


def plain_rows(net, x, y, loss=functional.cross_entropy):
    """Gradients of the samples, one backward pass each."""
    rows = []
    for i in range(len(x)):
        value = loss(net(x[i : i + 1].clone()), y[i : i + 1])
        rows.append(joined(grad(value, trained(net), materialize_grads=True)))
    return torch.stack(rows).detach().numpy()


def plain_hessian(net, x, y, loss=functional.cross_entropy):
    """The Hessian, one backward pass an entry of the gradient."""
    value = loss(net(x.clone()), y)
    slope = joined(grad(value, trained(net), create_graph=True, materialize_grads=True))
    if not slope.requires_grad:
        return np.zeros((len(slope), len(slope)))
    rows = [
        joined(grad(one, trained(net), retain_graph=True, materialize_grads=True))
        if one.requires_grad
        else torch.zeros_like(slope)
        for one in slope
    ]
    return torch.stack(rows).detach().numpy()
