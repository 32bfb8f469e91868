"""Affine layers and functions of torch, each as a map that is applied to many rows.

Every function here takes the arguments of the torch function of its name, in which a
`Value` stands for a tensor of the network and a tensor for a constant, and returns the
map with the values it reads, or a value itself where nothing is to be done.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import EllipsisType
from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from helpers.linear_regions.piecewise import (
    Activation,
    Affine,
    Maximum,
    Rearrangement,
)


@dataclass(frozen=True)
class Value:
    """A tensor that the network computes: its number and the shape of one sample."""

    place: int
    shape: tuple[int, ...]


Map: TypeAlias = Affine | Rearrangement | Activation | Maximum
Step: TypeAlias = tuple[Map, tuple[Value, ...]]
Constant: TypeAlias = float | Tensor

_ONE = torch.ones((), dtype=torch.float64)


class NotPiecewiseLinearError(Exception):
    """What was asked of a function is not piecewise linear, or cannot be read."""


def linear(x: Value, weight: Tensor, bias: Tensor | None = None) -> Step:
    """Return Wh + b over the last axis."""
    return Affine(lambda h, w, b: functional.linear(h[0], w, b), weight, bias), (x,)


def matmul(x: Value, other: Tensor) -> Step:
    """Return hW for a constant W."""
    if not isinstance(x, Value) or not isinstance(other, Tensor):
        raise NotPiecewiseLinearError("a product of a branch with a constant matrix")
    return Affine(lambda h, w, b: h[0] @ w, other), (x,)


def convolution(function: Callable[..., Tensor]) -> Callable[..., Step]:
    """Return the reader of functional.conv1d, conv2d or their transposes."""

    def read(
        x: Value, weight: Tensor, bias: Tensor | None = None, *a: Any, **k: Any
    ) -> Step:
        def run(h: Sequence[Tensor], w: Tensor, b: Tensor | None) -> Tensor:
            return function(h[0], w, b, *a, **k)

        return Affine(run, weight, bias), (x,)

    return read


def padded_convolution(
    function: Callable[..., Tensor], pads: list[int], mode: str, **options: Any
) -> Callable[[Value, Tensor, Tensor | None], Step]:
    """Return the reader of a convolution whose input is reflected, repeated, .. ."""

    def run(h: Sequence[Tensor], w: Tensor, b: Tensor | None) -> Tensor:
        return function(functional.pad(h[0], pads, mode=mode), w, b, **options)

    return lambda x, weight, bias: (Affine(run, weight, bias), (x,))


def batch_norm(
    x: Value,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Step:
    """Return (h - mean) / sqrt(var + eps) weight + bias for frozen statistics."""
    if training or running_mean is None or running_var is None:
        raise NotPiecewiseLinearError("a batch norm with frozen statistics")
    scale = (running_var + eps).rsqrt()
    scale = scale if weight is None else scale * weight
    shift = -running_mean * scale
    shift = shift if bias is None else shift + bias
    shape = (-1, *[1] * (len(x.shape) - 1))
    return _scaled(x, scale.view(shape), shift.view(shape))


def average(function: Callable[..., Tensor]) -> Callable[..., Step]:
    """Return the reader of a mean over entries, or of another map with weights >= 0."""

    def read(x: Value, *arguments: Any, **options: Any) -> Step:
        def run(h: Sequence[Tensor], w: Tensor, b: Tensor | None) -> Tensor:
            return function(h[0], *arguments, **options)

        return Affine(run, _ONE), (x,)

    return read


def reduction(function: Callable[..., Tensor]) -> Callable[..., Step]:
    """Return the reader of torch.mean or torch.sum over axes of a sample."""

    def read(
        x: Value, dim: int | Sequence[int] | None = None, keepdim: bool = False
    ) -> Step:
        axes = _own_axes(x, dim)
        return average(function)(x, dim=axes, keepdim=keepdim)

    return read


def interpolate(
    x: Value, *arguments: Any, mode: str = "nearest", **options: Any
) -> Step:
    """Return functional.interpolate, for the modes whose weights are not negative."""
    allowed = ("nearest", "nearest-exact", "linear", "bilinear", "area")
    if mode not in allowed:
        raise NotPiecewiseLinearError(f"mode in {allowed}")
    return average(functional.interpolate)(x, *arguments, mode=mode, **options)


def reshaped(x: Value, shape: tuple[int, ...]) -> Step:
    """Return flatten, view, reshape, squeeze, ..: the same entries in another shape."""
    return Rearrangement(lambda h: h[0].reshape(len(h[0]), *shape)), (x,)


def permute(x: Value, *dims: Any) -> Step:
    """Return the axes of a sample in another order."""
    order = dims[0] if len(dims) == 1 else dims
    if order[0] != 0:
        raise NotPiecewiseLinearError("a permutation that leaves axis 0, the samples")
    return Rearrangement(lambda h: h[0].permute(*order)), (x,)


def transpose(x: Value, dim0: int, dim1: int) -> Step:
    """Return a sample with two of its axes exchanged."""
    first, second = _own_axes(x, (dim0, dim1))
    return Rearrangement(lambda h: h[0].transpose(first, second)), (x,)


def moved(function: Callable[..., Tensor]) -> Callable[..., Step]:
    """Return the reader of a function that moves entries within a sample."""

    def read(x: Value, *arguments: Any, **options: Any) -> Step:
        return Rearrangement(lambda h: function(h[0], *arguments, **options)), (x,)

    return read


def pad(
    x: Value, pad: Sequence[int], mode: str = "constant", value: Any = None
) -> Step:
    """Return functional.pad; constants must be zero."""
    if value or len(pad) > 2 * len(x.shape):
        raise NotPiecewiseLinearError("padding with zeros or with entries")
    return moved(functional.pad)(x, pad, mode=mode)


def getitem(x: Any, index: Any) -> Any:
    """Return part of each sample, x[:, ..], or an element of a tuple."""
    if not isinstance(x, Value):
        return x[index]
    first = index[0] if isinstance(index, tuple) else index
    parts = index if isinstance(index, tuple) else (index,)
    plain = all(isinstance(i, int | slice | None | EllipsisType) for i in parts)
    if first != slice(None) or not plain:
        raise NotPiecewiseLinearError("x[:, ..] with integers and slices")
    return Rearrangement(lambda h: h[0][index]), (x,)


def cat(tensors: Sequence[Value], dim: int = 0) -> Step:
    """Return values side by side along an axis of a sample."""
    if not all(isinstance(x, Value) for x in tensors):
        raise NotPiecewiseLinearError("a concatenation of branches only")
    (axis,) = _own_axes(tensors[0], dim)
    return Rearrangement(lambda h: torch.cat(list(h), dim=axis)), tuple(tensors)


def add(x: Value | Constant, y: Value | Constant, *, alpha: float = 1) -> Step:
    """Return x + alpha y."""
    if not isinstance(x, Value):
        return _scaled(y, _tensor(alpha), _tensor(x))
    if isinstance(y, Value):
        return _sum(x, y, alpha)
    return _scaled(x, _ONE, alpha * _tensor(y))


def subtract(x: Value | Constant, y: Value | Constant, *, alpha: float = 1) -> Step:
    """Return x - alpha y."""
    return add(x, y, alpha=-alpha)


def multiply(x: Value | Constant, y: Value | Constant) -> Step:
    """Return x y, one of them a constant."""
    if isinstance(x, Value) and isinstance(y, Value):
        raise NotPiecewiseLinearError("a product with a constant, not of two branches")
    if isinstance(x, Value):
        return _scaled(x, _tensor(y))
    return _scaled(y, _tensor(x))


def divide(x: Value | Constant, y: Value | Constant) -> Step:
    """Return x / y for a constant y."""
    if not isinstance(x, Value) or isinstance(y, Value):
        raise NotPiecewiseLinearError("a quotient by a constant")
    return _scaled(x, 1 / _tensor(y))


def negative(x: Value) -> Step:
    """Return -x."""
    return _scaled(x, -_ONE)


def _scaled(x: Any, weight: Tensor, bias: Tensor | None = None) -> Step:
    """Return x weight + bias, entry by entry."""
    if bias is not None and (
        torch.broadcast_shapes(bias.shape, (1, *x.shape)) != (1, *x.shape)
    ):
        raise NotPiecewiseLinearError("a constant that has the shape of one sample")

    def run(h: Sequence[Tensor], w: Tensor, b: Tensor | None) -> Tensor:
        return h[0] * w if b is None else torch.addcmul(b, h[0], w)

    return Affine(run, weight, bias), (x,)


def _sum(x: Value, y: Value, alpha: float) -> Step:
    def run(h: Sequence[Tensor], w: Tensor, b: Tensor | None) -> Tensor:
        return h[0] + w * h[1]

    return Affine(run, _tensor(alpha)), (x, y)


def _tensor(constant: Any) -> Tensor:
    return torch.as_tensor(constant, dtype=torch.float64)


def _own_axes(x: Value, dim: int | Sequence[int] | None) -> tuple[int, ...]:
    """Return axes as numbers from 1 on; axis 0 holds the samples."""
    n_axes = len(x.shape) + 1
    given = range(n_axes) if dim is None else dim
    axes = tuple(i % n_axes for i in ([given] if isinstance(given, int) else given))
    if 0 in axes:
        raise NotPiecewiseLinearError("axes of one sample, not axis 0, the samples")
    return axes
