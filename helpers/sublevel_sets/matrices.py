"""Networks as tuples of matrices: reading, running, inverting the activation.

A layer is one matrix A of shape [n_in + 1, n_out]: the transposed weights and, as last
row, the bias. With a column of ones behind the samples, z = [h, 1] A. Every function
takes matrices with or without a leading axis of points.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from helpers import models

Array = NDArray[np.float64]
Indices = NDArray[np.signedinteger[Any]]
Theta = tuple[Array, ...]

_KINDS = (
    "torch.nn.Sequential of Linear and ReLU or LeakyReLU in turn, with a hidden layer "
    "or more and Linear last"
)


@dataclass(frozen=True)
class Shape:
    """Widths n_0, ..., n_{L+1} and the L slopes of the hidden layers; 0 is ReLU."""

    widths: tuple[int, ...]
    slopes: tuple[float, ...]

    @property
    def n_layers(self) -> int:
        """L + 1, the output counted."""
        return len(self.widths) - 1


def read_network(name: str, net: nn.Sequential) -> tuple[Shape, Theta]:
    """Return shape and matrices of a network, or raise.

    Raises:
        TypeError: other modules than these types exactly, or layers with hooks, a
            parametrisation or a forward of their own.
        ValueError: no bias, numbers that are not finite, a slope outside [0, 1], or a
            network that does not compute what its layers say.
    """
    modules = list(net) if isinstance(net, nn.Sequential) else []
    linears = [m for m in modules[::2] if type(m) is nn.Linear]
    activations = [m for m in modules[1::2] if type(m) in (nn.ReLU, nn.LeakyReLU)]
    if not (
        len(linears) == len(activations) + 1 > 1
        and len(linears) + len(activations) == len(modules)
    ):
        raise TypeError(f"{name} must be a {_KINDS}, got {net!r}")
    models.check_plain(net, name)
    for index, module in enumerate(modules):
        models.check_plain(module, f"{name}[{index}]")
    if any(layer.bias is None for layer in linears):
        raise ValueError(f"{name}: every Linear needs a bias, got one without")
    theta = tuple(_matrix(layer) for layer in linears)
    if not all(np.isfinite(layer).all() for layer in theta):
        raise ValueError(f"{name} must have finite parameters, got NaN or infinity")
    slopes = tuple(float(getattr(phi, "negative_slope", 0)) for phi in activations)
    if not all(0 <= slope <= 1 for slope in slopes):
        raise ValueError(f"{name}: slopes must lie in [0, 1], got {slopes}")
    widths = (linears[0].in_features, *(layer.out_features for layer in linears))
    shape = Shape(widths, slopes)
    _check_agreement(name, net, shape, theta)
    return shape, theta


def _check_agreement(name: str, net: nn.Sequential, shape: Shape, theta: Theta) -> None:
    """Raise unless the matrices give what the network does, at some fixed points."""
    n_in = shape.widths[0]
    x = np.sin(np.arange(1.0, 3 * n_in + 1).reshape(3, n_in))
    read = torch.from_numpy(outputs(theta, with_ones(x), shape)[0])
    weight = next(net.parameters())
    with torch.no_grad(), models.unchanged(net):
        computed = net(torch.from_numpy(x).to(weight)).cpu()
    models.check_agreement(read, computed, name)


def read_pair(a: nn.Sequential, b: nn.Sequential) -> tuple[Shape, Theta, Theta]:
    """Return the shape of two networks of one kind, and the matrices of both."""
    shape, start = read_network("a", a)
    other, end = read_network("b", b)
    if shape != other:
        raise ValueError(
            "a and b must have the same widths and slopes, "
            f"got {shape.widths}, {shape.slopes} and {other.widths}, {other.slopes}"
        )
    return shape, start, end


def build_network(shape: Shape, theta: Theta) -> nn.Sequential:
    """Return the network of these matrices, in float64."""
    modules: list[nn.Module] = []
    for layer, slope in zip(theta, (*shape.slopes, None), strict=True):
        linear = nn.Linear(*_sizes(layer), device="meta")
        weight, bias = layer[:-1].T.copy(), layer[-1].copy()
        linear.weight = nn.Parameter(torch.from_numpy(weight).double())
        linear.bias = nn.Parameter(torch.from_numpy(bias).double())
        modules += [linear, nn.LeakyReLU(slope) if slope else nn.ReLU()]
    return nn.Sequential(*modules[:-1])


def flat(theta: Sequence[Array]) -> Array:
    """Return all parameters in torch's order, one row a point: [T, p]."""
    points = max(len(layer) if layer.ndim == 3 else 1 for layer in theta)
    parts = []
    for layer in theta:
        moved = np.broadcast_to(layer, (points, *layer.shape[-2:]))
        weights = moved[:, :-1].transpose(0, 2, 1).reshape(points, -1)
        parts += [weights, moved[:, -1]]
    return np.concatenate(parts, axis=1)


def unflat(parameters: Array, shape: Shape) -> Theta:
    """Return the matrices of networks given by `flat`, [T, p], one row a network."""
    layers, first = [], 0
    for n_in, n_out in zip(shape.widths, shape.widths[1:], strict=False):
        size = n_in * n_out
        weights = parameters[:, first : first + size].reshape(-1, n_out, n_in)
        bias = parameters[:, first + size : first + size + n_out]
        layers.append(
            np.concatenate([weights.transpose(0, 2, 1), bias[:, None]], axis=1)
        )
        first += size + n_out
    return tuple(layers)


def with_ones(h: Array) -> Array:
    """Return [h, 1]: a column of ones behind the features."""
    return np.concatenate([h, np.ones((*h.shape[:-1], 1))], axis=-1)


def activate(z: Array, slope: float) -> Array:
    """Return z where positive, slope z elsewhere."""
    return np.maximum(z, slope * z)


def invert(h: Array, slope: float) -> Array:
    """Return z of h = activate(z); slope > 0."""
    return np.minimum(h, h / slope)


def pre_activations(theta: Theta, data: Array, slopes: Sequence[float]) -> list[Array]:
    """Return z of every layer, the output last; `data` is [h, 1], [N, n + 1]."""
    found = [data @ theta[0]]
    for layer, slope in zip(theta[1:], slopes, strict=True):
        h = activate(found[-1], slope)
        found.append(h @ layer[..., :-1, :] + layer[..., -1:, :])
    return found


def outputs(theta: Theta, data: Array, shape: Shape) -> Array:
    """Return the outputs with a leading axis of points, [T or 1, N, m]."""
    found = pre_activations(theta, data, shape.slopes)[-1]
    return found if found.ndim == 3 else found[None]


def _matrix(layer: nn.Linear) -> Array:
    weight, bias = layer.weight.detach(), layer.bias.detach()
    return torch.vstack([weight.T, bias]).cpu().double().numpy()


def _sizes(layer: Array) -> tuple[int, int]:
    return layer.shape[0] - 1, layer.shape[1]
