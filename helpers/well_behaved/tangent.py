"""Signal and noise through one random network, one draw beside another."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import conv1d, conv2d, pad


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


def signal_power(x: Tensor) -> tuple[Tensor, Tensor]:
    """Return nu_2 and mu_2 of each draw: mean over channels of the data moments."""
    flat = x.flatten(1, -2)
    mean = flat.mean(1, keepdim=True)
    return flat.square().mean((1, 2)), (flat - mean).square().mean((1, 2))


def noise_power(dx: Tensor) -> Tensor:
    """Return the second moment of the noise of each draw, [r]."""
    return dx.square().flatten(1).mean(1)


def effective_rank(x: Tensor, *, centre: bool) -> Tensor:
    """Return Tr C / ||C||_2 over samples and positions of each draw, [r]."""
    a = x.flatten(1, -2)
    if centre:
        a = a - a.mean(1, keepdim=True)
    gram = a @ a.mT if a.shape[1] <= a.shape[2] else a.mT @ a
    spectrum = torch.linalg.eigvalsh(gram)
    return spectrum.sum(-1) / spectrum[..., -1]


def affine(
    pair: Pair, width: int, gain: float, layer: Layer, generators: Sequence
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
    like: Tensor, shape: tuple[int, ...], scale: float, generators: Sequence
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
    return y.unflatten(0, h.shape[:2])


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


def activation_moments(z: Tensor) -> dict[str, Tensor]:
    """Return the moment ratios of pre-activations, the mean over channels, [r].

    mean_abs nu_1(|z|) and kurtosis mu_4(z), of centred channels of unit variance;
    sign_product nu_1(z+) nu_1(z-) over mu_2(z); mixed_signs, the share of channels in
    which both signs occur.
    """
    flat = z.flatten(1, -2)
    centred = flat - flat.mean(1, keepdim=True)
    square = centred.square()
    variance = square.mean(1)
    tiny = torch.finfo(z.dtype).tiny
    safe = variance.clamp_min(tiny)
    positive = flat.clamp_min(0).mean(1)
    negative = positive - flat.mean(1)
    mixed = (positive > 0) & (flat.amin(1) < 0)
    return {
        "mean_abs": (centred.abs().mean(1) / safe.sqrt()).mean(1),
        "kurtosis": ((square / safe[:, None]).square().mean(1)).mean(1),
        "sign_product": (positive * negative).mean(1) / variance.mean(1),
        "mixed_signs": mixed.to(z.dtype).mean(1),
    }
