"""A window of the plane, cut into convex polygons by one neuron after the other."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.linear_regions.piecewise import Activation, Affine, Network


@dataclass(frozen=True)
class Step:
    """The subdivision after one hidden layer; face 0 is the outside.

    Attributes:
        edges: tail, head, face to the left and face to the right, [4, n_edges].
        n_points: how many of the points exist so far.
        parent: the face, one step before, that holds each face, [n_faces].
        piece: linear piece of each neuron of the layer in each face, [n_faces, n_l].
    """

    edges: Tensor
    n_points: int
    parent: Tensor
    piece: Tensor


@torch.inference_mode()
def cut_plane(
    network: Network, extent: tuple[float, ...], device: str | torch.device
) -> tuple[Tensor, tuple[Step, ...]]:
    """Cut the window (s0, s1, t0, t1) by every neuron of a network with two inputs.

    Returns:
        All points, [n_points, 2], and the window followed by one step a layer.
    """
    mesh = _Mesh(extent, device)
    steps = [mesh.step(torch.zeros(2, 0, dtype=torch.int8, device=device))]
    h, error = mesh.points, mesh.points.new_zeros(2)
    for affine, activation in network.hidden:
        error = affine.rounding(h.abs().amax(dim=0), error)
        z = _cut_layer(mesh, affine, activation, h, error)
        steps.append(mesh.step(_pieces(mesh, z, activation)))
        h = activation(z)
    return mesh.points.clone(), tuple(steps)


class _Growing:
    """A tensor that grows along one axis, by doubling what it keeps in store."""

    def __init__(self, data: Tensor, axis: int = 0) -> None:
        self._store, self._axis, self.size = data, axis, data.shape[axis]

    @property
    def view(self) -> Tensor:
        return self._store.narrow(self._axis, 0, self.size)

    def append(self, new: Tensor) -> None:
        old, added = self.view, new.shape[self._axis]
        if self.size + added > self._store.shape[self._axis]:
            shape = list(old.shape)
            shape[self._axis] = 2 * (self.size + added)
            self._store = old.new_empty(shape)
            self.view.copy_(old)
        self._store.narrow(self._axis, self.size, added).copy_(new)
        self.size += added


class _Mesh:
    """A planar subdivision into convex faces; face 0 is the outside.

    Attributes:
        values: s, t and the layer's pre-activations at each point, [n_points, 2 + n].
        edges: tail, head, face to the left and face to the right, [4, n_edges].
        parent: the face at the start of the layer that holds each face, [n_faces].
    """

    def __init__(self, extent: tuple[float, ...], device: str | torch.device) -> None:
        s0, s1, t0, t1 = extent
        corners = [[s0, t0], [s1, t0], [s1, t1], [s0, t1]]
        ring = [[0, 1, 2, 3], [1, 2, 3, 0], [1] * 4, [0] * 4]
        start = torch.tensor(corners, dtype=torch.float64, device=device)
        self.values = _Growing(start)
        self.edges = _Growing(torch.tensor(ring, device=device), axis=1)
        self.parent = _Growing(torch.arange(2, device=device))

    @property
    def points(self) -> Tensor:
        return self.values.view[:, :2]

    def step(self, piece: Tensor) -> Step:
        """Return the subdivision as it stands, and begin a new layer."""
        edges, parent = self.edges.view.clone(), self.parent.view
        self.parent = _Growing(torch.arange(len(parent), device=parent.device))
        return Step(edges, self.values.size, parent, piece)


def _cut_layer(
    mesh: _Mesh, affine: Affine, activation: Activation, h: Tensor, tolerance: Tensor
) -> Tensor:
    """Cut by every neuron of a layer; return z at the points, [n_points, n]."""
    z = activation.snap(affine(h), tolerance)
    mesh.values = _Growing(torch.cat([mesh.points, z], dim=1))
    for neuron in range(z.shape[1]):
        for kink in activation.kinks.tolist():
            _cut(mesh, 2 + neuron, kink, lambda z: activation.snap(z, tolerance))
    return mesh.values.view[:, 2:]


def _cut(
    mesh: _Mesh, column: int, kink: float, snap: Callable[[Tensor], Tensor]
) -> None:
    """Cut every face in which this column of the values passes the kink."""
    gap = mesh.values.view[:, column] - kink
    lowest, highest = gap.aminmax()
    if not lowest < 0 < highest:
        return
    sign = gap.sign().to(torch.int8)
    tail, head = (sign.index_select(0, end) for end in mesh.edges.view[:2])
    touched = (tail != head).nonzero()[:, 0]
    crossed = touched[tail[touched] * head[touched] < 0]
    new = _split_edges(mesh, crossed, gap)
    new[:, 2:] = snap(new[:, 2:])
    mesh.values.append(new)
    halves = torch.arange(len(tail), len(tail) + len(crossed), device=gap.device)
    tail = torch.cat([tail, torch.zeros_like(head[crossed])])
    head = torch.cat([head, head[crossed]])
    head[crossed] = 0
    _split_faces(mesh, torch.cat([touched, halves]), tail, head)


def _split_edges(mesh: _Mesh, crossed: Tensor, gap: Tensor) -> Tensor:
    """Split edges where the gap is zero; return the values at the new points."""
    tail, head, left, right = mesh.edges.view[:, crossed]
    share = gap[tail] / (gap[tail] - gap[head])
    point = mesh.values.size + torch.arange(len(crossed), device=gap.device)
    mesh.edges.view[1, crossed] = point
    mesh.edges.append(torch.stack([point, head, left, right]))
    values = mesh.values.view
    ends = values.index_select(0, tail), values.index_select(0, head)
    return torch.lerp(*ends, share[:, None])


def _split_faces(mesh: _Mesh, touched: Tensor, tail: Tensor, head: Tensor) -> None:
    """Join the two points at which the zero line meets the border of each cut face.

    `tail` and `head` are the signs at the ends of each edge, `touched` the edges with
    one end on the zero line. The positive part keeps the number of the face and lies to
    the left of the new edge, which closes its border: it runs from where the positive
    edges end to where they begin.
    """
    edges, n_faces = mesh.edges.view, mesh.parent.size
    side = tail + head
    positive = side[touched] > 0
    below, above = touched[~positive], touched[positive]
    beside = torch.zeros(n_faces, dtype=torch.bool, device=side.device)
    beside[edges[2:, below]] = True
    beside[0] = False
    begins, ends, point = _around(edges[:, above], tail[above] == 0)
    is_cut = beside[begins]
    cut, begin = begins[is_cut], point[is_cut]
    end = point.new_full((n_faces,), -1).index_put((ends,), point)[cut]
    new = n_faces + torch.arange(len(cut), device=side.device)
    beyond = torch.arange(n_faces, device=side.device).index_put((cut,), new)
    if not ((beyond[cut] == new) & (end >= 0)).all():
        raise ArithmeticError("the regions are too degenerate for float64")
    for face in edges[2:]:
        torch.where(side < 0, beyond.index_select(0, face), face, out=face)
    mesh.edges.append(torch.stack([end, begin, cut, new]))
    mesh.parent.append(mesh.parent.view[cut])


def _around(edges: Tensor, leaves: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return, for each positive edge with one end on the zero line, two faces and it.

    Counter-clockwise around the first face the edge leaves that end, around the second
    it arrives there; `leaves` says that the end is its tail.
    """
    start, stop, left, right = edges
    begins, ends = torch.where(leaves, left, right), torch.where(leaves, right, left)
    return begins, ends, torch.where(leaves, start, stop)


def _pieces(mesh: _Mesh, z: Tensor, activation: Activation) -> Tensor:
    """Return the linear piece of each neuron in each face, [n_faces, n].

    A face lies above a kink when one of its corners does. Three corners are enough:
    they are never all on one line.
    """
    corners = _three_corners(mesh)
    piece = torch.zeros(mesh.parent.size, z.shape[1], dtype=torch.int8, device=z.device)
    for kink in activation.kinks:
        above = z > kink
        first, second, third = (above.index_select(0, corner) for corner in corners)
        piece += first | second | third
    return piece


def _three_corners(mesh: _Mesh) -> Tensor:
    """Return three different corners of each face, [3, n_faces]."""
    tail, head, left, right = mesh.edges.view
    face, start, stop = torch.cat([left, right]), *_both_ways(tail, head)
    half_edge = face.new_empty(mesh.parent.size)
    half_edge[face] = torch.arange(len(face), device=face.device)
    first, second = start[half_edge], stop[half_edge]
    other = (start != first[face]) & (start != second[face])
    third = torch.empty_like(first)
    third[face[other]] = start[other]
    return torch.stack([first, second, third])


def _both_ways(tail: Tensor, head: Tensor) -> tuple[Tensor, Tensor]:
    return torch.cat([tail, head]), torch.cat([head, tail])
