"""A plane through three networks, and the loss on it."""

from dataclasses import dataclass

import numpy as np

from helpers.sublevel_sets.arguments import check_count
from helpers.sublevel_sets.losses import LOSSES
from helpers.sublevel_sets.matrices import Array, outputs, unflat, with_ones
from helpers.sublevel_sets.paths import Path


@dataclass(frozen=True, eq=False)
class Plane:
    """The loss on the plane through the ends of a path and a point of it.

    Attributes:
        across: coordinates along the line from start to end, [T].
        up: coordinates at right angles to it, towards the point, [T].
        loss: the training loss, [T, T]; rows go up.
        corners: start, end and the point in these coordinates, [3, 2].
    """

    across: Array
    up: Array
    loss: Array
    corners: Array


def loss_plane(path: Path, t: float, points: int = 61) -> Plane:
    """Return the loss on the plane through path(0), path(1) and path(t).

    Distances in the plane are those of the parameters. The square that is shown holds
    the three networks, with a quarter of its size around them.

    Args:
        path: any path.
        t: of the third network, in [0, 1]; not on the line through the ends.
        points: on each side, 2 or more.

    Raises:
        ValueError: an argument out of its range, or three networks on a line.

    Cost: points^2 networks.
    """
    check_count("points", points, 2)
    start, end, third = path(np.array([0.0, 1.0, t]))
    basis, r = np.linalg.qr(np.stack([end - start, third - start], axis=1))
    basis, r = basis * np.sign(np.diag(r)), r * np.sign(np.diag(r))[:, None]
    if not r[1, 1] > 1e-9 * r[0, 0] > 0:
        raise ValueError(f"path(0), path(1) and path({t}) lie on a line")
    corners = np.vstack([np.zeros(2), r.T])
    low, high = corners.min(axis=0), corners.max(axis=0)
    reach = 0.75 * (high - low).max()
    axes = [np.linspace(c - reach, c + reach, points) for c in (low + high) / 2]
    rows = [start + axes[0][:, None] * basis[:, 0] + v * basis[:, 1] for v in axes[1]]
    loss = np.stack([_losses(path, row) for row in rows])
    return Plane(axes[0], axes[1], loss, corners)


def _losses(path: Path, parameters: Array) -> Array:
    """Return the training loss of each row of parameters."""
    found = outputs(unflat(parameters, path.shape), with_ones(path.x), path.shape)
    return LOSSES[path.loss_name](found, path.y)
