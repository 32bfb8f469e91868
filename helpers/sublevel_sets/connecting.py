"""Paths that theorems promise: between two networks, and from one down to zero loss."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from torch import nn

from helpers.sublevel_sets.arguments import random_generator, read_data
from helpers.sublevel_sets.assumptions import CONNECTING, DESCENT, Needs, chosen
from helpers.sublevel_sets.first_layer import FirstLayer, exchange, share_slots
from helpers.sublevel_sets.full_rank import numerical_rank
from helpers.sublevel_sets.losses import LossName
from helpers.sublevel_sets.matrices import (
    Array,
    Shape,
    Theta,
    read_network,
    read_pair,
    with_ones,
)
from helpers.sublevel_sets.paths import Path, Segment, line
from helpers.sublevel_sets.solved_layer import SolvedLayer

Method = Literal["auto", "independent", "wide", "exchange"]

METHODS: tuple[str, ...] = tuple(CONNECTING)
"""The methods of `connecting_path`, in the order in which "auto" tries them."""


def connecting_path(
    a: nn.Sequential,
    b: nn.Sequential,
    x: ArrayLike,
    y: ArrayLike,
    method: Method = "auto",
    *,
    loss: LossName = "squared",
    seed: int = 0,
) -> Path:
    """Join two networks so that the training loss never exceeds the larger of theirs.

    The proofs of Nguyen 2019 as a program, with constructions of our own. Each segment
    keeps the training outputs, but for one on which they move on a straight line, where
    a convex loss stays below its ends. Methods and what they assume:

        independent  Theorem 3.2: the rows of [x, 1] are linearly independent;
                     n_1 > n_2 > ... > n_out.
        wide         Theorem 5.1: n_1 >= 2N (2N - 2 is enough, as biases count);
                     n_2 > ... > n_out; no sample twice.
        exchange     n_1 >= N, otherwise as "wide" (ours; Nguyen 2021 proves N + 1).

    Above the layer that these name, activations must be onto: leaky ReLU. With one
    hidden layer, "wide" and "exchange" take ReLU too.

    Args:
        a: start, a Sequential of Linear and ReLU or LeakyReLU in turn.
        b: end, of the same widths and slopes.
        x: training inputs, [N, n_0].
        y: targets: [N, n_out] for loss "squared", which is ||f(x) - y||^2 / (2N), or
            N classes for "cross_entropy".
        method: one of `METHODS`; "auto" takes the first whose assumptions hold.
        loss: the loss that the path reports.
        seed: of neurons and weights that are redrawn where a rank is missing.

    Returns:
        The path, in float64; `Path.certificate` measures it. 4 segments for
        "independent", about 10 for "wide", 2N and more for "exchange".

    Raises:
        TypeError: a or b is another kind of network.
        ValueError: an assumption is not met; the message names it.

    Cost: O(N^2 n_1 + N n_1^2), for "exchange" O(N^4); 0.05 s and 0.3 s for N = 200 and
    widths 20-400-20-10-3 on one core.
    """
    shape, start, end = read_pair(a, b)
    x, y = read_data(x, y, shape, loss)
    name = chosen(_offered(method), shape, x)
    rng = random_generator(seed)
    first = FirstLayer("a", start, x, shape.slopes[0])
    second = FirstLayer("b", end, x, shape.slopes[0])
    if name == "wide":
        share_slots(first, second, rng)
    elif name == "exchange":
        exchange(first, second, rng)
    solved = CONNECTING[name].solved
    middle = _joined(first.theta, second.theta, x, shape, solved, rng)
    segments = (*first.segments, *middle, *_backwards(second.segments))
    return Path(segments, shape, (start, end), x, y, loss)


def descent_path(
    a: nn.Sequential, x: ArrayLike, y: ArrayLike, *, seed: int = 0
) -> Path:
    """Lead a network to zero loss, downhill all the way.

    Nguyen 2019, Theorems 3.2 and 4.2: no bad local valley. On the last segment the
    outputs move straight to y, so that at its share s the squared loss is exactly
    (1 - s)^2 Phi(a). Segments before it, where a rank is missing, keep the loss.

    Args:
        a: as in `connecting_path`. Either the rows of [x, 1] are linearly independent
            and n_1 >= n_2 >= ... >= n_out; or n_1 >= N - 1, no sample comes twice and
            n_2 >= ... >= n_out (the theorem asks n_1 >= N; biases count).
        x: training inputs, [N, n_0].
        y: targets, [N, n_out].
        seed: of what is redrawn.

    Returns:
        The path from `a` to a network with outputs y.

    Raises:
        TypeError: a is another kind of network.
        ValueError: an assumption is not met; the message names it.

    Cost: O(N^2 n_1 + N n_1^2).
    """
    shape, start = read_network("a", a)
    x, y = read_data(x, y, shape, "squared")
    solved = DESCENT[chosen(DESCENT, shape, x)].solved
    rng = random_generator(seed)
    first = FirstLayer("a", start, x, shape.slopes[0])
    if solved == 2 and numerical_rank(with_ones(first.features)) < len(x):
        first.span(first.silence(), rng)
    theta = first.theta
    layer = SolvedLayer.of(theta, x, shape, solved)
    restored, theta = layer.restore_rank("a", theta, rng)
    slide = layer.slide("slide to y", theta, y)
    end = slide.at(1)
    segments = (*first.segments, *restored, slide.welded(theta, end))
    return Path(segments, shape, (start, end), x, y, "squared")


def _offered(method: str) -> Mapping[str, Needs]:
    """Return the method of that name, or all of them for "auto"."""
    if method == "auto":
        return CONNECTING
    if method not in CONNECTING:
        raise ValueError(f"method must be 'auto' or one of {METHODS}, got {method!r}")
    return {method: CONNECTING[method]}


def _joined(
    a: Theta, b: Theta, x: Array, shape: Shape, solved: int, rng: np.random.Generator
) -> list[Segment]:
    """Join two networks with the same layers below `solved`: CONNECT in our chapter.

    Fade out what the upper layers do not see, turn a's upper weights into b's, slide
    the outputs, fade b's hidden parts in. A single layer needs only the slide.
    """
    if shape.n_layers == solved:
        return [line("slide", "convex", a, b)]
    layer = SolvedLayer.of(a, x, shape, solved)
    up, a = layer.restore_rank("a", a, rng)
    down, b = layer.restore_rank("b", b, rng)
    out, back = layer.fade("a: fade", a), layer.fade("b: fade", b)
    turn = layer.turn("turn", out.at(1), back.at(1))
    slide = layer.slide("slide", turn.at(1), layer.output(b))
    pieces = (out, turn, slide, back.reversed())
    corners = (a, out.at(1), turn.at(1), back.at(1), b)
    ends = zip(pieces, pairwise(corners), strict=True)
    welded = [piece.welded(*pair) for piece, pair in ends]
    return [*up, *welded, *_backwards(down)]


def _backwards(segments: list[Segment]) -> list[Segment]:
    return [segment.reversed() for segment in reversed(segments)]
