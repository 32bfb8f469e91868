"""Activations and maxima of torch, read as `affine_maps.py` reads affine layers."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from helpers.linear_regions.affine_maps import NotPiecewiseLinearError, Step, Value
from helpers.linear_regions.piecewise import Activation, Maximum


def activation(*parts: Sequence[float]) -> Activation:
    """Return the activation of these kinks, slopes and offsets."""
    return Activation(*(torch.tensor(part, dtype=torch.float64) for part in parts))


_RELU = activation([0], [0, 1], [0, 0])


def relu(x: Value, inplace: bool = False) -> Step:
    """Return max(z, 0)."""
    return _RELU, (x,)


def leaky_relu(x: Value, negative_slope: float = 0.01, inplace: bool = False) -> Step:
    """Return z, times a slope where negative."""
    return activation([0], [negative_slope, 1], [0, 0]), (x,)


def rrelu(
    x: Value,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Step:
    """Return leaky ReLU of the middle slope."""
    if training:
        raise NotPiecewiseLinearError("rrelu with training=False")
    return leaky_relu(x, (lower + upper) / 2)


def prelu(x: Value, weight: Tensor) -> Step:
    """Return z, times a slope of its channel where negative."""
    shape = (-1, *[1] * (len(x.shape) - 1)) if len(weight) > 1 else ()
    negative = weight.reshape(shape)
    slopes = torch.stack([negative, torch.ones_like(negative)])
    kinks = torch.zeros(1, dtype=torch.float64)
    return Activation(kinks, slopes, torch.zeros_like(slopes)), (x,)


def hardtanh(
    x: Value, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Step:
    """Return z, cut off at two values."""
    return activation([min_val, max_val], [0, 1, 0], [min_val, 0, max_val]), (x,)


def relu6(x: Value, inplace: bool = False) -> Step:
    """Return z, cut off at 0 and 6."""
    return hardtanh(x, 0, 6)


def hardsigmoid(x: Value, inplace: bool = False) -> Step:
    """Return z / 6 + 1 / 2, cut off at 0 and 1."""
    return activation([-3, 3], [0, 1 / 6, 0], [0, 1 / 2, 1]), (x,)


def softshrink(x: Value, lambd: float = 0.5) -> Step:
    """Return z, drawn towards 0 by a constant."""
    return activation([-lambd, lambd], [1, 0, 1], [lambd, 0, -lambd]), (x,)


def absolute(x: Value) -> Step:
    """Return |z|."""
    return activation([0], [-1, 1], [0, 0]), (x,)


def clamp(x: Value, min: Any = None, max: Any = None) -> Step:
    """Return z, cut off at one or two numbers."""
    if isinstance(min, Tensor | Value) or isinstance(max, Tensor | Value):
        raise NotPiecewiseLinearError("clamp between numbers")
    if max is None:
        return activation([min], [0, 1], [min, 0]), (x,)
    if min is None:
        return activation([max], [1, 0], [0, max]), (x,)
    return hardtanh(x, min, max)


def threshold(x: Value, threshold: float, value: float, inplace: bool = False) -> Step:
    """Return z above a threshold, and the same value below it."""
    if threshold != value:
        raise NotPiecewiseLinearError("a threshold equal to its value: no jump")
    return clamp(x, min=threshold)


def max_pool(n_axes: int) -> Any:
    """Return the reader of functional.max_pool1d or max_pool2d."""

    def read(
        x: Value,
        kernel_size: Any,
        stride: Any = None,
        padding: Any = 0,
        dilation: Any = 1,
        ceil_mode: bool = False,
        return_indices: bool = False,
    ) -> Step:
        _check_no_indices(return_indices)
        kernel = _each(kernel_size, n_axes)
        options: list[list[Any]] = [
            kernel,
            kernel if stride in (None, []) else _each(stride, n_axes),
        ]
        options += [_each(padding, n_axes), _each(dilation, n_axes)]
        sizes = x.shape[-n_axes:]
        axes = zip(sizes, *options, strict=True)
        return _maxima(x, [_windows(*axis, ceil_mode) for axis in axes])

    return read


def adaptive_max_pool(n_axes: int) -> Any:
    """Return the reader of functional.adaptive_max_pool1d or adaptive_max_pool2d."""

    def read(x: Value, output_size: Any, return_indices: bool = False) -> Step:
        _check_no_indices(return_indices)
        sizes = x.shape[-n_axes:]
        wanted = zip(_each(output_size, n_axes), sizes, strict=True)
        outputs = [size if out is None else out for out, size in wanted]
        pairs = zip(sizes, outputs, strict=True)
        return _maxima(x, [_bins(size, out) for size, out in pairs])

    return read


def global_maximum(x: Value, dim: Any = (), keepdim: bool = False) -> Step:
    """Return torch.amax over axes of a sample."""
    n_axes = len(x.shape) + 1
    axes = {i % n_axes - 1 for i in ([dim] if isinstance(dim, int) else dim)}
    if not axes or -1 in axes:
        raise NotPiecewiseLinearError("axes of one sample, not axis 0, the samples")
    kept = [i for i in range(len(x.shape)) if i not in axes]
    place = torch.arange(math.prod(x.shape)).reshape(x.shape)
    index = place.permute(*kept, *sorted(axes)).flatten(len(kept))
    shape = [size if i in kept else 1 for i, size in enumerate(x.shape)]
    shape = shape if keepdim else [x.shape[i] for i in kept]
    return Maximum(index.reshape(math.prod(shape), -1), tuple(shape)), (x,)


def _windows(size: int, *options: Any) -> Tensor:
    """Return the places of each window along one axis, [out, kernel], -1 for none."""
    kernel, stride, padding, dilation, _ceil_mode = options
    like = torch.zeros(1, 1, size)
    out = functional.max_pool1d(like, *options).shape[-1]
    first = torch.arange(out) * stride - padding
    place = first[:, None] + dilation * torch.arange(kernel)
    return torch.where((place >= 0) & (place < size), place, -1)


def _bins(size: int, out: int) -> Tensor:
    """Return the places of each bin along one axis, [out, most], -1 for none."""
    first = torch.arange(out) * size // out
    last = -(-torch.arange(1, out + 1) * size // out)
    place = first[:, None] + torch.arange(int((last - first).max()))
    return torch.where(place < last[:, None], place, -1)


def _maxima(x: Value, axes: Sequence[Tensor]) -> Step:
    """Return the maxima over the products of windows along the last axes."""
    place = torch.zeros(1, 1, dtype=torch.int64)
    for size, axis in zip(x.shape[-len(axes) :], axes, strict=True):
        outside = (place < 0)[:, None, :, None] | (axis < 0)[None, :, None, :]
        joined = place[:, None, :, None] * size + axis[None, :, None, :]
        place = torch.where(outside, -1, joined).flatten(2).flatten(0, 1)
    some = place.amax(dim=1, keepdim=True)
    place = torch.where(place < 0, some, place)
    outer, inner = x.shape[: -len(axes)], x.shape[-len(axes) :]
    first = torch.arange(math.prod(outer)) * math.prod(inner)
    index = (first[:, None, None] + place).flatten(0, 1)
    return Maximum(index, (*outer, *(len(axis) for axis in axes))), (x,)


def _each(option: Any, n_axes: int) -> list[Any]:
    """Return one option for each axis."""
    if not isinstance(option, tuple | list):
        return [option] * n_axes
    return list(option) if len(option) == n_axes else list(option) * n_axes


def _check_no_indices(return_indices: bool) -> None:
    if return_indices:
        raise NotPiecewiseLinearError("max pooling with return_indices=False")
