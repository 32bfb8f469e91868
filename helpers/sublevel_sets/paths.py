"""Paths between networks along which the training loss does not rise.

The helper of chapter 5, on Nguyen, "On Connected Sublevel Sets in Deep Learning" (ICML
2019). N training samples; hidden widths n_1, ..., n_L, all layers with biases. A
sublevel set is {theta: Phi(theta) <= level}, Phi the training loss, convex in the
outputs. It is connected if any two of its networks can be joined inside it; the paths
made here do that, in float64.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from torch import nn

from helpers.sublevel_sets import bezier as _bezier
from helpers.sublevel_sets.assumptions import CONNECTING, DESCENT, Needs, chosen
from helpers.sublevel_sets.first_layer import FirstLayer, exchange, share_slots
from helpers.sublevel_sets.full_rank import numerical_rank
from helpers.sublevel_sets.pyramid import (
    Array,
    Shape,
    Theta,
    activate,
    build_network,
    check_count,
    random_generator,
    read_data,
    read_network,
    read_pair,
    with_ones,
)
from helpers.sublevel_sets.solved_layer import SolvedLayer
from helpers.sublevel_sets.walk import Path, Segment, line

Method = Literal["auto", "independent", "wide", "exchange"]
LossName = Literal["squared", "cross_entropy"]

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


def linear_path(
    a: nn.Sequential,
    b: nn.Sequential,
    x: ArrayLike,
    y: ArrayLike,
    *,
    loss: LossName = "squared",
) -> Path:
    """Join two networks by the straight line of their parameters.

    Args:
        a: start, of any widths.
        b: end, of the same widths and slopes.
        x: training inputs, [N, n_0].
        y: targets, as in `connecting_path`.
        loss: the loss that the path reports.

    Raises:
        TypeError: a or b is another kind of network.
        ValueError: their widths or slopes differ, or x, y or loss is not as above.
    """
    shape, start, end = read_pair(a, b)
    x, y = read_data(x, y, shape, loss)
    segments = (line("straight line", "free", start, end),)
    return Path(segments, shape, (start, end), x, y, loss)


def bezier_path(
    a: nn.Sequential,
    b: nn.Sequential,
    x: ArrayLike,
    y: ArrayLike,
    *,
    bends: int = 1,
    steps: int = 1000,
    lr: float = 0.01,
    loss: LossName = "squared",
    seed: int,
    progress: bool = True,
) -> Path:
    """Join two networks by a Bezier curve trained to have a low mean loss.

    Garipov et al., "Loss Surfaces, Mode Connectivity, and Fast Ensembling of DNNs"
    (NeurIPS 2018). Nothing is proved of its loss. Adam on the inner control points,
    which start on the straight line; each step takes one random point from every
    eighth of the curve.

    Args:
        a: start, of any widths.
        b: end, of the same widths and slopes.
        x: training inputs, [N, n_0].
        y: targets, as in `connecting_path`.
        bends: number of inner control points, 1 or more.
        steps: of Adam, 1 or more.
        lr: initial learning rate > 0; it falls linearly to a thousandth.
        loss: what is minimised, and what the path reports.
        seed: of the random points.
        progress: show a progress bar on stderr (TQDM_DISABLE=1 hides it).

    Raises:
        TypeError: a or b is another kind of network.
        ValueError: their widths or slopes differ, or an argument is not as above.

    Cost: `steps` times 8 forward and backward passes; 1 s for 1000 steps at N = 30 and
    widths 5-60-10-5-3.
    """
    shape, start, end = read_pair(a, b)
    x, y = read_data(x, y, shape, loss)
    check_count("bends", bends, 1)
    check_count("steps", steps, 1)
    if not (math.isfinite(lr) and lr > 0):
        raise ValueError(f"lr must be finite and > 0, got {lr!r}")
    settings = {"bends": bends, "steps": steps, "lr": lr}
    controls = _bezier.trained_controls(
        start, end, shape, x, y, loss, **settings, seed=seed, progress=progress
    )
    curve = Segment("Bezier curve", "free", _bezier.bezier_curve(controls))
    return Path((curve,), shape, (start, end), x, y, loss)


def swap_path(net: nn.Sequential, x: ArrayLike, y: ArrayLike, i: int, j: int) -> Path:
    """Exchange two neurons of the only hidden layer over a low pass.

    Ours. Neuron j is silenced as cheaply as the squared loss allows, becomes a copy of
    neuron i, takes over from it, and i becomes what j was. The loss rises to that of
    the best output without j,

        ||v^T y||^2 / (2N),   v the unit normal to the other features and the ones,

    if those span R^(N-1), as at width N - 1. If y y^T is a multiple of the identity,
    this is `pass_height`, and no path does better. If they span R^N, it does not rise.

    Args:
        net: one hidden layer, of leaky ReLU or ReLU.
        x: training inputs, [N, n_0].
        y: targets, [N, n_out].
        i: a neuron, 0 to n_1 - 1.
        j: another one.

    Returns:
        A path of 5 segments from `net` to `swapped(net, i, j)`.

    Raises:
        TypeError: net is another kind of network.
        ValueError: more hidden layers, or no two neurons.
    """
    shape, start = read_network("net", net)
    x, y = read_data(x, y, shape, "squared")
    end = _swapped(shape, start, i, j)
    mover = FirstLayer("net", start, x, shape.slopes[0])
    features = with_ones(mover.features)
    features[:, j] = 0
    best = (start[0], np.linalg.lstsq(features, y)[0])
    up = line("silence j", "convex", start, best)
    mover.theta = best
    mover.rewire("copy i to j", [j], start[0][:, [i]])
    mover.hand_over("hand over", [i], [j], np.eye(1))
    mover.rewire("rewire i", [i], start[0][:, [j]])
    down = line("wake i", "convex", mover.theta, end)
    return Path((up, *mover.segments, down), shape, (start, end), x, y, "squared")


def swapped(net: nn.Sequential, i: int, j: int) -> nn.Sequential:
    """Return the network with two neurons of its only hidden layer exchanged.

    Raises:
        TypeError: net is another kind of network.
        ValueError: more hidden layers, or no two neurons.
    """
    shape, theta = read_network("net", net)
    return build_network(shape, _swapped(shape, theta, i, j))


def solve_first_layer(
    net: nn.Sequential, x: ArrayLike, outputs: ArrayLike
) -> nn.Sequential:
    """Return the network with the same upper layers and these outputs.

    The map h of Nguyen 2019: down from the outputs through pseudo-inverses and inverse
    activations, [W_1, b_1]^T = [x, 1]^+ z_1.

    Args:
        net: widths n_1 >= ... >= n_out, leaky ReLU, upper weights of full rank.
        x: inputs with linearly independent rows of [x, 1], [N, n_0].
        outputs: [N, n_out].

    Raises:
        TypeError: net is another kind of network.
        ValueError: an assumption is not met; the message names it.
    """
    shape, theta = read_network("net", net)
    x, outputs = read_data(x, outputs, shape, "squared")
    chosen({"independent": DESCENT["independent"]}, shape, x)
    for number, layer in enumerate(theta[1:], start=2):
        rank = numerical_rank(layer[:-1])
        if rank < layer.shape[1]:
            raise ValueError(
                f"the weights of layer {number} must have rank {layer.shape[1]}, "
                f"got {rank}"
            )
    solver = SolvedLayer.of(theta, x, shape, 1)
    lowest = solver.lowest(theta[1:], outputs, [np.zeros(1)] * len(theta))
    return build_network(shape, (lowest, *theta[1:]))


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


def determinant_sign(net: nn.Sequential, x: ArrayLike) -> int:
    """Return the sign of det [H_1, 1] of a network with one hidden layer of N - 1.

    Ours. The outputs are [H_1, 1] times the upper matrix. While they are near enough to
    targets of rank N (see `pass_height`) the determinant is not 0 and keeps its sign on
    every path; exchanging two neurons flips it. So such a sublevel set is disconnected.

    Args:
        net: widths n_0, N - 1, n_out.
        x: training inputs, [N, n_0].

    Returns:
        1, -1, or 0 if the matrix is singular.

    Raises:
        TypeError: net is another kind of network.
        ValueError: other widths.
    """
    shape, theta = read_network("net", net)
    _check_one_hidden(shape)
    x = np.asarray(x, dtype=np.float64)
    if x.shape != (shape.widths[1] + 1, shape.widths[0]):
        raise ValueError(
            "determinant_sign needs n_1 = N - 1 neurons for N samples x [N, n_0], "
            f"got n_1 = {shape.widths[1]} and x of shape {list(x.shape)}"
        )
    features = activate(with_ones(x) @ theta[0], shape.slopes[0])
    return int(np.linalg.slogdet(with_ones(features))[0])


def pass_height(y: ArrayLike) -> float:
    """Return the loss below which sublevel sets at width N - 1 fall apart.

    Ours: sigma_N(y)^2 / (2N), the smallest singular value of the targets [N, n_out]. It
    is the squared distance to the nearest matrix of rank below N, so that outputs with
    a smaller squared loss have rank N, and det [H_1, 1] is not 0. For y = I: 1 / (2N).

    Raises:
        ValueError: `y` is not [N, n_out] with n_out >= N, or not finite.
    """
    y = np.asarray(y, dtype=np.float64)
    if y.ndim != 2 or y.shape[1] < len(y) or not np.isfinite(y).all():
        raise ValueError(
            f"y must be finite, [N, n_out] with n_out >= N, got shape {list(y.shape)}"
        )
    return float(np.linalg.svd(y, compute_uv=False)[-1] ** 2 / (2 * len(y)))


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


def _swapped(shape: Shape, theta: Theta, i: int, j: int) -> Theta:
    """Return the matrices with neurons i and j exchanged, or raise."""
    _check_one_hidden(shape)
    n = shape.widths[1]
    if i not in range(n) or j not in range(n) or i == j:
        raise ValueError(f"i and j must be two neurons of 0..{n - 1}, got {i} and {j}")
    first, second = theta[0].copy(), theta[1].copy()
    first[:, [i, j]] = first[:, [j, i]]
    second[[i, j]] = second[[j, i]]
    return first, second


def _check_one_hidden(shape: Shape) -> None:
    if shape.n_layers != 2:
        raise ValueError(
            f"net must have one hidden layer, got widths {shape.widths[1:-1]}"
        )
