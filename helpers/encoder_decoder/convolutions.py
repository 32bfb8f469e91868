"""Circular convolutions, on tensors and as sparse matrices.

Signals are [m, q, *size] with one or two axes of space, filters [q_out, q_in, *taps].
The first tap of a filter stands (r - 1) // 2 places before the sample it belongs to.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

Array = NDArray[np.float64]
Matrix = sparse.csr_array


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
    for axis in reversed(range(2, x.ndim)):
        n = x.shape[axis]
        around = x.narrow(axis, n - before, before), x, x.narrow(axis, 0, after)
        x = torch.cat(around, axis)
    return (torch.conv1d, torch.conv2d)[space - 1](x, filters)


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
