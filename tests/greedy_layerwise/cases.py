"""A quick recipe, small networks, images, and what the twins do with them."""

import numpy as np
import torch

from helpers import greedy_layerwise as gl

QUICK = {"recipe": gl.Recipe(epochs=2, batch_size=32), "seed": 3, "progress": False}


def parameters(module):
    return torch.cat([p.detach().flatten() for p in module.parameters()])


def network(k=1, depth=3, width=4, shape=(2, 8, 8), **options):
    return gl.GreedyNetwork(shape, 5, depth, width, k, **{"seed": 0, **options})


def images(n=6, shape=(2, 8, 8), seed=0):
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(seed))


def sub_images(x):
    """The four sub-lattices of every channel, one channel after the other."""
    lattices = [x[:, :, a::2, b::2] for a in (0, 1) for b in (0, 1)]
    n, channels, height, width = x.shape
    return np.stack(lattices, 2).reshape(n, 4 * channels, height // 2, width // 2)


def quadrant_means(x):
    h, w = x.shape[2] // 2, x.shape[3] // 2
    quadrants = x[..., :h, :w], x[..., :h, w:], x[..., h:, :w], x[..., h:, w:]
    return np.stack([q.mean((2, 3)) for q in quadrants], 2).reshape(len(x), -1)
