"""The distance from a point to the nearest boundary, and the gradients of neurons."""

import math

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from helpers.linear_regions.piecewise import Network, read_network, read_points

Array = NDArray[np.float64]

_DEAD = 1e-12  # a gradient this small is rounding error; unit: the largest gradient
_POINTS_AT_ONCE = 256


def distance_to_boundary(net: nn.Sequential, x: ArrayLike) -> Array | np.float64:
    """Return the exact distance from x to the nearest change of activation pattern.

    Hanin & Rolnick 2019 bound its mean from below by a constant over the number of
    neurons. In the activation region of x each neuron is affine, and the region is the
    intersection of the half-spaces that the neurons define, so that (our remark) the
    distance to its border is

        min over neurons z and kinks xi of |z(x) - xi| / ||grad z(x)||,

    not only bounded by it. For the boundary of linear regions it is a lower bound.

    Args:
        net: as in `line_regions`.
        x: one point [n_in] or m points [m, n_in].

    Returns:
        One distance or m of them, in units of x; inf where no neuron ever switches.

    Raises:
        TypeError: `net` holds a module of another kind.
        ValueError: wrong shape, NaN or infinity.

    Cost: O(sum over l of n_l n_{l-1} min(n_1, n_in)) a point.
    """
    network = read_network(net)
    points = read_points("x", x, network.n_in)
    blocks = torch.atleast_2d(points).split(_POINTS_AT_ONCE)
    distance = torch.cat([_nearest(network, block) for block in blocks]).numpy()
    return distance if points.ndim == 2 else distance[0]


def gradient_norms(net: nn.Sequential, x: ArrayLike) -> list[Array]:
    """Return ||grad z(x)|| of every hidden neuron, one array [m, n_l] for each layer.

    C_grad in the theorems of Hanin & Rolnick 2019 bounds their moments. At He
    initialisation E ||grad z(x)||^2 = 2 in every layer, at any width (our derivation).

    Args:
        net: as in `line_regions`.
        x: m points [m, n_in], or one point [n_in], for which m = 1.

    Raises:
        TypeError: `net` holds a module of another kind.
        ValueError: wrong shape, NaN or infinity.

    Cost: O(sum over l of n_l n_{l-1} min(n_1, n_in)) a point.
    """
    network = read_network(net)
    points = torch.atleast_2d(read_points("x", x, network.n_in))
    blocks = [_pre_activations(network, p) for p in points.split(_POINTS_AT_ONCE)]
    layers = zip(*blocks, strict=True)
    return [torch.cat([norm for _, norm in layer]).numpy() for layer in layers]


def _nearest(network: Network, x: Tensor) -> Tensor:
    """Return the least of gap / ||grad z|| over the neurons that are not dead, [m]."""
    if not network.hidden:
        return x.new_full((len(x),), math.inf)
    pairs = zip(_pre_activations(network, x), network.hidden, strict=True)
    gaps, norms = [], []
    for (z, norm), (_, activation) in pairs:
        gaps.append((z[..., None] - activation.kinks).abs().amin(dim=-1))
        norms.append(norm)
    gap, norm = torch.cat(gaps, dim=1), torch.cat(norms, dim=1)
    alive = norm > _DEAD * norm.amax(dim=1, keepdim=True)
    return torch.where(alive, gap / norm, math.inf).amin(dim=1)


def _pre_activations(network: Network, x: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return z and ||grad z|| of each hidden layer, both [m, n_l].

    All gradients lie in the row space of W_1; in an orthonormal basis of it, from the
    QR decomposition of W_1^T, they keep their norms and have min(n_1, n_in) entries.
    """
    layers, gradient, h = [], None, x
    for affine, activation in network.hidden:
        if gradient is None:
            gradient = torch.linalg.qr(affine.weight.T).R.T
        else:
            gradient = affine.weight @ gradient
        z = affine(h)
        layers.append((z, gradient.norm(dim=-1).expand_as(z)))
        gradient = activation.slope(z)[..., None] * gradient
        h = activation(z)
    return layers
