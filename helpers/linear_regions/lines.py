"""The regions along a segment: where a network breaks, counted exactly."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, atleast_2d, nn

from helpers.linear_regions.line_cuts import Knots, cut_lines
from helpers.linear_regions.piecewise import SAME_SLOPE, read_network, read_points

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

_LINES_AT_ONCE = 32


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
        bends: NDArray[np.bool_] = jump > SAME_SLOPE * np.abs(self.slope).max()
        return bends


def line_regions(
    net: nn.Sequential, start: ArrayLike, end: ArrayLike
) -> LineRegions | list[LineRegions]:
    """Find every breakpoint of the network on the segment from start to end.

    The one-dimensional count of Hanin & Rolnick 2019. Between neighbouring knots the
    hidden path is affine, so its values at the knots suffice: where z changes its sign
    a layer adds the knot t_i + (t_{i+1} - t_i) z_i / (z_i - z_{i+1}), as `line_cuts.py`
    does. Nothing is sampled.

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
        atleast_2d(first).split(_LINES_AT_ONCE),
        atleast_2d(last).split(_LINES_AT_ONCE),
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
