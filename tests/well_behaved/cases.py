"""Inputs, the slow twin and made-up trajectories that the tests of chapter 3 share."""

import math

import numpy as np
import torch

from helpers import data
from helpers import well_behaved as wb
from helpers.well_behaved.batches import generator_of

_RNG = np.random.default_rng(0)
FLAT = _RNG.normal(size=(40, 12)) + 0.3
LINE = _RNG.normal(size=(40, 3, 6)) + 0.3
IMAGE = _RNG.normal(size=(40, 2, 5, 4)) + 0.3
POOLS = {"flat": FLAT, "line": LINE, "image": IMAGE}

GOOD = {
    "architecture": "batch_norm",
    "depth": 3,
    "width": 4,
    "inputs": FLAT,
    "n_draws": 2,
    "batch_size": 8,
    "seed": 0,
}
"""Arguments that `propagate` takes."""


def digits():
    return data.load("digits").flatten().x_train


# The twin: numpy, one network, noise as a difference of two runs of size h = 1e-6,
# ranks from singular values, convolutions as sums of rolled arrays. It draws as
# `propagate` does: batch, noise, then the weights of layer after layer.


class Twin:
    def __init__(self, pool, width, batch_size, seed, draw, h=1e-6):
        self.generator = generator_of(seed, draw, "cpu")
        pool = np.moveaxis(pool, 1, -1)
        rows = torch.randperm(len(pool), generator=self.generator)[:batch_size]
        x = pool[rows.numpy()]
        dx = self.normal(x.shape)
        self.axes = tuple(range(x.ndim - 1))
        x, dx = x / math.sqrt(x.var(self.axes).mean()), dx / np.sqrt((dx**2).mean())
        self.x, self.y, self.width, self.h = x, x + h * dx, width, h

    def normal(self, shape):
        made = torch.empty(shape, dtype=torch.float64)
        return made.normal_(generator=self.generator).numpy()

    def weights(self, gain, kernel):
        channels, spatial = self.x.shape[-1], self.x.ndim - 2
        if not spatial:
            made = self.normal((channels, self.width))
            return made * math.sqrt(gain / channels)
        shape = (self.width, channels) + (kernel,) * spatial
        return self.normal(shape) * math.sqrt(gain / channels / kernel**spatial)

    def affine(self, h, weight):
        if weight.ndim == 2:
            return h @ weight
        y = 0
        for index in np.ndindex(weight.shape[2:]):
            shift = [weight.shape[2] // 2 - i for i in index]
            axes = list(range(1, 1 + len(index)))
            y = y + np.roll(h, shift, axes) @ weight[(..., *index)].T
        return y

    def norm(self, pair, full, eps):
        x, y = pair
        other = y if full else x

        def scaled(a, b):
            return (a - b.mean(self.axes)) / np.sqrt(b.var(self.axes) + eps)

        return scaled(x, x), scaled(y, other)

    def log_chi(self, pair):
        x, y = pair
        noise = (((y - x) / self.h) ** 2).mean()
        return np.log(noise / x.var(self.axes).mean()) / 2

    def run(self, architecture, depth, *, branch_depth, skip, full, eps, kernel):
        normal = architecture.startswith("batch_norm")
        pair = self.x, self.y
        states, inside = [pair], []
        if "residual" in architecture:
            weight = self.weights(1, kernel)
            pair = tuple(self.affine(h, weight) for h in pair)
            self.x = pair[0]
            for _ in range(depth):
                branch = pair
                for level in range(branch_depth):
                    z = self.norm(branch, full, eps) if normal else branch
                    a = tuple(np.maximum(h, 0) for h in z)
                    if level == 0:
                        inside.append((pair, z, a))
                    weight = self.weights(2, kernel)
                    branch = tuple(self.affine(h, weight) for h in a)
                pair = tuple(skip * h + b for h, b in zip(pair, branch, strict=True))
                states.append(pair)
        else:
            for _ in range(depth):
                weight = self.weights(2, kernel)
                self.x = np.empty((*self.x.shape[:-1], self.width))
                z = tuple(self.affine(h, weight) for h in pair)
                z = self.norm(z, full, eps) if normal else z
                a = tuple(np.maximum(h, 0) for h in z)
                inside.append((pair, z, a))
                pair = a
                states.append(pair)
        return states, inside


def effective_rank(rows, centre):
    a = rows.reshape(-1, rows.shape[-1])
    a = a - a.mean(0) if centre else a
    square = np.linalg.svd(a, compute_uv=False) ** 2
    return square.sum() / square[0]


def trajectory(log_chi):
    """A trajectory of which nothing but log chi matters."""
    log_chi = np.atleast_2d(log_chi)
    layer = np.ones((len(log_chi), log_chi.shape[1] - 1))
    zero = np.zeros_like(log_chi)
    return wb.MomentTrajectory(
        zero, zero, 2 * log_chi, zero, None, None, layer, layer, layer, layer, layer,
        layer, 0,
    )  # fmt: skip
