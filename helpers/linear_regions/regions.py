"""Linear regions of piecewise-linear networks, counted exactly.

The helper of chapter 1, on Hanin & Rolnick, "Complexity of Linear Regions in Deep
Networks" (ICML 2019). A neuron is its pre-activation z = Wh + b; a ReLU neuron has
its kink at z = 0. In an activation region no neuron leaves its linear piece; in a
linear region the gradient of the output is continuous. Layers are numbered 1..L as in
the paper, the neurons of a layer from 0. All arithmetic is in float64.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn

from helpers.linear_regions.line_cuts import Knots, cut_lines
from helpers.linear_regions.piecewise import Affine, Network, read_network, read_points
from helpers.linear_regions.plane_cuts import Step, cut_plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection


Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

_SAME_SLOPE = 1e-9  # gradients this near are equal; unit: the largest gradient
_DEAD = 1e-12  # a gradient this small is rounding error; unit: the largest gradient
_LINES_AT_ONCE = 32
_POINTS_AT_ONCE = 256


# One dimension: breakpoints along a segment.


@dataclass(frozen=True)
class LineRegions:
    """The pieces of a network along x = start + t (end - start), 0 <= t <= 1.

    Attributes:
        t: where the activation pattern changes, increasing in (0, 1), [k].
        layer: hidden layer (1..L) of the neuron that switches there, [k]. Where several
            switch at one point, one of the earliest layer is named.
        neuron: index of that neuron within its layer, from 0, [k].
        slope: derivative of the output with respect to t on each piece, [k+1, n_out].
        intercept: piece i of the output is slope[i] t + intercept[i], [k+1, n_out].
    """

    t: Array
    layer: IntArray
    neuron: IntArray
    slope: Array
    intercept: Array

    @property
    def bends(self) -> NDArray[np.bool_]:
        """Breakpoints where the gradient of the output jumps, [k].

        A jump is a change above 1e-9 of the largest gradient on the segment.
        """
        jump = np.abs(np.diff(self.slope, axis=0)).max(axis=1)
        return jump > _SAME_SLOPE * np.abs(self.slope).max()


def line_regions(
    net: nn.Sequential, start: ArrayLike, end: ArrayLike
) -> LineRegions | list[LineRegions]:
    """Find every breakpoint of the network on the segment from start to end.

    The one-dimensional count of Hanin & Rolnick 2019. Between neighbouring knots the
    hidden path is affine, so its values at the knots suffice: where z changes its sign
    a layer adds the knot t_i + (t_{i+1} - t_i) z_i / (z_i - z_{i+1}). Nothing is
    sampled.

    Args:
        net: torch.nn.Sequential of Linear and piecewise-linear activations (ReLU, leaky
            ReLU, hard tanh, abs); Identity and Flatten do nothing.
        start: first end of a segment, [n_in], or of m segments, [m, n_in].
        end: the other end, shaped as `start` and different from it.

    Returns:
        One LineRegions, or a list of m of them.

    Raises:
        TypeError: `net` holds a module of another kind.
        ValueError: wrong shape, NaN or infinity, or a start equal to its end.

    Cost: O(sum over l of knots_l n_l n_{l-1}) a line; 0.5 ms a line for 784-[64]*3 in
    batches of 200.
    """
    network = read_network(net)
    first = read_points("start", start, network.n_in)
    last = read_points("end", end, network.n_in)
    _check_segments(first, last)
    blocks = zip(
        torch.atleast_2d(first).split(_LINES_AT_ONCE),
        torch.atleast_2d(last).split(_LINES_AT_ONCE),
        strict=True,
    )
    lines = [line for ends in blocks for line in _split(cut_lines(network, *ends))]
    return lines if first.ndim == 2 else lines[0]


def line_breakpoints(
    net: nn.Sequential, start: ArrayLike, end: ArrayLike
) -> Array | list[Array]:
    """Return where the activation pattern changes, increasing t in (0, 1).

    The field `t` of `line_regions`, with the same arguments, errors and cost; a list of
    m arrays when start and end are [m, n_in].
    """
    lines = line_regions(net, start, end)
    return [line.t for line in lines] if isinstance(lines, list) else lines.t


def count_line_regions(
    net: nn.Sequential,
    start: ArrayLike,
    end: ArrayLike,
    kind: Literal["linear", "activation"] = "linear",
) -> int | IntArray:
    """Count the regions that the segment from start to end passes through.

    Args:
        net: as in `line_regions`, and so are `start` and `end`.
        start: [n_in] or [m, n_in].
        end: shaped as `start`.
        kind: "linear", as Hanin & Rolnick 2019 define regions: 1 + the number of points
            where the gradient of the output is discontinuous; or "activation": 1 + the
            number of points where the activation pattern changes.

    Returns:
        A count, or m of them, [m].

    Raises:
        TypeError: as in `line_regions`.
        ValueError: as in `line_regions`, or another `kind`.
    """
    if kind not in ("linear", "activation"):
        raise ValueError(f"kind must be 'linear' or 'activation', got {kind!r}")
    lines = line_regions(net, start, end)
    if isinstance(lines, LineRegions):
        return _count(lines, kind)
    return np.array([_count(line, kind) for line in lines], dtype=np.int64)


def _count(line: LineRegions, kind: str) -> int:
    return 1 + (int(line.bends.sum()) if kind == "linear" else len(line.t))


def _check_segments(start: Tensor, end: Tensor) -> None:
    if start.shape != end.shape:
        raise ValueError(
            "start and end must have the same shape, "
            f"got {list(start.shape)} and {list(end.shape)}"
        )
    if (start == end).all(dim=-1).any():
        raise ValueError("start and end must differ, got a segment of length 0")


def _split(knots: Knots) -> Iterator[LineRegions]:
    """Yield the lines one by one; the first and last knot of each are its ends."""
    intercept = knots.values - knots.velocity * knots.t[:, None]
    columns = (knots.t, knots.layer, knots.neuron, knots.velocity, intercept)
    sizes = knots.line.bincount().tolist()
    for t, layer, neuron, slope, constant in zip(
        *(column.split(sizes) for column in columns), strict=True
    ):
        inner = (t[1:-1], layer[1:-1], neuron[1:-1], slope[:-1], constant[:-1])
        yield LineRegions(*(part.numpy() for part in inner))


# Two dimensions: polygons of a plane.


@dataclass(frozen=True, eq=False, repr=False)
class PlaneRegions:
    """The activation regions of a network in a window of a plane: convex polygons.

    Made by `plane_regions`. Neighbours share their corners and edges, so that
    V - E + F = 1 (Euler). What follows is computed when it is first asked for.
    """

    _network: Network
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
        left, right = inner[jump <= _SAME_SLOPE * np.abs(gradient).max()].T
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
        return np.bincount(face, (x * y_next - x_next * y) / 2)

    @cached_property
    def patterns(self) -> NDArray[np.int8]:
        """Linear piece (0, 1, ..) of every hidden neuron in each region, [F, N]."""
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
        current = self._points.new_tensor([[1, 0], [0, 1], [0, 0]]).expand(2, 3, 2)
        layers = zip(self._steps[1:], self._network.hidden, strict=True)
        for step, (affine, activation) in layers:
            piece = step.piece.long()
            z = _substitute(affine, current)[step.parent]
            current = activation.slopes[piece][:, None] * z
            current[:, 2] += activation.offsets[piece]
        output = _substitute(self._network.readout, current)
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
        return PlaneRegions(self._network.first(n_layers), self._points, steps)

    def _half_edges(self) -> tuple[IntArray, IntArray, IntArray]:
        """Return face, tail and head of each edge, once for each region beside it."""
        face = self.sides.T.ravel()
        tail, head = self.edges.T.ravel(), self.edges[:, ::-1].T.ravel()
        inside = face >= 0
        return face[inside], tail[inside], head[inside]


def plane_regions(
    net: nn.Sequential,
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
        origin: a point of the plane, [n_in].
        u: direction of the coordinate s, [n_in].
        v: direction of the coordinate t, [n_in], not parallel to `u`.
        extent: the window (s0, s1, t0, t1), s0 < s1 and t0 < t1.
        device: where torch computes, "cpu" or "cuda"; results are numpy arrays.

    Raises:
        TypeError: `net` holds a module of another kind.
        ValueError: wrong shape, NaN or infinity, u parallel to v, or an empty window.
        ArithmeticError: float64 cannot tell the regions apart.

    Cost: O(neurons x regions); 0.15 s for 784-[64]*3 and 18 000 regions on one core.
    """
    network = read_network(net)
    plane = _read_plane(origin, u, v, network.n_in)
    flat = network.after(plane).to(device)
    return PlaneRegions(flat, *cut_plane(flat, _read_extent(extent), device))


def _read_plane(origin: ArrayLike, u: ArrayLike, v: ArrayLike, n_in: int) -> Affine:
    """Return the map (s, t) -> origin + s u + t v."""
    named = {"origin": origin, "u": u, "v": v}
    vectors = {name: read_points(name, part, n_in) for name, part in named.items()}
    for name, vector in vectors.items():
        if vector.ndim != 1:
            shape = list(vector.shape)
            raise ValueError(f"{name} must have shape [{n_in}], got {shape}")
    directions = torch.stack([vectors["u"], vectors["v"]], dim=1)
    unit = torch.nn.functional.normalize(directions, dim=0)
    if torch.linalg.matrix_rank(unit) < 2:
        raise ValueError("u and v must span a plane, got parallel or zero directions")
    return Affine(directions, vectors["origin"])


def _read_extent(extent: Sequence[float]) -> tuple[float, ...]:
    window = tuple(float(bound) for bound in extent)
    if len(window) != 4 or not all(map(math.isfinite, window)):
        raise ValueError(f"extent must be four finite numbers, got {window}")
    if not (window[0] < window[1] and window[2] < window[3]):
        raise ValueError(
            f"extent must be (s0, s1, t0, t1), s0 < s1 and t0 < t1, got {window}"
        )
    return window


def _substitute(affine: Affine, h: Tensor) -> Tensor:
    """Return Wh + b for h given by its coefficients of s, t and 1, [F, 3, n]."""
    z = h @ affine.weight.T
    z[:, 2] += affine.bias
    return z


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


# Any dimension: distance to the nearest boundary, and gradients.


def distance_to_boundary(net: nn.Sequential, x: ArrayLike) -> Array:
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


# A worst case, a window on the sphere, and drawing.


def sawtooth(n: int) -> nn.Sequential:
    """Return Telgarsky's network: n hidden layers of width 2, 2^n pieces on [0, 1].

    Telgarsky, "Benefits of Depth in Neural Networks" (COLT 2016): the n-fold
    composition of the tent map m(s) = 2 relu(s) - 4 relu(s - 1/2).

    Args:
        n: number of hidden layers, 1 or more; exact in float64 up to n = 50.

    Raises:
        ValueError: `n` below 1.
    """
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    tent, shift = [[2.0, -4.0]], [0.0, -0.5]
    weights = [[[1.0], [1.0]], *[tent * 2] * (n - 1), tent]
    biases = [shift] * n + [[0.0]]
    layers: list[nn.Module] = []
    for weight, bias in zip(weights, biases, strict=True):
        linear = nn.utils.skip_init(nn.Linear, len(weight[0]), len(bias)).double()
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(weight))
            linear.bias.copy_(torch.tensor(bias))
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def window_on_sphere(
    origin: ArrayLike, u: ArrayLike, v: ArrayLike, extent: Sequence[float]
) -> tuple[float, float]:
    """Return area and perimeter of a window, projected to the unit sphere.

    Without biases the regions are cones, so that only directions matter. The window of
    `plane_regions` becomes a spherical quadrilateral; its area is the sum of the solid
    angles of two triangles, tan(angle / 2) = det / (1 + sum of the scalar products).

    Args:
        origin: a point of the plane, [n_in]; the plane must not contain 0.
        u: direction of s, [n_in].
        v: direction of t, [n_in].
        extent: (s0, s1, t0, t1).

    Returns:
        Area in (0, 2 pi) and perimeter in (0, 2 pi).

    Raises:
        ValueError: as in `plane_regions`, or a plane through the origin.
    """
    plane = _read_plane(origin, u, v, np.asarray(origin).shape[-1])
    s0, s1, t0, t1 = _read_extent(extent)
    basis = np.column_stack([plane.weight.numpy(), plane.bias.numpy()])
    if np.linalg.matrix_rank(basis) < 3:
        raise ValueError("the plane must not contain 0, where directions are undefined")
    window = np.array([[s0, s1, s1, s0], [t0, t0, t1, t1], [1, 1, 1, 1]])
    rays = (np.linalg.qr(basis).R @ window).T
    rays /= np.linalg.norm(rays, axis=1, keepdims=True)
    area = _solid_angle(rays[[0, 1, 2]]) + _solid_angle(rays[[0, 2, 3]])
    sides = zip(rays, np.roll(rays, -1, axis=0), strict=True)
    return area, sum(_angle(a, b) for a, b in sides)


def _solid_angle(triangle: Array) -> float:
    """Return the area of the spherical triangle with these unit vectors as corners."""
    products = (triangle * np.roll(triangle, -1, axis=0)).sum()
    return 2 * math.atan2(abs(np.linalg.det(triangle)), 1 + products)


def _angle(a: Array, b: Array) -> float:
    return math.atan2(np.linalg.norm(np.cross(a, b)), a @ b)


def plot_plane(
    regions: PlaneRegions,
    ax: "Axes",
    values: ArrayLike | None = None,
    *,
    cmap: str = "cividis",
    linewidth: float = 0.3,
) -> "PolyCollection":
    """Fill each region with a colour and draw the boundaries between them.

    Args:
        regions: from `plane_regions`.
        ax: the axes to draw in.
        values: one number for each region, [F]; by default the rank, 0 to 1, of the
            size of the output's gradient, so that all colours are used evenly.
        cmap: name of a matplotlib colour map; the default reads well for the
            colour-blind.
        linewidth: of the boundaries, in points.

    Returns:
        The collection, for a colour bar.

    Raises:
        ValueError: `values` does not have one entry for each region.
    """
    from matplotlib.collections import PolyCollection

    colours = _steepness_rank(regions) if values is None else np.asarray(values)
    if colours.shape != (regions.count,):
        raise ValueError(
            f"values must have shape [{regions.count}], got {list(colours.shape)}"
        )
    collection = PolyCollection(
        regions.polygons, array=colours, cmap=cmap, edgecolor="white", lw=linewidth
    )
    ax.add_collection(collection)
    ax.set(xlim=_limits(regions, 0), ylim=_limits(regions, 1), aspect="equal")
    return collection


def _steepness_rank(regions: PlaneRegions) -> Array:
    steepness = np.linalg.norm(regions.maps[:, :, :2], axis=(1, 2))
    return np.unique(steepness, return_inverse=True)[1] / max(regions.count - 1, 1)


def _limits(regions: PlaneRegions, axis: int) -> tuple[float, float]:
    return regions.vertices[:, axis].min(), regions.vertices[:, axis].max()
