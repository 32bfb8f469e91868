"""The worst case: Telgarsky's network, whose pieces double with every layer."""

import torch
from torch import nn

from helpers.linear_regions.reading import check_count


def sawtooth(n: int) -> nn.Sequential:
    """Return Telgarsky's network: n hidden layers of width 2, 2^n pieces on [0, 1].

    Telgarsky, "Benefits of Depth in Neural Networks" (COLT 2016): the n-fold
    composition of the tent map m(s) = 2 relu(s) - 4 relu(s - 1/2).

    Args:
        n: number of hidden layers, 1 or more; exact in float64 up to n = 50.

    Raises:
        TypeError: `n` is no integer.
        ValueError: `n` below 1.
    """
    check_count(1, n=n)
    tent, shift = [[2.0, -4.0]], [0.0, -0.5]
    weights = [[[1.0], [1.0]], *[tent * 2] * (n - 1), tent]
    biases = [shift] * n + [[0.0]]
    layers: list[nn.Module] = []
    for weight, bias in zip(weights, biases, strict=True):
        linear = nn.Linear(len(weight[0]), len(bias), device="meta")
        linear.weight = nn.Parameter(torch.tensor(weight).double())
        linear.bias = nn.Parameter(torch.tensor(bias).double())
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])
