"""The linear pieces of an encoder-decoder along segments and on planes, exactly."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from helpers.encoder_decoder.convolutions import Array
from helpers.encoder_decoder.network import EncoderDecoder, read_inputs

_ROUNDING = 1e-12  # a margin this small is 0; unit: the largest of its step
_SAME_POINT = 1e-13  # breakpoints this near are one
_SAME_SLOPE = 1e-9  # derivatives this near are equal; unit: the largest one
_TURN = 0.7  # where the walk around a plane begins, away from every special direction


@dataclass(frozen=True, eq=False, repr=False)
class Pieces:
    """The pieces of a network on a segment or on a plane through 0.

    Made by `pieces_on_segment` and `pieces_on_plane`.

    Attributes:
        t: where the set of open units changes, increasing, [k]: a share of the segment
            in (0, 1), or the angle of a ray in the plane.
        middles: a point inside every piece, [count, n_0], in the order of `t`; on a
            plane the first piece is the one before t[0], and after t[-1].
        directions: what spans the segment or plane, [1 or 2, n_0].
    """

    t: Array
    middles: Array
    directions: Array
    _network: EncoderDecoder

    def __repr__(self) -> str:
        return f"Pieces(count={self.count})"

    @property
    def count(self) -> int:
        """Number of pieces, told apart by which units are open."""
        return len(self.middles)

    @cached_property
    def derivatives(self) -> Array:
        """Derivative of the output along the directions, [count, 1 or 2, n_0]."""
        x = torch.as_tensor(self.middles)
        along = [self._along(x, torch.as_tensor(u)) for u in self.directions]
        return np.stack(along, axis=1)

    @cached_property
    def linear_count(self) -> int:
        """Number of pieces when neighbours with equal derivatives are counted as one.

        Equal to 1e-9 of the largest derivative.
        """
        slopes = self.derivatives.reshape(self.count, -1)
        following = np.roll(slopes, -1, axis=0)
        if len(self.directions) == 1:
            slopes, following = slopes[:-1], following[:-1]
        jump = np.abs(following - slopes).max(axis=1, initial=0)
        changes = int((jump > _SAME_SLOPE * np.abs(self.derivatives).max()).sum())
        return changes + 1 if len(self.directions) == 1 else max(changes, 1)

    def _along(self, x: Tensor, direction: Tensor) -> Array:
        tangent = direction.expand_as(x).contiguous()
        derivative: Tensor = torch.autograd.functional.jvp(self._network, x, tangent)[1]
        return derivative.numpy()


def pieces_on_segment(
    network: EncoderDecoder, start: ArrayLike, end: ArrayLike
) -> Pieces:
    """Find every piece of the network on the segment from start to end.

    Step by step through the network: between neighbouring knots all that comes before
    a step is affine, so its margins (pre-activations; differences before a maximum)
    change sign where the straight lines between their values do, and those points
    become knots. Nothing is sampled.

    Args:
        network: the network; computed in float64.
        start: first end, [n_0].
        end: the other end, [n_0], different from `start`.

    Raises:
        ValueError: wrong shape, NaN or infinity, a segment of length 0, or "switch" in
            more than one level, whose decoder is not continuous.

    Cost: a forward pass over all pieces for every step, of which a level has 2 to 5;
    10 ms for 200 pieces at n_0 = 32.
    """
    network, (first, last) = _read(network, {"start": start, "end": end})
    if bool((first == last).all()):
        raise ValueError("start and end must differ, got a segment of length 0")
    t = _knots(network, lambda t: torch.lerp(first, last, t[:, None]))
    middles = torch.lerp(first, last, ((t[1:] + t[:-1]) / 2)[:, None])
    return Pieces(
        t[1:-1].numpy(), middles.numpy(), (last - first)[None].numpy(), network
    )


def pieces_on_plane(network: EncoderDecoder, u: ArrayLike, v: ArrayLike) -> Pieces:
    """Find every piece of the network on the plane spanned by u and v through 0.

    Without biases the pieces are cones, and a plane through 0 is cut into sectors:
    those that a walk around a square about 0 passes, on whose sides
    `pieces_on_segment` knows them.

    Args:
        network: the network; computed in float64.
        u: the direction of angle 0, [n_0].
        v: the direction of angle pi / 2, [n_0], not parallel to `u`.

    Raises:
        ValueError: as `pieces_on_segment`, or u parallel to v.

    Cost: that of four segments.
    """
    network, (first, second) = _read(network, {"u": u, "v": v})
    plane = torch.stack([first, second])
    if torch.linalg.matrix_rank(torch.nn.functional.normalize(plane)) < 2:
        raise ValueError("u and v must span a plane, got parallel or zero directions")
    angles = _TURN + torch.arange(5, dtype=torch.float64) * math.pi / 2
    corners = torch.stack([angles.cos(), angles.sin()], dim=1)
    found = []
    for a, b in pairwise(corners):
        t = _knots(network, partial(_on_plane, plane, a, b))
        s = torch.lerp(a, b, t[1:-1, None])
        found.append(torch.atan2(s[:, 1], s[:, 0]))
    t = torch.cat(found).remainder(2 * math.pi).sort().values
    gap = (t - t.roll(1)).remainder(2 * math.pi) if len(t) > 1 else 2 * math.pi
    middle = t - gap / 2 if len(t) else torch.zeros(1, dtype=torch.float64)
    middles = torch.stack([middle.cos(), middle.sin()], dim=1) @ plane
    return Pieces(t.numpy(), middles.numpy(), plane.numpy(), network)


def _on_plane(plane: Tensor, a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Return points of the side from a to b, which are coordinates in the plane."""
    return torch.lerp(a, b, t[:, None]) @ plane


def _read(
    network: EncoderDecoder, points: dict[str, ArrayLike]
) -> tuple[EncoderDecoder, list[Tensor]]:
    """Return the network and its points in float64 on the CPU, or raise."""
    if network.pooling == "switch" and network.depth > 1:
        raise ValueError("network must be continuous, got pooling 'switch'")
    exact = network.resized(network.size).double().cpu()
    exact.requires_grad_(False)
    read = []
    for name, point in points.items():
        if np.ndim(point) != 1:
            raise ValueError(
                f"{name} must have shape [{network.n_in}], got {list(np.shape(point))}"
            )
        read.append(read_inputs(exact, point, name)[0])
    return exact, read


@torch.no_grad()
def _knots(network: EncoderDecoder, path: Callable[[Tensor], Tensor]) -> Tensor:
    """Return 0, 1 and every t between where a margin changes sign on a straight path.

    A network is affine in each cell up to its first margin that changes sign there.
    """
    t = torch.tensor([0.0, 1.0], dtype=torch.float64)
    for step in range(len(network.trace(path(t)).margins)):
        z = network.trace(path(t)).margins[step]
        z = torch.where(z.abs() <= _ROUNDING * z.abs().max(), 0, z)
        cell, unit = (z[:-1] * z[1:] < 0).nonzero(as_tuple=True)
        share = z[cell, unit] / (z[cell, unit] - z[cell + 1, unit])
        t = torch.cat([t, torch.lerp(t[cell], t[cell + 1], share)]).sort().values
        t = t[torch.cat([t.new_ones(1), t.diff()]) > _SAME_POINT]
    return t
