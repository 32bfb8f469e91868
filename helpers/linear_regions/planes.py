"""The regions in a window of a plane: convex polygons, each with its affine map."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn

from helpers.devices import read_device
from helpers.linear_regions.face_maps import face_maps
from helpers.linear_regions.piecewise import SAME_SLOPE, Network
from helpers.linear_regions.plane_cuts import Step, cut_plane
from helpers.linear_regions.reading import check_reading, read_points
from helpers.linear_regions.window import Plane, check_plane, read_extent

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class PlaneRegions:
    """The activation regions of a network in a window of a plane: convex polygons.

    Made by `plane_regions`. Neighbours share their corners and edges, so that
    V - E + F = 1 (Euler). What follows is computed when it is first asked for.
    """

    _network: Network
    _plane: Plane
    _points: Tensor
    _steps: tuple[Step, ...]

    def __repr__(self) -> str:
        return f"PlaneRegions(count={self.count}, layers={len(self._steps) - 1})"

    @property
    def count(self) -> int:
        """Number of activation regions, F."""
        return len(self._steps[-1].parent) - 1

    @cached_property
    def linear_count(self) -> int:
        """Number of linear regions, as Hanin & Rolnick 2019 define them.

        Activation regions that share an edge are one linear region when the gradient of
        the output is the same in both, to 1e-9 of the largest gradient in the window.
        """
        gradient = self.maps[:, :, :2]
        inner = self.sides[(self.sides >= 0).all(axis=1)]
        jump = np.abs(gradient[inner[:, 0]] - gradient[inner[:, 1]]).max(axis=(1, 2))
        left, right = inner[jump <= SAME_SLOPE * np.abs(gradient).max()].T
        shape = (self.count, self.count)
        graph = coo_array((np.ones(len(left)), (left, right)), shape=shape)
        return int(connected_components(graph, directed=False)[0])

    @cached_property
    def vertices(self) -> Array:
        """Coordinates (s, t) of the corners, [V, 2]."""
        return self._points[: self._steps[-1].n_points].cpu().numpy()

    @cached_property
    def edges(self) -> IntArray:
        """Tail and head of each edge, as rows of `vertices`, [E, 2]."""
        return self._steps[-1].edges[:2].T.cpu().numpy()

    @cached_property
    def sides(self) -> IntArray:
        """Region to the left and to the right of each edge, -1 for outside, [E, 2]."""
        return self._steps[-1].edges[2:].T.cpu().numpy() - 1

    @cached_property
    def polygons(self) -> list[Array]:
        """Corners (s, t) of each region, counter-clockwise, [k, 2] each."""
        face, tail, head = self._half_edges()
        order = np.lexsort((tail, face))
        face, tail, head = face[order], tail[order], head[order]
        key = face * len(self.vertices)
        following = np.searchsorted(key + tail, key + head)
        corners = self.vertices[tail[_walk(following, face)]]
        return np.split(corners, np.cumsum(np.bincount(face))[:-1])

    @cached_property
    def areas(self) -> Array:
        """Area of each region in the (s, t) plane, [F]."""
        face, tail, head = self._half_edges()
        anchor = np.empty(self.count, dtype=np.int64)
        anchor[face] = tail
        origin = self.vertices[anchor[face]]
        x, y = (self.vertices[tail] - origin).T
        x_next, y_next = (self.vertices[head] - origin).T
        area = np.bincount(face, (x * y_next - x_next * y) / 2)
        return area.astype(np.float64, copy=False)

    @cached_property
    def patterns(self) -> NDArray[np.int8]:
        """Linear piece (0, 1, ..) of every hidden neuron in each region, [F, N].

        Of a max pooling: which entry of each window is the largest.
        """
        pattern = self._steps[0].piece
        for step in self._steps[1:]:
            pattern = torch.cat([pattern[step.parent], step.piece], dim=1)
        return pattern[1:].cpu().numpy()

    @cached_property
    def maps(self) -> Array:
        """Affine map of the output in each region, [F, n_out, 3].

        The output at (s, t) is maps[:, :, 0] s + maps[:, :, 1] t + maps[:, :, 2]. For
        `after_layer(l)` with l < L the output is the pre-activation of layer l + 1.
        """
        output = face_maps(self._network, self._plane, self._steps)
        return output[1:].transpose(1, 2).cpu().numpy()

    def after_layer(self, n_layers: int) -> "PlaneRegions":
        """Return the regions cut by the first n_layers hidden layers only.

        Raises:
            ValueError: `n_layers` is not one of 0, 1, .., L.
        """
        deepest = len(self._steps) - 1
        if n_layers not in range(deepest + 1):
            raise ValueError(f"n_layers must be one of 0..{deepest}, got {n_layers}")
        steps = self._steps[: n_layers + 1]
        first = self._network.first(n_layers)
        return PlaneRegions(first, self._plane, self._points, steps)

    def _half_edges(self) -> tuple[IntArray, IntArray, IntArray]:
        """Return face, tail and head of each edge, once for each region beside it."""
        face = self.sides.T.ravel()
        tail, head = self.edges.T.ravel(), self.edges[:, ::-1].T.ravel()
        inside = face >= 0
        return face[inside], tail[inside], head[inside]


def plane_regions(
    net: nn.Module,
    origin: ArrayLike,
    u: ArrayLike,
    v: ArrayLike,
    extent: Sequence[float],
    *,
    device: str | torch.device = "cpu",
) -> PlaneRegions:
    """Find every region of the network in a window of a two-dimensional slice.

    The slice is x = origin + s u + t v, as in the pictures of Hanin & Rolnick 2019.
    Each neuron in turn cuts, along z = 0, the polygons that it passes. They share their
    corners; a new corner lies where z, which is affine on an edge, changes its sign.

    Args:
        net: as in `line_regions`.
        origin: a point of the plane, [*shape].
        u: direction of the coordinate s, [*shape].
        v: direction of the coordinate t, [*shape], not parallel to `u`.
        extent: the window (s0, s1, t0, t1), s0 < s1 and t0 < t1.
        device: where torch computes, "cpu" or "cuda"; results are numpy arrays.

    Raises:
        TypeError: as in `line_regions`.
        ValueError: wrong shape, NaN or infinity, u parallel to v, an empty window, or
            a network as in `line_regions`.
        ArithmeticError: float64 cannot tell the regions apart.

    Cost: O(neurons x regions); 0.15 s for 784-[64]*3 and 18 000 regions on one core.
    """
    device = read_device(device)
    network, vectors = read_points(net, origin=origin, u=u, v=v)
    plane = Plane(*vectors)
    check_plane(plane, network.shape)
    s0, s1, t0, t1 = window = read_extent(extent)
    corners = plane.origin.new_tensor([[s0, t0], [s1, t0], [s1, t1], [s0, t1]])
    check_reading(network, net, plane(corners))
    network, plane = network.to(device), plane.to(device)
    return PlaneRegions(network, plane, *cut_plane(network, plane, window, device))


def _walk(following: IntArray, face: IntArray) -> IntArray:
    """Return the half-edges, sorted by face, in their order around each face."""
    size = np.bincount(face)
    first = np.cumsum(size) - size
    order, current = np.empty_like(following), first
    for step in range(size.max()):
        inside = size > step
        order[first[inside] + step] = current[inside]
        current = following[current]
    return order
