"""Paths of networks: segments one after the other, and what is measured on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from torch import nn

from helpers.sublevel_sets.arguments import check_count, read_data, read_inputs
from helpers.sublevel_sets.losses import LOSSES, Targets
from helpers.sublevel_sets.matrices import (
    Array,
    Indices,
    Shape,
    Theta,
    build_network,
    flat,
    outputs,
    with_ones,
)

Kind = Literal["constant", "convex", "free"]
Curve = Callable[[Array], Theta]


@dataclass(frozen=True, eq=False)
class Segment:
    """A piece of a path.

    Attributes:
        name: what moves.
        kind: what theory says of the training loss on it: "constant", "convex" (at most
            the larger of its ends), or "free" (nothing).
        curve: t [T] in [0, 1] -> the matrices of the network, each with a leading axis
            T if it moves.
        solved: number of the layer that is solved for, 1 the first; the weights above
            it are inverted. None if none is.
        gap: by how much a parameter at its ends missed the neighbouring segments before
            `welded` moved it; 0 if it was not welded.
    """

    name: str
    kind: Kind
    curve: Curve
    solved: int | None = None
    gap: float = 0.0

    def reversed(self) -> Segment:
        """Return the same piece, walked backwards."""
        return replace(self, curve=lambda t: self.curve(1 - t))

    def welded(self, start: Theta, end: Theta) -> Segment:
        """Return the same piece, moved to start and end exactly there.

        Only for what rounding has moved: the difference is spread along the piece, and
        `gap` says how large it was.
        """
        first = [p - q for p, q in zip(start, self.at(0), strict=True)]
        last = [p - q for p, q in zip(end, self.at(1), strict=True)]

        def curve(t: Array) -> Theta:
            t = t[:, None, None]
            return tuple(
                layer + (1 - t) * p + t * q if p.any() or q.any() else layer
                for layer, p, q in zip(self.curve(t[:, 0, 0]), first, last, strict=True)
            )

        gap = max(float(np.abs(difference).max()) for difference in first + last)
        return replace(self, curve=curve, gap=max(self.gap, gap))

    def at(self, t: float) -> Theta:
        """Return the network at t, its matrices without a leading axis."""
        moved = self.curve(np.array([float(t)]))
        return tuple(layer[0] if layer.ndim == 3 else layer for layer in moved)


def line(name: str, kind: Kind, start: Theta, end: Theta) -> Segment:
    """Return the straight piece; a matrix that is one object in both does not move."""

    def curve(t: Array) -> Theta:
        t = t[:, None, None]
        pairs = zip(start, end, strict=True)
        return tuple(p if p is q else (1 - t) * p + t * q for p, q in pairs)

    return Segment(name, kind, curve)


@dataclass(frozen=True)
class Certificate:
    """What float64 makes of a path; see `Path.certificate`.

    Attributes:
        barrier: largest loss on the path, less the larger of the losses at its ends.
        jump: largest difference of a parameter where two segments meet, and between the
            path's ends and the networks that it joins.
        gap: the same before rounding was welded away: the largest `gap` of a segment.
        norm: largest Euclidean norm of all parameters.
        singular_value: smallest singular value of all weights that are inverted on the
            way; infinite if none are.
        points: number of networks evaluated.
    """

    barrier: float
    jump: float
    gap: float
    norm: float
    singular_value: float
    points: int


@dataclass(frozen=True, eq=False, repr=False)
class Path:
    """A continuous curve of networks of one shape.

    path(t) gives the parameters at t in [0, 1], of which every segment has an equal
    share. Made by `connecting_path`, `descent_path`, `linear_path`, `bezier_path` and
    `swap_path`.

    Attributes:
        segments: the pieces, in order.
        shape: widths and slopes of the networks.
        ends: the two networks joined, as matrices.
        x: training inputs, [N, n_0].
        y: training targets.
        loss_name: "squared" or "cross_entropy".
    """

    segments: tuple[Segment, ...]
    shape: Shape
    ends: tuple[Theta, Theta]
    x: Array
    y: Targets
    loss_name: str

    def __repr__(self) -> str:
        return f"Path({len(self.segments)} segments, widths {self.shape.widths})"

    def __call__(self, t: ArrayLike) -> Array:
        """Return all parameters in torch's order: [p] for a number t, [T, p] for T."""
        return self._collected(t, flat)

    def network(self, t: float) -> nn.Sequential:
        """Return the network at t, in float64."""
        ((_, place, local),) = self._places(np.array([float(t)]))
        return build_network(self.shape, self.segments[place].at(local[0]))

    def outputs(self, t: ArrayLike, x: ArrayLike | None = None) -> Array:
        """Return the outputs at t, [N, m] or [T, N, m], on x or the training inputs."""
        data = with_ones(self.x if x is None else read_inputs(x, self.shape))
        return self._collected(t, lambda theta: outputs(theta, data, self.shape))

    def loss(
        self, t: ArrayLike, x: ArrayLike | None = None, y: ArrayLike | None = None
    ) -> Array:
        """Return the loss at t, shaped as t, on (x, y) or on the training data.

        Raises:
            ValueError: only one of x and y given, wrong shapes, or a loss that is too
                large for float64.
        """
        if (x is None) is not (y is None):
            raise ValueError("x and y must be given together")
        if x is None or y is None:
            x, y = self.x, self.y
        x, y = read_data(x, y, self.shape, self.loss_name)
        with np.errstate(over="ignore", invalid="ignore"):
            losses = LOSSES[self.loss_name](self.outputs(t, x), y)
        if not np.isfinite(losses).all():
            raise ValueError("x and y are too large: the loss overflows on the path")
        return losses

    def norm(self, t: ArrayLike) -> Array:
        """Return the Euclidean norm of all parameters at t, shaped as t."""
        norms: Array = np.linalg.norm(self(t), axis=-1)
        return norms

    def grid(self, points: int = 21) -> Array:
        """Return t with so many equally spaced points on every segment, ends included.

        Raises:
            ValueError: `points` is no integer >= 2.
        """
        check_count("points", points, 2)
        return np.linspace(0, 1, len(self.segments) * (points - 1) + 1)

    def distance(self, t: ArrayLike) -> Array:
        """Return the length walked at increasing t [T], as the sum of chords, [T]."""
        steps = np.linalg.norm(np.diff(self(t), axis=0), axis=1)
        return np.append(0.0, np.cumsum(steps))

    def certificate(self, points: int = 21) -> Certificate:
        """Measure what rounding makes of the path.

        Theory proves the path (constant and convex segments cannot rise above their
        ends); what is left to check is the rounding, at `points` on each segment.

        Raises:
            ValueError: `points` is no integer >= 2.
        """
        check_count("points", points, 2)
        t = np.linspace(0, 1, points)
        losses, norms, smallest = [], [], [math.inf]
        for segment in self.segments:
            theta = segment.curve(t)
            found = outputs(theta, with_ones(self.x), self.shape)
            losses.append(LOSSES[self.loss_name](found, self.y))
            norms.append(np.linalg.norm(flat(theta), axis=1).max())
            smallest += _singular_values(theta, segment.solved)
        return Certificate(
            barrier=float(max(map(np.max, losses)) - max(losses[0][0], losses[-1][-1])),
            jump=self._jump(),
            gap=max(segment.gap for segment in self.segments),
            norm=float(max(norms)),
            singular_value=float(min(smallest)),
            points=points * len(self.segments),
        )

    def _jump(self) -> float:
        """Return the largest difference of a parameter where two pieces meet."""
        starts = [segment.at(0) for segment in self.segments] + [self.ends[1]]
        ends = [self.ends[0]] + [segment.at(1) for segment in self.segments]
        return max(
            float(np.abs(p - q).max())
            for end, start in zip(ends, starts, strict=True)
            for p, q in zip(end, start, strict=True)
        )

    def _places(self, t: Array) -> Iterator[tuple[Indices, int, Array]]:
        """Yield, for each segment met, the rows of t, its number, and t within it."""
        if not (t.ndim == 1 and t.size and ((t >= 0) & (t <= 1)).all()):
            raise ValueError(f"t must be a number or numbers in [0, 1], got {t}")
        count = len(self.segments)
        place = np.minimum((t * count).astype(int), count - 1)
        for number in map(int, np.unique(place)):
            rows = np.flatnonzero(place == number)
            yield rows, number, np.clip(t[rows] * count - number, 0, 1)

    def _collected(self, t: ArrayLike, measure: Callable[[Theta], Array]) -> Array:
        """Return the measure of the network at every t, in the order of t."""
        points = np.atleast_1d(np.asarray(t, dtype=np.float64))
        found = [
            (rows, measure(self.segments[number].curve(local)))
            for rows, number, local in self._places(points)
        ]
        values = np.empty((len(points), *found[0][1].shape[1:]))
        for rows, value in found:
            values[rows] = value
        return values if np.ndim(t) else values[0]


def barrier(
    path: Path, x: ArrayLike | None = None, y: ArrayLike | None = None
) -> float:
    """Return the largest loss on a path, less the larger of the losses at its ends.

    This is the height that sublevel sets are about; zero if the path never climbs above
    its higher end. Taken at 21 points or more of each segment and 200 or more in all.

    Args:
        path: any path.
        x: other data than the path was made for, together with `y`.
        y: their targets.
    """
    losses = path.loss(path.grid(max(21, 200 // len(path.segments) + 1)), x, y)
    return float(losses.max() - max(losses[0], losses[-1]))


def _singular_values(theta: Theta, solved: int | None) -> list[float]:
    """Return the least singular value of the weights of each layer above `solved`."""
    inverted = theta[solved:] if solved else ()
    return [
        float(np.linalg.svd(layer[..., :-1, :], compute_uv=False)[..., -1].min())
        for layer in inverted
    ]
