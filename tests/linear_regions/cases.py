"""Networks, points and assertions that the tests of chapter 1 share."""

import math

import numpy as np
import pytest
import torch
import twins
from torch import nn

from helpers.networks import Abs, mlp

WINDOW = (-3.0, 3.0, -3.0, 3.0)
AXES = ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0])

ACTIVATIONS = {
    "relu": nn.ReLU(),
    "leaky": nn.LeakyReLU(0.2),
    "hard_tanh": nn.Hardtanh(-0.5, 1.5),
    "abs": Abs(),
}
SHAPES = {"wide": [24], "square": [8, 8, 8], "deep": [4] * 6, "uneven": [12, 3, 9]}


def net_of(hidden, activation="relu", n_in=2, n_out=1, seed=0, sigma_b=0.3):
    """Random network; `hidden` is a key of SHAPES or a list of widths."""
    hidden = SHAPES[hidden] if isinstance(hidden, str) else hidden
    widths = [n_in, *hidden, n_out]
    return mlp(widths, ACTIVATIONS[activation], sigma_w=1.6, sigma_b=sigma_b, seed=seed)


def linear(weight, bias=0.0):
    weight = torch.as_tensor(weight, dtype=torch.float64)
    layer = nn.utils.skip_init(nn.Linear, weight.shape[1], len(weight)).double()
    with torch.no_grad():
        layer.weight.copy_(weight)
        layer.bias.copy_(torch.as_tensor(bias, dtype=torch.float64))
    return layer


def lines_net(normals, offsets, phi=None):
    """One hidden layer whose neurons are the given lines of the plane."""
    return nn.Sequential(
        linear(normals, offsets), phi or nn.ReLU(), linear(torch.ones(1, len(normals)))
    )


def evaluate(net, x):
    with torch.no_grad():
        return net(torch.as_tensor(x, dtype=torch.float64)).numpy()


def pattern(net, x):
    """Activation pattern at each row of x, from an ordinary forward pass."""
    h, pieces = torch.as_tensor(x, dtype=torch.float64), []
    with torch.no_grad():
        for module in net:
            if not isinstance(module, nn.Linear):
                kinks = torch.tensor(twins.pieces(module)[0], dtype=torch.float64)
                pieces.append((h[..., None] > kinks).sum(-1))
            h = module(h)
    return torch.cat(pieces, dim=1).numpy()


def rows(array):
    return {tuple(row) for row in array.tolist()}


def ends(m, n_in=2, seed=0, scale=3.0):
    rng = np.random.default_rng(seed)
    return scale * rng.normal(size=(2, m, n_in))


def assert_sound(regions, area):
    """Euler's formula, positive areas that fill the window, all patterns different."""
    n_vertices, n_edges = len(regions.vertices), len(regions.edges)
    assert n_vertices - n_edges + regions.count == 1
    assert regions.areas.min() > 0
    assert regions.areas.sum() == pytest.approx(area, rel=1e-12)
    assert len(rows(regions.patterns)) == regions.count


every_net = pytest.mark.parametrize("activation", ACTIVATIONS)
every_shape = pytest.mark.parametrize("shape", SHAPES)


def mean_and_error(samples):
    samples = np.asarray(samples, dtype=float)
    return samples.mean(axis=0), samples.std(axis=0, ddof=1) / math.sqrt(len(samples))


NET = net_of([3])


def assert_says(call, sentence):
    """The call raises an error whose text begins with the sentence."""
    with pytest.raises((TypeError, ValueError)) as raised:
        call()
    assert str(raised.value).startswith(sentence)
