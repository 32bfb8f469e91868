"""A network read as affine maps and piecewise-linear activations in turn."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from helpers.networks import Abs

ROUNDING = 1e-13
"""A pre-activation is on a kink when it is nearer than this times |W||h| + |b|."""

SAME_SLOPE = 1e-9
"""Gradients this near are equal; unit: the largest gradient."""


@dataclass(frozen=True)
class Affine:
    """The map h -> Wh + b; weight [n_out, n_in], bias [n_out]."""

    weight: Tensor
    bias: Tensor

    def __call__(self, h: Tensor) -> Tensor:
        """Return Wh + b for the rows of h, [m, n_in]."""
        return torch.addmm(self.bias, h, self.weight.T)

    def after(self, inner: "Affine") -> "Affine":
        """Return the composition, `inner` first."""
        return Affine(self.weight @ inner.weight, self.weight @ inner.bias + self.bias)

    def rounding(self, largest: Tensor, error: Tensor) -> Tensor:
        """Return the error of Wh + b for |h| <= largest, h known to the error.

        The errors of the entries of h are taken as independent: shapes [..., n_in] to
        [..., n_out].
        """
        own = ROUNDING * (largest @ self.weight.abs().T + self.bias.abs())
        return own + (error.square() @ self.weight.square().T).sqrt()

    def to(self, device: str | torch.device) -> "Affine":
        """Return the same map on another device."""
        return Affine(self.weight.to(device), self.bias.to(device))


@dataclass(frozen=True)
class Activation:
    """The function slopes[i] z + offsets[i], where i is the number of kinks below z."""

    kinks: Tensor
    slopes: Tensor
    offsets: Tensor

    def __call__(self, z: Tensor) -> Tensor:
        """Apply the function elementwise."""
        value = self.slopes[0] * z + self.offsets[0]
        pieces = zip(self.kinks, self.slopes[1:], self.offsets[1:], strict=True)
        for kink, slope, offset in pieces:
            value = torch.where(z > kink, slope * z + offset, value)
        return value

    def slope(self, z: Tensor) -> Tensor:
        """Return the derivative at each entry, at a kink that from the left."""
        found = self.slopes[0]
        for kink, slope in zip(self.kinks, self.slopes[1:], strict=True):
            found = torch.where(z > kink, slope, found)
        return found

    def snap(self, z: Tensor, tolerance: Tensor) -> Tensor:
        """Return z with what lies within the tolerance of a kink moved onto it."""
        for kink in self.kinks:
            z = torch.where((z - kink).abs() <= tolerance, kink, z)
        return z

    def to(self, device: str | torch.device) -> "Activation":
        """Return the same function on another device."""
        return Activation(*(part.to(device) for part in vars(self).values()))


@dataclass(frozen=True)
class Network:
    """Hidden layers, then an affine readout."""

    hidden: tuple[tuple[Affine, Activation], ...]
    readout: Affine

    @property
    def n_in(self) -> int:
        """Number of inputs."""
        first = self.hidden[0][0] if self.hidden else self.readout
        return first.weight.shape[1]

    def first(self, n_layers: int) -> "Network":
        """Return n_layers hidden layers, read out by the pre-activations after them."""
        affines = [affine for affine, _ in self.hidden] + [self.readout]
        return Network(self.hidden[:n_layers], affines[n_layers])

    def after(self, inner: Affine) -> "Network":
        """Return the network applied to the output of an affine map."""
        if not self.hidden:
            return Network((), self.readout.after(inner))
        (affine, activation), *rest = self.hidden
        return Network(((affine.after(inner), activation), *rest), self.readout)

    def to(self, device: str | torch.device) -> "Network":
        """Return the same network on another device."""
        hidden = tuple(
            (affine.to(device), phi.to(device)) for affine, phi in self.hidden
        )
        return Network(hidden, self.readout.to(device))


def read_network(net: nn.Sequential) -> Network:
    """Return the layers of `net` in float64; Linear layers in a row become one.

    Raises:
        TypeError: `net` is no Sequential, or holds a module of another kind.
        ValueError: weights that are not finite, layers that do not fit, an activation
            that follows no Linear, or no Linear at all.
    """
    if not isinstance(net, nn.Sequential):
        raise TypeError(f"net must be a torch.nn.Sequential, got {type(net).__name__}")
    hidden: list[tuple[Affine, Activation]] = []
    affine: Affine | None = None
    for index, module in enumerate(net):
        part = _read_module(module, f"net[{index}]")
        if isinstance(part, Affine):
            _check_fit(part, affine or (hidden[-1][0] if hidden else None), index)
            affine = part.after(affine) if affine else part
        elif part:
            if affine is None:
                raise ValueError(
                    f"net[{index}] is an activation and must follow a Linear"
                )
            hidden.append((affine, part))
            affine = None
    return Network(tuple(hidden), affine or _identity(hidden))


def read_points(name: str, points: ArrayLike, n_in: int) -> Tensor:
    """Return finite points of shape [n_in] or [m, n_in] as a float64 tensor.

    Raises:
        ValueError: another shape, NaN or infinity.
    """
    array = torch.as_tensor(np.asarray(points, dtype=np.float64))
    if array.ndim not in (1, 2) or array.shape[-1] != n_in:
        raise ValueError(
            f"{name} must have shape [{n_in}] or [m, {n_in}] (the network has {n_in} "
            f"inputs), got {list(array.shape)}"
        )
    if not array.isfinite().all():
        raise ValueError(f"{name} must be finite, got NaN or infinity")
    return array


def _read_module(module: nn.Module, name: str) -> Affine | Activation | None:
    """Return one module of the network; None stands for the identity."""
    match module:
        case nn.Linear():
            return _read_linear(module, name)
        case nn.ReLU():
            return _activation([0], [0, 1], [0, 0])
        case nn.LeakyReLU(negative_slope=slope):
            return _activation([0], [slope, 1], [0, 0])
        case nn.Hardtanh(min_val=low, max_val=high):
            return _activation([low, high], [0, 1, 0], [low, 0, high])
        case Abs():
            return _activation([0], [-1, 1], [0, 0])
        case nn.Identity() | nn.Flatten():
            return None
    raise TypeError(
        f"{name} must be a Linear, ReLU, LeakyReLU, Hardtanh, helpers.networks.Abs, "
        f"Identity or Flatten, got {type(module).__name__}"
    )


def _read_linear(linear: nn.Linear, name: str) -> Affine:
    """Return W and b; a missing bias is zero."""
    weight = linear.weight.detach().double().cpu()
    bias = weight.new_zeros(len(weight))
    if linear.bias is not None:
        bias = linear.bias.detach().double().cpu()
    if not (weight.isfinite().all() and bias.isfinite().all()):
        raise ValueError(f"{name} must have finite parameters, got NaN or infinity")
    return Affine(weight, bias)


def _activation(*parts: Sequence[float]) -> Activation:
    return Activation(*(torch.tensor(part, dtype=torch.float64) for part in parts))


def _check_fit(affine: Affine, before: Affine | None, index: int) -> None:
    given = affine.weight.shape[1] if before is None else len(before.bias)
    if affine.weight.shape[1] != given:
        raise ValueError(
            f"net[{index}] must take {given} inputs, the width of the layer before, "
            f"got {affine.weight.shape[1]}"
        )


def _identity(hidden: list[tuple[Affine, Activation]]) -> Affine:
    """Return the readout of a network that ends in an activation."""
    if not hidden:
        raise ValueError("net must have at least one Linear, got none")
    width = len(hidden[-1][0].bias)
    return Affine(torch.eye(width).double(), torch.zeros(width).double())
