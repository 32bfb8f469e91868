"""Poolings of signals and images, on tensors and as sparse matrices.

Signals are [m, q, *size] with one or two axes of space; every pooling but "identity"
halves each axis.
"""

import math
from functools import reduce
from itertools import product

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from helpers.encoder_decoder.convolutions import Array, Matrix

POOLINGS = ("identity", "haar", "average", "max", "switch")
"""The names of the poolings; see `helpers.encoder_decoder.EncoderDecoder`."""

_LOW, _HIGH = np.array([[1, 1], [1, -1]]) / math.sqrt(2)


def average(x: Tensor) -> Tensor:
    """Return the low band of one Haar step alone, [m, q, *half]."""
    for axis in range(2, x.ndim):
        first, second = x.unflatten(axis, (-1, 2)).unbind(axis + 1)
        x = first + second
    return _unit(x.ndim - 2) * x


def unaverage(h: Tensor) -> Tensor:
    """Return the signals of such a low band, the adjoint of `average`."""
    return _unit(h.ndim - 2) * spread(h)


def haar(x: Tensor) -> Tensor:
    """Return the bands of one Haar step, [m, q, 2^space, *half].

    Bands in one dimension: low, high. In two: low-low, low-high, high-low, high-high.
    """
    bands = [x]
    for axis in range(2, x.ndim):
        pairs = [band.unflatten(axis, (-1, 2)).unbind(axis + 1) for band in bands]
        bands = [part for a, b in pairs for part in (a + b, a - b)]
    return _unit(x.ndim - 2) * torch.stack(bands, dim=2)


def unhaar(bands: Tensor) -> Tensor:
    """Return the signals that have these bands: the inverse of `haar`."""
    parts = list(bands.unbind(2))
    for axis in reversed(range(2, bands.ndim - 1)):
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [
            torch.stack([low + high, low - high], axis + 1).flatten(axis, axis + 1)
            for low, high in pairs
        ]
    return _unit(bands.ndim - 3) * parts[0]


def _unit(axes: int) -> float:
    """Return 2^(-axes / 2), with which the sums over blocks are orthonormal."""
    return float(0.5 ** (axes / 2))


def choose(x: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
    """Return the maxima over blocks of 2 an axis, where they stand, and by how much.

    One axis after the other, the last first.

    Returns:
        The maxima [m, q, *half]; a mask shaped as `x`, true once a block; and for each
        step the first minus the second of each pair.
    """
    mask, margins = torch.ones_like(x, dtype=torch.bool), []
    for axis in range(x.ndim - 1, 1, -1):
        first, second = x.unflatten(axis, (-1, 2)).unbind(axis + 1)
        margins.append(first - second)
        chosen = torch.stack([first > second, first <= second], axis + 1)
        mask = mask & _spread(chosen.flatten(axis, axis + 1), mask.shape)
        x = torch.maximum(first, second)
    return x, mask, margins


def spread(x: Tensor) -> Tensor:
    """Repeat every sample twice along each axis of space."""
    return _spread(x, (*x.shape[:2], *(2 * n for n in x.shape[2:])))


def _spread(x: Tensor, shape: tuple[int, ...]) -> Tensor:
    for axis in range(2, x.ndim):
        if x.shape[axis] < shape[axis]:
            x = torch.stack([x, x], axis + 1).flatten(axis, axis + 1)
    return x


def band_matrices(
    pooling: str, q: int, size: tuple[int, ...]
) -> tuple[Matrix, Matrix | None]:
    """Return the matrices Phi, [q N, q N'], of what goes down and of what goes across.

    For "max" and "switch" Phi sums over blocks: the maxima are Phi^T of the entries
    that `choose` marks. Only "haar" hands something across, its other bands.
    """
    channels = sparse.eye_array(q, format="csr")
    if pooling == "identity":
        return sparse.eye_array(q * math.prod(size), format="csr"), None
    gain = 2 ** (len(size) / 2) if pooling in ("max", "switch") else 1.0
    every = product((_LOW, _HIGH), repeat=len(size))
    bands = [_band(factors, size) for factors in every]
    low = sparse.kron(channels, gain * bands[0], format="csr")
    if pooling != "haar":
        return low, None
    high = sparse.hstack(bands[1:])
    return low, sparse.kron(channels, high, format="csr")


def _band(factors: tuple[Array, ...], size: tuple[int, ...]) -> Matrix:
    """Return one band of one channel, [N, N / 2^space]."""
    axes = (
        sparse.kron(sparse.eye_array(n // 2), factor[:, None])
        for factor, n in zip(factors, size, strict=True)
    )
    return sparse.csr_array(reduce(sparse.kron, axes))
