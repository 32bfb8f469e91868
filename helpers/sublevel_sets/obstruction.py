"""Where sublevel sets fall apart: one hidden layer of N - 1 neurons, two exchanged."""

import numpy as np
from numpy.typing import ArrayLike
from torch import nn

from helpers.sublevel_sets.arguments import read_array, read_data, read_inputs
from helpers.sublevel_sets.first_layer import FirstLayer
from helpers.sublevel_sets.matrices import (
    Shape,
    Theta,
    activate,
    build_network,
    read_network,
    with_ones,
)
from helpers.sublevel_sets.paths import Path, line


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
    best = (start[0], np.asarray(np.linalg.lstsq(features, y)[0], dtype=np.float64))
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
        ValueError: other widths, or inputs that are not finite.
    """
    shape, theta = read_network("net", net)
    _check_one_hidden(shape)
    x = read_inputs(x, shape)
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
    y = read_array("y", y)
    if y.ndim != 2 or not 1 <= len(y) <= y.shape[1] or not np.isfinite(y).all():
        raise ValueError(
            f"y must be finite, [N, n_out] with n_out >= N, got shape {list(y.shape)}"
        )
    return float(np.linalg.svd(y, compute_uv=False)[-1] ** 2 / (2 * len(y)))


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
