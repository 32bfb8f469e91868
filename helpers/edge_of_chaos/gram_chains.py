"""Random networks of finite width without weight matrices: the chain of their Grams."""

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from helpers.activations import Activation, Array
from helpers.arrays import read_numbers
from helpers.edge_of_chaos.activations import Named, resolve
from helpers.edge_of_chaos.arguments import (
    check_count,
    check_scales,
    check_seed,
)

_BLOCK = 2**16  # numbers of a layer that fit a processor's cache


def gram_chain(
    activation: Named,
    gram: ArrayLike,
    sigma_w: float,
    sigma_b: float,
    width: int,
    depth: int,
    n_networks: int,
    seed: int,
) -> Array:
    """Draw the covariances of the pre-activations of random networks of finite width.

    Given the layers before, the `width` neurons of a layer are independent draws of
    N(0, K) for a batch of B inputs, K = sigma_b^2 + sigma_w^2 h h^T / width. So the
    law of K_1, .., K_depth needs no weight matrix: exact, at B normal draws a neuron.

    Args:
        activation: as in `variance_map`.
        gram: covariance K_0 of the first pre-activations, [B, B], symmetric and
            semidefinite. What misses either by rounding is made so: the mean with its
            transpose, then negative eigenvalues down to -1e-12 of the trace (in float32
            -1e-6) put to 0. Zero rows, of a zero input, are allowed.
        sigma_w: scale of the weights, >= 0.
        sigma_b: scale of the biases, >= 0.
        width: neurons of every hidden layer, >= 1.
        depth: number of layers, >= 1.
        n_networks: independent networks, >= 1.
        seed: integer >= 0.

    Returns:
        [depth + 1, n_networks, B, B], entry 0 is `gram`, as it was made semidefinite.
        Cost: 0.4 s for 1000 networks of width 300, 50 layers and 2 inputs.

    Raises:
        ValueError: the variance overflowed, or `gram` is not finite, not symmetric or
            has an eigenvalue below what rounding explains, which is told.
        TypeError, ValueError: as `variance_map`.
    """
    act = resolve(activation)
    check_scales(sigma_w=sigma_w, sigma_b=sigma_b)
    check_count(width=width, depth=depth, n_networks=n_networks)
    start = _checked_gram(gram)
    size = len(start)
    chain = np.empty((depth + 1, n_networks, size, size))
    chain[0] = start
    rng = np.random.Generator(np.random.SFC64(check_seed(seed)))
    block = max(1, _BLOCK // (size * width))
    advance = partial(_next_gram, act, sigma_w=sigma_w, sigma_b=sigma_b)
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(0, n_networks, block):
            part = slice(i, min(i + block, n_networks))
            for layer in range(depth):
                shape = (size, part.stop - part.start, width)
                chain[layer + 1, part] = advance(
                    chain[layer, part], rng.standard_normal(shape)
                )
    bad = ~np.isfinite(chain).all(axis=(1, 2, 3))
    if bad.any():
        raise ValueError(
            f"the variance overflows in layer {int(np.argmax(bad))} at sigma_w = "
            f"{sigma_w:g}: take fewer layers or a smaller sigma_w"
        )
    return chain


def _next_gram(
    act: Activation, gram: Array, noise: Array, sigma_w: float, sigma_b: float
) -> Array:
    """Return K of the next layer, [networks, B, B], from noise [B, networks, n]."""
    root = _semidefinite_root(gram)
    size, _, width = noise.shape
    hidden = []
    for i in range(size):
        z = root[:, i, 0, None] * noise[0]
        for j in range(1, i + 1):
            z += root[:, i, j, None] * noise[j]
        hidden.append(act.phi(z))
    result = np.empty_like(gram)
    for i in range(size):
        for j in range(i + 1):
            mean = np.einsum("rn,rn->r", hidden[i], hidden[j]) / width
            result[:, i, j] = result[:, j, i] = sigma_b**2 + sigma_w**2 * mean
    return result


def _semidefinite_root(gram: Array) -> Array:
    """Return the Cholesky factors, [r, B, B]; a pivot lost in rounding counts as 0."""
    root = np.zeros_like(gram)
    for j in range(gram.shape[1]):
        left = gram[:, j:, j] - np.einsum("rik,rk->ri", root[:, j:, :j], root[:, j, :j])
        noise = 8 * np.finfo(float).eps * gram[:, j, j, None]
        pivot = np.sqrt(np.where(left[:, :1] < noise, 0.0, left[:, :1]))
        np.divide(left, pivot, out=root[:, j:, j], where=pivot > 0)
    return root


def _checked_gram(gram: ArrayLike) -> Array:
    """Return a symmetric semidefinite matrix, mended where rounding spoilt it."""
    given = read_numbers("gram", gram)
    square = given.ndim == 2 and given.shape[0] == given.shape[1] >= 1
    if not square or not np.isfinite(given).all():
        raise ValueError(f"gram must be a finite matrix [B, B], got {gram!r}")
    single = np.asarray(gram).dtype in (np.float32, np.float16)
    rounding = 1e-6 if single else 1e-12
    skew, scale = np.abs(given - given.T).max(), np.abs(given).max()
    if skew > rounding * scale:
        raise ValueError(
            f"gram must be symmetric, it differs from its transpose by up to {skew:.3g}"
        )
    given = given if skew == 0 else (given + given.T) / 2
    values, vectors = np.linalg.eigh(given)
    trace = np.trace(given)
    if values[0] < -rounding * trace or trace < 0 or (trace == 0 and scale > 0):
        raise ValueError(
            f"gram must be semidefinite, its least eigenvalue is {values[0]:.6g}, its "
            f"trace {trace:.6g}"
        )
    if values[0] >= -8 * np.finfo(float).eps * trace:
        return given  # what is left is lost in the pivots
    half = vectors * np.sqrt(values.clip(0))
    mended: Array = half @ half.T
    return mended
