"""Fully connected networks with the initialisation made explicit."""

import copy
import math
import operator
from collections.abc import Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

import torch
from torch import nn

from helpers.activations import TABLE, Abs, Erf, Sin

__all__ = ["ACTIVATIONS", "Abs", "Erf", "Sin", "activation", "mlp"]


ACTIVATIONS: Mapping[str, type[nn.Module]] = MappingProxyType(
    {name: entry.module for name, entry in TABLE.items()}
)
"""Activation name -> class with its default constants (leaky_relu: slope 0.01)."""


def activation(name_or_module: str | nn.Module) -> nn.Module:
    """Return a new activation module.

    Args:
        name_or_module: a key of `ACTIVATIONS`, or an instance for other constants,
            such as `torch.nn.LeakyReLU(0.2)`, which is copied.

    Raises:
        ValueError: the name is unknown.
        TypeError: neither a name nor a module instance, or one that cannot be copied.
    """
    if isinstance(name_or_module, nn.Module):
        try:
            return copy.deepcopy(name_or_module)
        except RuntimeError as error:  # a pruned or weight-normed module is no leaf
            raise TypeError(f"activation cannot be copied: {error}") from None
    if not isinstance(name_or_module, str):
        raise TypeError(
            "activation must be a name or a torch.nn.Module instance, "
            f"got {name_or_module!r}"
        )
    if name_or_module not in ACTIVATIONS:
        raise ValueError(
            f"unknown activation {name_or_module!r}; "
            f"allowed: {', '.join(sorted(ACTIVATIONS))}, or a torch.nn.Module instance"
        )
    return ACTIVATIONS[name_or_module]()


def mlp(
    widths: Sequence[int],
    activation: str | nn.Module = "relu",
    *,
    sigma_w: float = 2**0.5,
    sigma_b: float = 0.0,
    seed: int,
    dtype: torch.dtype = torch.float64,
) -> nn.Sequential:
    """Build a multilayer perceptron at its random initialisation.

    Layer l holds W of shape [n_l, n_{l-1}] with independent entries
    N(0, sigma_w^2 / n_{l-1}), and b of shape [n_l] with entries N(0, sigma_b^2).
    The draws are made in float64 and then rounded to `dtype`, so that the same seed
    gives the same network in every precision; torch's global generator is not used.

    Args:
        widths: [n_in, n_1, ..., n_L, n_out], at least two positive integers.
        activation: a key of `ACTIVATIONS` or a module instance, copied into each
            hidden layer.
        sigma_w: scale of the weights, >= 0; sqrt(2) is He's value for ReLU.
        sigma_b: scale of the biases, >= 0.
        seed: integer seed of a local generator.
        dtype: floating-point type of the parameters.

    Returns:
        Linear, activation, Linear, ..., Linear on the CPU; input [n, n_in], output
        [n, n_out].

    Raises:
        ValueError: `widths`, `sigma_w`, `sigma_b`, `dtype` or `activation` out of
            range.
        TypeError: a width or the seed is not an integer, or `activation` is not of its
            type.
    """
    sizes = _checked_widths(widths)
    _check_scale("sigma_w", sigma_w)
    _check_scale("sigma_b", sigma_b)
    if not dtype.is_floating_point:
        raise ValueError(f"dtype must be a floating-point type, got {dtype}")
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise TypeError(f"seed must be an integer, got {seed!r}")
    generator = torch.Generator().manual_seed(operator.index(seed))
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(sizes):
        layers.append(_linear(n_in, n_out, sigma_w, sigma_b, generator, dtype))
        layers.append(_activation(activation))
    return nn.Sequential(*layers[:-1])


_activation = activation  # `mlp` has an argument of the same name


def _linear(
    n_in: int,
    n_out: int,
    sigma_w: float,
    sigma_b: float,
    generator: torch.Generator,
    dtype: torch.dtype,
) -> nn.Linear:
    """Return one Gaussian layer; made on no device, it draws nothing by itself."""
    layer = nn.Linear(n_in, n_out, device="meta")
    weight = torch.randn(n_out, n_in, generator=generator, dtype=torch.float64)
    bias = torch.randn(n_out, generator=generator, dtype=torch.float64)
    layer.weight = nn.Parameter((weight * (sigma_w / math.sqrt(n_in))).to(dtype))
    layer.bias = nn.Parameter((bias * sigma_b).to(dtype))
    return layer


def _checked_widths(widths: Sequence[int]) -> list[int]:
    """Return the widths as plain integers, or raise."""
    sizes = list(widths)
    if len(sizes) < 2:
        raise ValueError(
            f"widths needs at least 2 entries [n_in, ..., n_out], got {sizes}"
        )
    for size in sizes:
        if isinstance(size, bool) or not hasattr(size, "__index__"):
            raise TypeError(f"widths must be integers >= 1, got {size!r} in {sizes}")
        if size < 1:
            raise ValueError(f"widths must be integers >= 1, got {size!r} in {sizes}")
    return [operator.index(size) for size in sizes]


def _check_scale(name: str, value: float) -> None:
    """Raise unless the value is finite and >= 0."""
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} must be finite and >= 0, got {value!r}")
