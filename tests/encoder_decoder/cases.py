"""Networks of three shapes, their inputs, outputs and Jacobians."""

from itertools import product

import numpy as np
import torch

from helpers import encoder_decoder as ed

SHAPES = {
    "line": (8, (2, 3, 4), 3),
    "even": (8, (1, 3, 2), 2),
    "image": ((4, 8), (1, 3, 2), 2),
}
EVERY = list(product(SHAPES, ed.POOLINGS, (False, True), ("relu", "linear")))
SMOOTH = list(product(SHAPES, ("identity", "haar", "average"), (False, True)))


def network(shape="line", **options):
    size, channels, taps = SHAPES[shape]
    return ed.EncoderDecoder(size, channels, taps, **({"seed": 1} | options))


def inputs(net, m=3, seed=0):
    return np.random.default_rng(seed).normal(size=(m, net.n_in))


def value(net, x):
    return net(torch.as_tensor(x)).detach().numpy()


def jacobian(net, x):
    return torch.func.jacrev(net)(torch.as_tensor(x)).detach().numpy()
