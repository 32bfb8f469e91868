"""Models whose error sets are known, and images.

A binary model with margin s(x) has the logits (0, s(x)): label 0 where s < 0. All error
sets below are built so; the right label is 0.
"""

import numpy as np
import torch
import twins
from torch import nn

from helpers import adversarial_noise as an
from helpers import data, networks

MU = np.array([1e-12, 1e-6, 1e-3, 0.01, 0.1, 0.4])


def binary(score):
    """The model with logits (0, score(x)), x flat."""

    def model(x):
        margin = score(x.flatten(1))
        return torch.stack([torch.zeros_like(margin), margin], dim=1)

    return model


def halfspace(distance):
    return binary(lambda x: x[:, 0] - distance)


def slab(distance):
    return binary(lambda x: x[:, 0].abs() - distance)


def shell(radius):
    return binary(lambda x: x.norm(dim=1) - radius)


def ball(distance, radius):
    """Errors in a ball whose nearest point to 0 is at that distance."""

    def score(x):
        centre = torch.zeros_like(x[:1])
        centre[0, 0] = distance + radius
        return radius - (x - centre).norm(dim=1)

    return binary(score)


def origin(n, features=8, dtype=torch.float64):
    return torch.zeros(n, features, dtype=dtype), torch.zeros(n, dtype=torch.long)


def linear(features, classes, seed=0, dtype=torch.float64):
    net = nn.Linear(features, classes, dtype=dtype)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in net.parameters():
            part.copy_(torch.randn(part.shape, generator=generator, dtype=dtype))
    return net


def linear_distances(net, x, y, box=None):
    weight, bias = (p.detach().double().numpy() for p in net.parameters())
    pairs = zip(x.double().numpy(), y.tolist(), strict=True)
    return np.array([twins.linear_distance(weight, bias, *p, box) for p in pairs])


def labelled(net, n, features, seed=1):
    """Uniform images with the label that the model gives them."""
    generator = torch.Generator().manual_seed(seed)
    dtype = next(net.parameters()).dtype
    x = torch.rand(n, features, generator=generator, dtype=dtype)
    return x, an.labels(net, x)


def trained():
    digits = data.load("digits", n_train=600).flatten()
    net = networks.mlp([64, 64, 64, 10], seed=0)
    an.train_with_noise(
        net, digits.x_train, digits.y_train, 0.0, epochs=15, seed=0, progress=False
    )
    x, y = digits.x_test.double(), digits.y_test
    right = an.labels(net, x) == y
    return net, x[right][:60], y[right][:60]
