"""Which modules, functions and methods of torch are read, and how."""

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from helpers.linear_regions import affine_maps as affine
from helpers.linear_regions import kinked_maps as kinked
from helpers.linear_regions import small_images
from helpers.linear_regions.affine_maps import Value
from helpers.networks import Abs

Reader = Callable[..., Any]

ALLOWED = (
    "Linear, Conv1d and Conv2d, their transposes, batch norm in eval mode, ReLU, "
    "LeakyReLU, PReLU, RReLU, ReLU6, Hardtanh, Hardsigmoid, Softshrink, a Threshold "
    "without a jump, clamp, abs, max, average and adaptive pooling, Upsample, padding, "
    "Identity, Dropout, Flatten, reshape, view, permute, transpose, sums, differences "
    "and concatenations of branches, products with constants"
)


def _same(x: Value, *_: Any, **__: Any) -> Value:
    return x


def _dropout(
    x: Value, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Value:
    if training and p > 0:
        raise affine.NotPiecewiseLinearError("dropout with training=False")
    return x


def _reshape(x: Value, *_: Any, out: tuple[int, ...], **__: Any) -> Any:
    return affine.reshaped(x, out)


_FUNCTIONS: dict[Reader, tuple[Any, ...]] = {
    affine.linear: (functional.linear,),
    affine.matmul: (torch.matmul, operator.matmul),
    affine.batch_norm: (functional.batch_norm,),
    affine.add: (torch.add, operator.add, operator.iadd),
    affine.subtract: (torch.sub, torch.subtract, operator.sub, operator.isub),
    affine.multiply: (torch.mul, torch.multiply, operator.mul, operator.imul),
    affine.divide: (torch.div, torch.divide, operator.truediv, operator.itruediv),
    affine.negative: (torch.neg, torch.negative, operator.neg),
    affine.cat: (torch.cat, torch.concat),
    affine.permute: (torch.permute,),
    affine.transpose: (torch.transpose, torch.swapaxes),
    affine.pad: (functional.pad,),
    affine.getitem: (operator.getitem,),
    affine.interpolate: (functional.interpolate,),
    affine.reduction(torch.mean): (torch.mean,),
    affine.reduction(torch.sum): (torch.sum,),
    kinked.relu: (torch.relu, torch.relu_, functional.relu, functional.relu_),
    kinked.leaky_relu: (functional.leaky_relu,),
    kinked.rrelu: (functional.rrelu,),
    kinked.prelu: (functional.prelu, torch.prelu),
    kinked.hardtanh: (functional.hardtanh,),
    kinked.relu6: (functional.relu6,),
    kinked.hardsigmoid: (functional.hardsigmoid,),
    kinked.softshrink: (functional.softshrink,),
    kinked.absolute: (torch.abs, operator.abs, abs),
    kinked.clamp: (torch.clamp, torch.clip),
    kinked.threshold: (functional.threshold,),
    kinked.global_maximum: (torch.amax,),
    _reshape: (torch.flatten, torch.reshape, torch.squeeze, torch.unsqueeze),
    _dropout: (functional.dropout, functional.dropout2d, functional.alpha_dropout),
}

_CONVOLUTIONS: dict[Any, Any] = {
    nn.Conv1d: functional.conv1d,
    nn.Conv2d: functional.conv2d,
    nn.ConvTranspose1d: functional.conv_transpose1d,
    nn.ConvTranspose2d: functional.conv_transpose2d,
}
_POOLS = {
    nn.AvgPool1d: (functional.avg_pool1d, affine.average(functional.avg_pool1d)),
    nn.AvgPool2d: (functional.avg_pool2d, affine.average(functional.avg_pool2d)),
    nn.MaxPool1d: (functional.max_pool1d, kinked.max_pool(1)),
    nn.MaxPool2d: (functional.max_pool2d, kinked.max_pool(2)),
    nn.AdaptiveMaxPool1d: (
        functional.adaptive_max_pool1d,
        kinked.adaptive_max_pool(1),
    ),
    nn.AdaptiveMaxPool2d: (
        functional.adaptive_max_pool2d,
        kinked.adaptive_max_pool(2),
    ),
    nn.AdaptiveAvgPool1d: (
        functional.adaptive_avg_pool1d,
        affine.average(functional.adaptive_avg_pool1d),
    ),
    nn.AdaptiveAvgPool2d: (
        functional.adaptive_avg_pool2d,
        affine.average(functional.adaptive_avg_pool2d),
    ),
}

FUNCTIONS: dict[Any, Reader] = {
    **{name: reader for reader, names in _FUNCTIONS.items() for name in names},
    **{f: affine.convolution(f) for f in _CONVOLUTIONS.values()},
    **dict(_POOLS.values()),
    functional.pixel_shuffle: affine.moved(functional.pixel_shuffle),
}
"""Function -> the reader of a call to it."""

METHODS: dict[str, Reader] = {
    **dict.fromkeys(("relu", "relu_"), kinked.relu),
    **dict.fromkeys(("abs", "abs_"), kinked.absolute),
    **dict.fromkeys(("clamp", "clamp_", "clip"), kinked.clamp),
    **dict.fromkeys(("add", "add_"), affine.add),
    **dict.fromkeys(("sub", "sub_"), affine.subtract),
    **dict.fromkeys(("mul", "mul_"), affine.multiply),
    **dict.fromkeys(("div", "div_"), affine.divide),
    **dict.fromkeys(("transpose", "swapaxes"), affine.transpose),
    **dict.fromkeys(("contiguous", "clone"), _same),
    **dict.fromkeys(
        ("flatten", "reshape", "view", "squeeze", "unsqueeze", "unflatten"), _reshape
    ),
    "neg": affine.negative,
    "permute": affine.permute,
    "mean": affine.reduction(torch.mean),
    "sum": affine.reduction(torch.sum),
    "amax": kinked.global_maximum,
}
"""Method -> the reader of a call to it."""

TUPLES = (torch.chunk, torch.split, "chunk", "split")
"""What returns a tuple of parts of its argument."""


def _convolve(m: Any, x: Value) -> Any:
    function, weights = _CONVOLUTIONS[type(m)], (m.weight, m.bias)
    options = {"stride": m.stride, "dilation": m.dilation, "groups": m.groups}
    if isinstance(m, nn.ConvTranspose1d | nn.ConvTranspose2d):
        options |= {"padding": m.padding, "output_padding": m.output_padding}
    elif m.padding_mode != "zeros":
        pads = m._reversed_padding_repeated_twice
        read = affine.padded_convolution(function, pads, m.padding_mode, **options)
        return read(x, *weights)
    else:
        options["padding"] = m.padding
    if type(m) is nn.Conv2d and small_images.has_few_places(
        x.shape, m.weight.shape, options
    ):
        function = small_images.conv2d
        weights = (m.weight.contiguous(memory_format=torch.channels_last), m.bias)
    return affine.convolution(function)(x, *weights, **options)


def _normalise(m: Any, x: Value) -> Any:
    statistics = (m.running_mean, m.running_var)
    return affine.batch_norm(x, *statistics, m.weight, m.bias, eps=m.eps)


def _upsample(m: Any, x: Value) -> Any:
    options = {"mode": m.mode, "align_corners": m.align_corners}
    return affine.interpolate(x, m.size, m.scale_factor, **options)


def _pool(*names: str) -> Reader:
    """Return the reader of a pooling module that keeps its options by these names."""

    def read(m: Any, x: Value) -> Any:
        options = {name: getattr(m, name) for name in names}
        return _POOLS[type(m)][1](x, **options)

    return read


_AVERAGE = ("kernel_size", "stride", "padding", "ceil_mode", "count_include_pad")
_WINDOW = ("kernel_size", "stride", "padding", "dilation", "ceil_mode")

MODULES: dict[type[nn.Module], Reader] = {
    nn.Linear: lambda m, x: affine.linear(x, m.weight, m.bias),
    **dict.fromkeys(_CONVOLUTIONS, _convolve),
    **dict.fromkeys((nn.BatchNorm1d, nn.BatchNorm2d), _normalise),
    nn.ReLU: lambda m, x: kinked.relu(x),
    nn.LeakyReLU: lambda m, x: kinked.leaky_relu(x, m.negative_slope),
    nn.PReLU: lambda m, x: kinked.prelu(x, m.weight),
    nn.RReLU: lambda m, x: kinked.rrelu(x, m.lower, m.upper),
    nn.ReLU6: lambda m, x: kinked.relu6(x),
    nn.Hardtanh: lambda m, x: kinked.hardtanh(x, m.min_val, m.max_val),
    nn.Hardsigmoid: lambda m, x: kinked.hardsigmoid(x),
    nn.Softshrink: lambda m, x: kinked.softshrink(x, m.lambd),
    nn.Threshold: lambda m, x: kinked.threshold(x, m.threshold, m.value),
    Abs: lambda m, x: kinked.absolute(x),
    nn.AvgPool1d: _pool(*_AVERAGE),
    nn.AvgPool2d: _pool(*_AVERAGE, "divisor_override"),
    **dict.fromkeys((nn.MaxPool1d, nn.MaxPool2d), _pool(*_WINDOW, "return_indices")),
    **dict.fromkeys((nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d), _pool("output_size")),
    **dict.fromkeys(
        (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d),
        _pool("output_size", "return_indices"),
    ),
    nn.Upsample: _upsample,
    nn.ZeroPad2d: lambda m, x: affine.pad(x, m.padding),
    nn.ReflectionPad2d: lambda m, x: affine.pad(x, m.padding, "reflect"),
    nn.ReplicationPad2d: lambda m, x: affine.pad(x, m.padding, "replicate"),
    nn.PixelShuffle: lambda m, x: FUNCTIONS[functional.pixel_shuffle](
        x, m.upscale_factor
    ),
    **dict.fromkeys(
        (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.AlphaDropout),
        lambda m, x: x,
    ),
    **dict.fromkeys(
        (nn.Flatten, nn.Unflatten), lambda m, x, out: affine.reshaped(x, out)
    ),
}
"""Module, exactly of this type -> its reader."""

RESHAPES = {_reshape, MODULES[nn.Flatten]}
"""The readers that need the shape of the output."""

AXES: dict[Any, int] = {
    nn.Linear: 1,
    functional.linear: 1,
    **dict.fromkeys((nn.Conv1d, nn.ConvTranspose1d, nn.MaxPool1d, nn.AvgPool1d), 2),
    **dict.fromkeys((nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d), 3),
    **dict.fromkeys((nn.MaxPool2d, nn.AvgPool2d, functional.max_pool2d), 3),
    functional.conv1d: 2,
    functional.conv2d: 3,
}
"""How many axes one input of a layer has."""

ELEMENTWISE = {nn.Identity, nn.Dropout, nn.BatchNorm1d, nn.ReLU, functional.relu}
"""What may stand before that layer."""
