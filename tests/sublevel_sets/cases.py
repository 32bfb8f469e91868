"""Networks, data and slow routes that several tests of this room use."""

import numpy as np
import torch
from torch import nn

from helpers import networks
from helpers import sublevel_sets as ss

LEAKY, RELU = nn.LeakyReLU(0.2), nn.ReLU()
LOOSE = 1e-9  # the barrier that rounding may make; measured 1e-12 and less


def nets(widths, activation=LEAKY, seed=0):
    """Two independent networks with biases."""
    return [
        networks.mlp(widths, activation, sigma_b=0.5, seed=2 * seed + k) for k in (0, 1)
    ]


def sample(n, widths, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, widths[0])), rng.normal(size=(n, widths[-1]))


def parameters(net):
    return nn.utils.parameters_to_vector(net.parameters()).detach().double().numpy()


def half_mse(net, x, y):
    """The twin of the loss: torch, one network."""
    with torch.no_grad():
        error = net(torch.from_numpy(x)) - torch.from_numpy(y)
    return float(error.square().sum() / (2 * len(x)))


def rank(matrix):
    return np.linalg.matrix_rank(matrix, rtol=1e-10)


def features(net, x):
    """[H_1, 1] of a network, by torch."""
    with torch.no_grad():
        h = net[:2](torch.from_numpy(x)).numpy()
    return np.column_stack([h, np.ones(len(h))])


def assert_level(path):
    """Nothing moves but on the convex segment, and nothing jumps."""
    found = path.certificate()
    assert found.barrier <= LOOSE
    assert found.jump <= 1e-12 * found.norm
    count, share = len(path.segments), np.linspace(0.05, 0.95, 5)
    for number, segment in enumerate(path.segments):
        if segment.kind == "constant":
            outputs = path.outputs((number + share) / count)
            np.testing.assert_allclose(outputs, outputs[:1] + 0 * outputs, atol=1e-9)


def killed(net, *layers):
    """The network with all weights and biases of these Linear layers at zero."""
    with torch.no_grad():
        for number in layers:
            net[2 * number].weight.zero_()
            net[2 * number].bias.zero_()
    return net


def interpolator(n, seed, activation=LEAKY, y=None):
    """A network of width N - 1 with zero loss, its data."""
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, 3)), np.eye(n) if y is None else y
    net = networks.mlp((3, n - 1, y.shape[1]), activation, sigma_b=0.5, seed=seed)
    return ss.descent_path(net, x, y).network(1), x, y


X, Y = sample(12, (4, 3))
A, B = nets((4, 24, 3))

CASES = {
    "independent": ((12, 9, 6, 2), 10, LEAKY, "auto"),
    "independent, one hidden layer": ((7, 4, 2), 8, LEAKY, "independent"),
    "wide": ((4, 24, 8, 5, 3), 12, LEAKY, "auto"),
    "wide, at its least width": ((4, 22, 8, 5, 3), 12, LEAKY, "wide"),
    "wide, flat slope": ((4, 24, 8, 5, 3), 12, nn.LeakyReLU(0.05), "auto"),
    "wide, one hidden layer": ((2, 16, 3), 8, LEAKY, "auto"),
    "wide, ReLU": ((2, 16, 3), 8, RELU, "auto"),
    "exchange, width N": ((4, 12, 8, 5, 3), 12, LEAKY, "auto"),
    "exchange, width N + 1": ((4, 13, 8, 5, 3), 12, LEAKY, "auto"),
    "exchange, width 2N": ((4, 24, 8, 5, 3), 12, LEAKY, "exchange"),
    "exchange, ReLU, width N": ((2, 8, 3), 8, RELU, "auto"),
    "exchange, one input": ((1, 9, 2), 9, RELU, "auto"),
    "one sample": ((3, 1, 1), 1, RELU, "exchange"),
    "two samples": ((3, 2, 1), 2, LEAKY, "wide"),
}
"""Every method, depth, activation and loss for which there is a theorem."""
