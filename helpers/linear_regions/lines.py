"""The regions along a segment: where a network breaks, counted exactly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from helpers.linear_regions.line_cuts import Knots, cut_lines
from helpers.linear_regions.own_maps import check_alike
from helpers.linear_regions.piecewise import SAME_SLOPE, Network
from helpers.linear_regions.reading import check_reading, read_points

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

_LINES_AT_ONCE = 32


@dataclass(frozen=True, eq=False)
class LineRegions:
    """The pieces of a network along x = start + t (end - start), 0 <= t <= 1.

    Attributes:
        t: where the activation pattern changes, increasing in (0, 1), [k].
        layer: hidden layer (1..L) of the neuron that switches there, [k]. Where several
            switch at one point, one of the earliest layer is named.
        neuron: index of that neuron within its layer, flattened, from 0, [k].
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
        bends: NDArray[np.bool_] = jump > SAME_SLOPE * np.abs(self.slope).max()
        return bends


def line_regions(
    net: nn.Module | Sequence[nn.Module], start: ArrayLike, end: ArrayLike
) -> LineRegions | list[LineRegions]:
    """Find every breakpoint of the network on the segment from start to end.

    The one-dimensional count of Hanin & Rolnick 2019. Between neighbouring knots the
    hidden path is affine, so its values at the knots suffice: where z changes its sign
    a layer adds the knot t_i + (t_{i+1} - t_i) z_i / (z_i - z_{i+1}), as `line_cuts.py`
    does; max pooling adds one where the winner of a window changes. Nothing is sampled.
    A hidden layer is an activation or a max pooling, in the order of the forward pass.

    Args:
        net: a module in eval mode, read by torch.fx: Linear, convolutions, frozen batch
            norm, ReLU, LeakyReLU, PReLU, ReLU6, Hardtanh, Hardsigmoid, abs, clamp; max,
            average and adaptive pooling; reshapes and dropout; sums, concatenations and
            constant multiples of branches; as modules or functions. It stays as it is.
            Or a list of m such networks of one architecture, for a segment each.
        start: first end of a segment, [*shape], or of m segments, [m, *shape]: [n_in]
            for a Linear that comes first, [C, H, W] for a Conv2d. Of one segment and
            m networks, each gets the same.
        end: the other end, shaped as `start` and different from it.

    Returns:
        One LineRegions, or a list of m of them, m segments or networks.

    Raises:
        TypeError: a node that is not piecewise linear or cannot be read, named; a layer
            with hooks or a parametrisation.
        ValueError: wrong shape, NaN or infinity, a start equal to its end, or a network
            that is in train mode or does not compute what its layers say; networks of
            several architectures, or not as many as segments.

    Cost: a forward pass for every knot, up to the layer that adds it: O(sum over l of
    knots_l n_l n_{l-1}) a line; 0.5 ms a line for 784-[64]*3 in batches of 200. Memory:
    some ten times the knots of the first layer times its width. The line between two
    images of noise has 22,018 breakpoints in a ResNet-18 with 32 x 32 inputs, which
    take 155 s of one core and 8 GB.
    """
    nets = net if isinstance(net, Sequence) else [net]
    networks, first, last = _read(nets, start, end)
    lines: list[LineRegions] = []
    for i in range(0, len(first), _LINES_AT_ONCE):
        some = slice(i, i + _LINES_AT_ONCE)
        own = networks if len(networks) == 1 else networks[some]
        lines += _split(cut_lines(own, first[some], last[some]), networks[0].output)
    many = nets is net or np.ndim(start) > len(networks[0].shape)
    return lines if many else lines[0]


def line_breakpoints(
    net: nn.Module | Sequence[nn.Module], start: ArrayLike, end: ArrayLike
) -> Array | list[Array]:
    """Return where the activation pattern changes, increasing t in (0, 1).

    The field `t` of `line_regions`, with the same arguments, errors and cost; a list of
    m arrays for m segments or networks.
    """
    lines = line_regions(net, start, end)
    return [line.t for line in lines] if isinstance(lines, list) else lines.t


def count_line_regions(
    net: nn.Module | Sequence[nn.Module],
    start: ArrayLike,
    end: ArrayLike,
    kind: Literal["linear", "activation"] = "linear",
) -> int | IntArray:
    """Count the regions that the segment from start to end passes through.

    Args:
        net: as in `line_regions`, and so are `start` and `end`.
        start: [*shape] or [m, *shape].
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


def _read(
    nets: Sequence[nn.Module], start: ArrayLike, end: ArrayLike
) -> tuple[list[Network], Tensor, Tensor]:
    """Return the networks and the ends of their segments, [m, *shape], or raise."""
    if not nets:
        raise ValueError("net must be a network or a list of them, got an empty list")
    read = [read_points(net, start=start, end=end) for net in nets]
    networks = [network for network, _ in read]
    check_alike(networks)
    first, last = read[0][1]
    n_axes = len(networks[0].shape)
    _check_segments(first, last, n_axes)
    if first.ndim == n_axes:
        first, last = (point.expand(len(nets), *point.shape) for point in (first, last))
    if len(nets) not in (1, len(first)):
        raise ValueError(
            f"start must be one segment or one for each of the {len(nets)} networks, "
            f"got {len(first)}"
        )
    compared = first.split(1) if len(nets) > 1 else [first]
    for network, net, points in zip(networks, nets, compared, strict=True):
        check_reading(network, net, points)
    return networks, first, last


def _check_segments(start: Tensor, end: Tensor, n_axes: int) -> None:
    if start.shape != end.shape:
        raise ValueError(
            "start and end must have the same shape, "
            f"got {list(start.shape)} and {list(end.shape)}"
        )
    if (start == end).flatten(start.ndim - n_axes).all(dim=-1).any():
        raise ValueError("start and end must differ, got a segment of length 0")


def _split(knots: Knots, output: int) -> Iterator[LineRegions]:
    """Yield the lines one by one; the first and last knot of each are its ends."""
    values, slope = (part[output].flatten(1) for part in (knots.values, knots.velocity))
    intercept = values - slope * knots.t[:, None]
    columns = (knots.t, knots.layer, knots.neuron, slope, intercept)
    sizes = knots.line.bincount().tolist()
    for t, layer, neuron, slope, constant in zip(
        *(column.split(sizes) for column in columns), strict=True
    ):
        inner = (t[1:-1], layer[1:-1], neuron[1:-1], slope[:-1], constant[:-1])
        yield LineRegions(*(part.numpy() for part in inner))
