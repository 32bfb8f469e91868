"""Signal and noise through one random network, one draw beside another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Generator, Tensor
from torch.nn.functional import conv1d, conv2d, pad

Generators = Sequence[Generator]

_HE = 2.0  # the gain that keeps nu_2 through a ReLU


@dataclass(frozen=True)
class Layer:
    """How one layer acts; see `helpers.well_behaved.propagate` for its options."""

    normalize: bool
    kernel: int
    spatial: int
    full_tangent: bool
    finite: bool
    eps: float


@dataclass(frozen=True)
class Pair:
    """Signal and noise of r draws, each [r, B, *spatial, channels]."""

    x: Tensor
    dx: Tensor

    def scaled(self, x_scale: Tensor, dx_scale: Tensor) -> "Pair":
        """Multiply each draw's signal and noise by numbers [r]."""
        shape = (-1,) + (1,) * (self.x.ndim - 1)
        return Pair(self.x * x_scale.view(shape), self.dx * dx_scale.view(shape))


def affine(
    pair: Pair, width: int, gain: float, layer: Layer, generators: Generators
) -> Pair:
    """Multiply by, or convolve with, fresh Gaussian weights N(0, gain / fan-in).

    The columns of h W are independent and Gaussian with covariance (gain / fan-in)
    h h^T. So where a fully connected layer sees far fewer rows than it has inputs, W is
    not drawn: with h^T = Q R, R^T times as many rows of normals has the same law.
    """
    both = torch.stack([pair.x, pair.dx], 1)
    channels = both.shape[-1]
    scale = math.sqrt(gain / (channels * layer.kernel**layer.spatial))
    if layer.spatial:
        shape = (width, channels) + (layer.kernel,) * layer.spatial
        draws = zip(both, _normals(both, shape, scale, generators), strict=True)
        y = torch.stack([_convolved(h, w, layer) for h, w in draws])
        return Pair(y[:, 0], y[:, 1])
    rows = both.flatten(1, -2)
    if 2 * rows.shape[1] < channels:
        rows = torch.linalg.qr(rows.mT, mode="r").R.mT
    y = rows @ _normals(both, (rows.shape[2], width), scale, generators)
    y = y.view(*both.shape[:-1], width)
    return Pair(y[:, 0], y[:, 1])


def _normals(
    like: Tensor, shape: tuple[int, ...], scale: float, generators: Generators
) -> Tensor:
    """Draw N(0, scale^2), [r, *shape], each draw from its own generator."""
    normals = like.new_empty(len(generators), *shape)
    for part, generator in zip(normals, generators, strict=True):
        part.normal_(0, scale, generator=generator)
    return normals


def _convolved(h: Tensor, weight: Tensor, layer: Layer) -> Tensor:
    """Convolve [2, B, *spatial, channels] with periodic boundary."""
    rows = h.flatten(0, 1).movedim(-1, 1)
    half = layer.kernel // 2
    padded = pad(rows, (half, half) * layer.spatial, mode="circular")
    convolve = conv1d if layer.spatial == 1 else conv2d
    y = convolve(padded, weight).movedim(1, -1)
    pairs: Tensor = y.unflatten(0, h.shape[:2])
    return pairs


def normalize(pair: Pair, layer: Layer) -> Pair:
    """Batch norm of the signal; the noise with its statistics or through them."""
    z, inverse = _batch_norm(pair.x, layer.eps)
    if layer.finite and layer.full_tangent:
        return Pair(z, _batch_norm(pair.x + pair.dx, layer.eps)[0] - z)
    dz = pair.dx * inverse
    if layer.full_tangent:
        dims = _data_dims(z)
        dz = dz - dz.mean(dims, keepdim=True)
        dz = dz - z * (z * dz).mean(dims, keepdim=True)
    return Pair(z, dz)


def _batch_norm(y: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Return the normalized channels and what they were multiplied by."""
    dims = _data_dims(y)
    centred = y - y.mean(dims, keepdim=True)
    inverse = (centred.square().mean(dims, keepdim=True) + eps).rsqrt()
    return centred * inverse, inverse


def _data_dims(y: Tensor) -> tuple[int, ...]:
    """Return the dimensions of samples and positions."""
    return tuple(range(1, y.ndim - 1))


def relu(pair: Pair, layer: Layer) -> Pair:
    """ReLU of the signal; the noise linearised, or as a finite difference."""
    x = pair.x.clamp_min(0)
    if layer.finite:
        return Pair(x, (pair.x + pair.dx).clamp_min(0) - x)
    return Pair(x, pair.dx * (pair.x > 0))


@dataclass(frozen=True)
class Unit:
    """One layer, or one residual unit with a branch of `branch_depth` layers."""

    layer: Layer
    width: int
    skip: float
    branch_depth: int  # 0 for a feed-forward layer

    def __call__(self, pair: Pair, generators: Generators) -> tuple[Pair, Pair, Pair]:
        """Return the state after the unit, and before and after its first ReLU."""
        if not self.branch_depth:
            z, after = self._activated(self._affine(pair, generators))
            return after, z, after
        z, after = self._activated(pair)
        branch = self._affine(after, generators)
        for _ in range(self.branch_depth - 1):
            _, inner = self._activated(branch)
            branch = self._affine(inner, generators)
        state = Pair(self.skip * pair.x + branch.x, self.skip * pair.dx + branch.dx)
        return state, z, after

    def _affine(self, pair: Pair, generators: Generators) -> Pair:
        return affine(pair, self.width, _HE, self.layer, generators)

    def _activated(self, pair: Pair) -> tuple[Pair, Pair]:
        """Return what enters the ReLU, after batch norm if there is one, and leaves."""
        z = normalize(pair, self.layer) if self.layer.normalize else pair
        return z, relu(z, self.layer)
