"""The distance from a point to the nearest boundary, and the gradients of neurons."""

import math
from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from helpers.linear_regions.piecewise import (
    Activation,
    Affine,
    Kinked,
    Network,
    Rearrangement,
)
from helpers.linear_regions.reading import check_reading, read_points

Array = NDArray[np.float64]

_DEAD = 1e-12  # a gradient this small is rounding error; unit: the largest gradient
_POINTS_AT_ONCE = 256
_ENTRIES_AT_ONCE = 1 << 24  # 128 MB


def distance_to_boundary(net: nn.Module, x: ArrayLike) -> Array | np.float64:
    """Return the exact distance from x to the nearest change of activation pattern.

    Hanin & Rolnick 2019 bound its mean from below by a constant over the number of
    neurons. In the activation region of x each neuron is affine, and the region is the
    intersection of the half-spaces that the neurons define, so that (our remark) the
    distance to its border is

        min over neurons z and kinks xi of |z(x) - xi| / ||grad z(x)||,

    not only bounded by it. For the boundary of linear regions it is a lower bound.

    Where max pooling takes part, z - xi is also the gap between the winner of a window
    and each other entry, grad z the difference of their gradients.

    Args:
        net: as in `line_regions`.
        x: one point [*shape] or m points [m, *shape].

    Returns:
        One distance or m of them, in units of x; inf where no neuron ever switches.

    Raises:
        TypeError: as in `line_regions`.
        ValueError: wrong shape, NaN or infinity, or a network as in `line_regions`.

    Cost: r forward passes a point, where r = min(n_1, n_in) if a Linear comes first and
    n_in otherwise: for an MLP O(sum over l of n_l n_{l-1} min(n_1, n_in)).
    """
    network, blocks, many = _read(net, x)
    distance = torch.cat([_nearest(network, block) for block in blocks]).numpy()
    return distance if many else distance[0]


def gradient_norms(net: nn.Module, x: ArrayLike) -> list[Array]:
    """Return ||grad z(x)|| of every hidden neuron, one array [m, n_l] for each layer.

    C_grad in the theorems of Hanin & Rolnick 2019 bounds their moments. At He
    initialisation E ||grad z(x)||^2 = 2 in every layer, at any width (our derivation).

    A max pooling has no neurons, and no entry in the list.

    Args:
        net: as in `line_regions`.
        x: m points [m, *shape], or one point [*shape], for which m = 1.

    Raises:
        TypeError: as in `line_regions`.
        ValueError: wrong shape, NaN or infinity, or a network as in `line_regions`.

    Cost: as `distance_to_boundary`.
    """
    network, blocks, _ = _read(net, x)
    found = [
        [
            norm.flatten(1)
            for map_, _, norm in _pre_activations(network, block)
            if isinstance(map_, Activation)
        ]
        for block in blocks
    ]
    return [torch.cat(layer).numpy() for layer in zip(*found, strict=True)]


def _read(net: nn.Module, x: ArrayLike) -> tuple[Network, Sequence[Tensor], bool]:
    """Return the network, the points in blocks, and whether they were many."""
    network, (points,) = read_points(net, x=x)
    many = points.ndim > len(network.shape)
    points = points if many else points[None]
    check_reading(network, net, points)
    widest = max(network.widest, default=1)
    at_once = _ENTRIES_AT_ONCE // (len(_basis(network)) * widest)
    return network, points.split(max(1, min(_POINTS_AT_ONCE, at_once))), many


def _nearest(network: Network, x: Tensor) -> Tensor:
    """Return the least of gap / ||grad|| over the borders that are not dead, [m]."""
    layers = list(_pre_activations(network, x))
    if not layers:
        return x.new_full((len(x),), math.inf)
    gap = torch.cat([gap.flatten(1) for _, gap, _ in layers], dim=1)
    norm = torch.cat([norm.flatten(1) for _, _, norm in layers], dim=1)
    alive = norm > _DEAD * norm.amax(dim=1, keepdim=True)
    return torch.where(alive, gap / norm, math.inf).amin(dim=1)


def _pre_activations(
    network: Network, x: Tensor
) -> Iterator[tuple[Kinked, Tensor, Tensor]]:
    """Yield of each hidden layer gaps and ||grad||, [m, n_l] or [m, n_l, k].

    Gradients are carried forward, in an orthonormal basis of the directions that the
    first layer sees.
    """
    values, tangents = {0: x}, {0: _basis(network)[None]}
    for place, node in enumerate(network.nodes, start=1):
        map_, read = node.map, node.inputs[0]
        if isinstance(map_, Affine | Rearrangement):
            values[place] = map_([values[i] for i in node.inputs])
            tangents[place] = _pushed(map_, [tangents[i] for i in node.inputs])
        else:
            z, along = values[read], tangents[read]
            yield map_, *_borders(map_, z, along)
            values[place], tangents[place] = map_(z), _bent(map_, z, along)
        for part in (values, tangents):
            network.forget(part, place)


def _basis(network: Network) -> Tensor:
    """Return orthonormal directions [r, *shape] in which the output can change.

    All gradients lie in the row space of W_1 where a Linear comes first; in an
    orthonormal basis of it, from the QR decomposition of W_1^T, they keep their norms
    and have min(n_1, n_in) entries.
    """
    size = math.prod(network.shape)
    alone = network.last_reader[0] == 1 and len(network.shape) == 1
    first = network.nodes[0].map if alone and network.nodes else None
    if isinstance(first, Affine) and first.weight.ndim == 2:
        n_out, n_in = first.weight.shape
        if n_in == size > n_out:
            q, _ = torch.linalg.qr(first.weight.T)
            return torch.as_tensor(q.T)
    return torch.eye(size, dtype=torch.float64).view(size, *network.shape)


def _pushed(map_: Affine | Rearrangement, tangents: list[Tensor]) -> Tensor:
    """Apply the linear part to tangents [m or 1, r, *shape]."""
    rows = max(len(tangent) for tangent in tangents)
    wide = [t.expand(rows, *t.shape[1:]).flatten(0, 1) for t in tangents]
    pushed = map_.linear(wide)
    return pushed.view(rows, -1, *pushed.shape[1:])


def _bent(map_: Kinked, z: Tensor, tangents: Tensor) -> Tensor:
    """Apply the derivative of a hidden layer at z to tangents [m or 1, r, *shape]."""
    if isinstance(map_, Activation):
        return map_.slope(z)[:, None] * tangents
    wide = tangents.expand(len(z), *tangents.shape[1:])
    rows = z.repeat_interleave(wide.shape[1], dim=0)
    bent = map_.along(rows, wide.flatten(0, 1))
    return bent.view(*wide.shape[:2], *map_.shape)


def _borders(map_: Kinked, z: Tensor, tangents: Tensor) -> tuple[Tensor, Tensor]:
    """Return how far each neuron is from its nearest kink, and the gradient's length.

    Of a maximum: how far each entry of a group is below the largest, and the length of
    the difference of their gradients.
    """
    if isinstance(map_, Activation):
        gap = (z[..., None] - map_.kinks).abs().amin(dim=-1)
        return gap, tangents.square().sum(dim=1).sqrt().expand_as(z)
    entries, winner = map_.candidates(z), _bent(map_, z, tangents).flatten(2)
    norms = [
        (tangents.flatten(2).index_select(2, places) - winner).norm(dim=1)
        for places in map_.index.T
    ]
    return entries.amax(dim=-1, keepdim=True) - entries, torch.stack(norms, dim=-1)
