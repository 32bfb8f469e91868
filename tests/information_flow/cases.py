"""Cases the tests share: small networks, points of a cube, entropies on a grid."""

import math

import numpy as np
import torch
from scipy import integrate, stats
from torch import nn

from helpers import information_flow as inf

SZT = [12, 10, 7, 5, 4, 3, 2]
CUBE = np.random.default_rng(0).uniform(-1, 1, size=(300, 3))
LN2 = math.log(2)
FOUR = torch.tensor([[-3.0], [-1.0], [1.0], [3.0]]).double()


def noise(dim, beta):
    return dim / 2 * math.log(2 * math.pi * math.e * beta**2)


def entropy_1d(atoms, beta, probabilities=None):
    """Entropy of a one-dimensional mixture on a fine grid."""
    atoms = np.asarray(atoms, dtype=float)
    weights = np.full(len(atoms), 1 / len(atoms))
    weights = weights if probabilities is None else np.asarray(probabilities)
    grid = np.linspace(atoms.min() - 10 * beta, atoms.max() + 10 * beta, 200_001)
    p = sum(
        w * stats.norm.pdf(grid, a, beta) for a, w in zip(atoms, weights, strict=True)
    )
    return integrate.trapezoid(-p * np.log(np.maximum(p, 1e-300)), grid)


def tiny(beta, weights=((1.0, -2.0), (2.0, 0.3))):
    """One neuron a layer, tanh, with weights and biases as given."""
    net = inf.NoisyMLP([1] * (len(weights) + 1) + [2], beta, seed=0)
    for linear, (w, b) in zip(net.linears, weights, strict=False):
        nn.init.constant_(linear.weight, w)
        nn.init.constant_(linear.bias, b)
    return net
