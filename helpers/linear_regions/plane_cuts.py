"""A window of the plane, cut into convex polygons by one neuron after the other."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from helpers.linear_regions.line_cuts import Values
from helpers.linear_regions.piecewise import (
    ROUNDING,
    Activation,
    Affine,
    Kinked,
    Maximum,
    Network,
    Rearrangement,
)
from helpers.linear_regions.plane_merging import merged
from helpers.linear_regions.window import Plane


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
    network: Network,
    plane: Plane,
    extent: tuple[float, ...],
    device: str | torch.device,
) -> tuple[Tensor, tuple[Step, ...]]:
    """Cut the window (s0, s1, t0, t1) of a plane by every neuron of a network.

    Returns:
        All points, [n_points, 2], and the window followed by one step a layer.
    """
    mesh = _Mesh(extent, device)
    steps = [mesh.step(torch.zeros(2, 0, dtype=torch.int8, device=device))]
    values = {0: plane(mesh.points)}
    error = {0: ROUNDING * values[0].abs().amax(dim=0, keepdim=True)}
    for place, node in enumerate(network.nodes, start=1):
        given, known = ([part[i] for i in node.inputs] for part in (values, error))
        if isinstance(node.map, Affine | Rearrangement):
            largest = [value.abs().amax(dim=0, keepdim=True) for value in given]
            error[place] = node.map.rounding(largest, known)
            values[place] = node.map(given)
        else:
            values, piece = _cut_layer(mesh, node.map, values, node.inputs[0], known[0])
            steps.append(mesh.step(piece))
            error[place] = node.map.rounding(known[0])
            values[place] = node.map(values[node.inputs[0]])
        for part in (values, error):
            network.forget(part, place)
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
        values: s, t, what the layer reads, and all that is read later, at each point,
            [n_points, 2 + n + ..].
        edges: tail, head, face to the left and face to the right, [4, n_edges].
        parent: the face at the start of the layer that holds each face, [n_faces].
        n_old: number of points at the start of the layer.
    """

    def __init__(self, extent: tuple[float, ...], device: str | torch.device) -> None:
        s0, s1, t0, t1 = extent
        corners = [[s0, t0], [s1, t0], [s1, t1], [s0, t1]]
        ring = [[0, 1, 2, 3], [1, 2, 3, 0], [1] * 4, [0] * 4]
        start = torch.tensor(corners, dtype=torch.float64, device=device)
        self.values = _Growing(start)
        self.edges = _Growing(torch.tensor(ring, device=device), axis=1)
        self.parent = _Growing(torch.arange(2, device=device))
        self.n_old = len(corners)

    @property
    def points(self) -> Tensor:
        return self.values.view[:, :2]

    def step(self, piece: Tensor) -> Step:
        """Return the subdivision as it stands, and begin a new layer."""
        edges, parent = self.edges.view.clone(), self.parent.view
        self.parent = _Growing(torch.arange(len(parent), device=parent.device))
        self.n_old = self.values.size
        return Step(edges, self.n_old, parent, piece)

    def keep(self, edges: Tensor, points: Tensor, faces: Tensor) -> None:
        """Replace the edges, and keep these points and faces only."""
        self.edges = _Growing(edges, axis=1)
        self.values = _Growing(self.values.view[points])
        self.parent = _Growing(self.parent.view[faces])


def _cut_layer(
    mesh: _Mesh, map_: Kinked, values: Values, read: int, tolerance: Tensor
) -> tuple[Values, Tensor]:
    """Cut by every neuron of a layer; return the values and the pieces of the faces."""
    z = map_.snap(values[read], tolerance)
    every = {read: z} | {i: value for i, value in values.items() if i != read}
    columns = [value.flatten(1) for value in every.values()]
    mesh.values = _Growing(torch.cat([mesh.points, *columns], dim=1))
    last = 2 + columns[0].shape[1]
    if isinstance(map_, Activation):
        _cut_at_kinks(mesh, map_, last, tolerance)
        piece = _pieces(mesh, mesh.values.view[:, 2:last], map_)
    else:
        piece = _cut_at_ties(mesh, map_, last, tolerance)
    found = mesh.values.view[:, 2:].split([c.shape[1] for c in columns], dim=1)
    pairs = zip(every.items(), found, strict=True)
    return {i: part.reshape(-1, *v.shape[1:]) for (i, v), part in pairs}, piece


def _cut_at_kinks(mesh: _Mesh, map_: Activation, last: int, tolerance: Tensor) -> None:
    """Cut along every kink of every neuron, columns 2 to `last` of the values."""
    shape = tolerance.shape[1:]

    def snap(new: Tensor) -> None:
        z = new[:, 2:last].view(-1, *shape)
        new[:, 2:last] = map_.snap(z, tolerance).flatten(1)

    for column in range(2, last):
        for kink in map_.kinks.tolist():
            _cut(mesh, mesh.values.view[:, column] - kink, snap)


def _cut_at_ties(mesh: _Mesh, map_: Maximum, last: int, tolerance: Tensor) -> Tensor:
    """Cut where the winner of a group changes; return the winners of the faces.

    Entry j of a group cuts the faces in which the largest of those before it is smaller
    on one side. Where a later entry beats both sides, that cut was none: such faces are
    merged again.
    """
    slack = 2 * map_.candidates(tolerance)[0].amax(dim=-1)
    for group, least in zip(map_.index, slack, strict=True):
        own = 2 + group.unique()
        largest = mesh.values.view[:, own[0]]
        for j in range(1, len(own)):
            entry = mesh.values.view[:, own[j]]
            gap = entry - largest
            _cut(mesh, torch.where(gap.abs() <= least, 0.0, gap), lambda new: None)
            new = mesh.values.view[len(gap) :].index_select(1, own[: j + 1])
            largest = torch.cat([torch.maximum(largest, entry), new.amax(dim=1)])
    piece = _winners(mesh, map_, last, slack)
    kept = merged(mesh.edges.view, mesh.parent.view, piece, mesh.n_old)
    if kept is None:
        return piece
    mesh.keep(kept.edges, kept.points, kept.faces)
    return piece[kept.faces]


def _winners(mesh: _Mesh, map_: Maximum, last: int, slack: Tensor) -> Tensor:
    """Return the winner of every group in each face, [n_faces, n_out].

    Of entries that are equal in a face the first counts.
    """
    z = mesh.values.view[:, 2:last]
    first, second, third = (z.index_select(0, c) for c in _three_corners(mesh))
    mean = map_.candidates((first + second + third) / 3)
    near = mean >= (mean.amax(dim=-1) - slack)[..., None]
    kind = torch.int8 if z.shape[-1] < 128 else torch.int32
    return near.to(torch.int8).argmax(dim=-1).to(kind)


def _cut(mesh: _Mesh, gap: Tensor, snap: Callable[[Tensor], None]) -> None:
    """Cut every face in which the gap, one number a point, changes its sign."""
    lowest, highest = gap.aminmax()
    if not lowest < 0 < highest:
        return
    sign = gap.sign().to(torch.int8)
    tail, head = (sign.index_select(0, end) for end in mesh.edges.view[:2])
    touched = (tail != head).nonzero()[:, 0]
    crossed = touched[tail[touched] * head[touched] < 0]
    new = _split_edges(mesh, crossed, gap)
    snap(new)
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
