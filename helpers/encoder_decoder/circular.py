"""Circular convolutions and poolings, on tensors and as sparse matrices.

Signals are [m, q, *size] with one or two axes of space, filters [q_out, q_in, *taps].
The first tap of a filter stands (r - 1) // 2 places before the sample it belongs to.
"""

import math
from functools import reduce
from itertools import product

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor
from torch.nn import functional

Array = NDArray[np.float64]
Matrix = sparse.csr_array

POOLINGS = ("identity", "haar", "average", "max", "switch")
"""The names of the poolings; see `helpers.encoder_decoder.EncoderDecoder`."""

_LOW, _HIGH = np.array([[1, 1], [1, -1]]) / math.sqrt(2)


def analyze(x: Tensor, filters: Tensor) -> Tensor:
    """Return sum_k sum_a x_k[n + a - c] filters[j, k, a] for every channel j."""
    before, after = _margins(filters.shape[-1])
    return _correlate(x, filters, before, after)


def synthesize(z: Tensor, filters: Tensor) -> Tensor:
    """Return sum_j sum_a z_j[n - a + c] filters[j, k, a], the adjoint of `analyze`."""
    before, after = _margins(filters.shape[-1])
    space = tuple(range(2, filters.ndim))
    return _correlate(z, filters.transpose(0, 1).flip(space), after, before)


def _margins(taps: int) -> tuple[int, int]:
    """Return how many samples before and after n a filter at n looks at."""
    before = (taps - 1) // 2
    return before, taps - 1 - before


def _correlate(x: Tensor, filters: Tensor, before: int, after: int) -> Tensor:
    space = filters.ndim - 2
    padded = functional.pad(x, (before, after) * space, mode="circular")
    return (functional.conv1d, functional.conv2d)[space - 1](padded, filters)


def average(x: Tensor) -> Tensor:
    """Return the low band of one Haar step alone, [m, q, *half]."""
    for axis in range(2, x.ndim):
        x = x.unflatten(axis, (-1, 2)).sum(axis + 1)
    return 0.5 ** ((x.ndim - 2) / 2) * x


def unaverage(h: Tensor) -> Tensor:
    """Return the signals of such a low band, the adjoint of `average`."""
    return 0.5 ** ((h.ndim - 2) / 2) * spread(h)


def haar(x: Tensor) -> Tensor:
    """Return the bands of one Haar step, [m, q, 2^space, *half].

    Bands in one dimension: low, high. In two: low-low, low-high, high-low, high-high.
    """
    bands = [x]
    for axis in range(2, x.ndim):
        pairs = [band.unflatten(axis, (-1, 2)).unbind(axis + 1) for band in bands]
        bands = [part for a, b in pairs for part in (a + b, a - b)]
    return 0.5 ** ((x.ndim - 2) / 2) * torch.stack(bands, dim=2)


def unhaar(bands: Tensor) -> Tensor:
    """Return the signals that have these bands: the inverse of `haar`."""
    parts = bands.unbind(2)
    for axis in reversed(range(2, bands.ndim - 1)):
        pairs = zip(parts[::2], parts[1::2], strict=True)
        parts = [
            torch.stack([low + high, low - high], axis + 1).flatten(axis, axis + 1)
            for low, high in pairs
        ]
    return 0.5 ** ((bands.ndim - 3) / 2) * parts[0]


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
            x = x.repeat_interleave(2, axis)
    return x


def conv_matrix(filters: Tensor, size: tuple[int, ...]) -> Matrix:
    """Return C, [q_in N, q_out N], with C^T x = `analyze` and C z = `synthesize`.

    N is the number of samples; C holds q_in q_out r^space N numbers.
    """
    weight = filters.detach().cpu().double().numpy()
    before, _ = _margins(weight.shape[-1])
    place = np.arange(math.prod(size)).reshape(size)
    axes = tuple(range(len(size)))
    taps = list(np.ndindex(weight.shape[2:]))
    shifts = [[before - a for a in tap] for tap in taps]
    sources = np.stack([np.roll(place, shift, axes).ravel() for shift in shifts])
    j, k, tap, n = np.ogrid[
        : weight.shape[0], : weight.shape[1], : len(taps), : place.size
    ]
    shape = (weight.shape[1] * place.size, weight.shape[0] * place.size)
    values = np.broadcast_to(
        weight.reshape(*weight.shape[:2], -1, 1), np.broadcast(j, k, tap, n).shape
    )
    rows = np.broadcast_to(k * place.size + sources[tap, n], values.shape)
    columns = np.broadcast_to(j * place.size + n, values.shape)
    entries = values.ravel(), (rows.ravel(), columns.ravel())
    return sparse.coo_array(entries, shape=shape).tocsr()


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
    return reduce(sparse.kron, axes)
