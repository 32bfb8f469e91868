"""Paths of whose loss nothing is proved: the straight line, a trained Bezier curve."""

import math
from collections.abc import Sequence

from numpy.typing import ArrayLike
from torch import nn

from helpers.sublevel_sets.arguments import check_count, read_data
from helpers.sublevel_sets.bezier import bezier_curve, trained_controls
from helpers.sublevel_sets.losses import LossName
from helpers.sublevel_sets.matrices import read_pair
from helpers.sublevel_sets.paths import Path, Segment, line


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
    (path,) = bezier_paths(
        [(a, b, x, y)],
        bends=bends,
        steps=steps,
        lr=lr,
        loss=loss,
        seed=seed,
        progress=progress,
    )
    return path


def bezier_paths(
    ways: Sequence[tuple[nn.Sequential, nn.Sequential, ArrayLike, ArrayLike]],
    *,
    bends: int = 1,
    steps: int = 1000,
    lr: float = 0.01,
    loss: LossName = "squared",
    seed: int,
    progress: bool = True,
) -> list[Path]:
    """Train several Bezier curves side by side: `bezier_path` for each, in less time.

    Args:
        ways: (a, b, x, y) of each curve, as in `bezier_path`; one or more, all of the
            same widths, slopes and number of samples.
        bends: as in `bezier_path`, like all that follow.
        steps: of Adam.
        lr: initial learning rate.
        loss: what is minimised.
        seed: of the random points, which are the same for all curves.
        progress: show a progress bar on stderr.

    Returns:
        The paths, in the order of `ways`.

    Raises:
        TypeError: as `bezier_path`.
        ValueError: as `bezier_path`, or the ways differ in widths, slopes or samples.
    """
    check_count("bends", bends, 1)
    check_count("steps", steps, 1)
    if not (math.isfinite(lr) and lr > 0):
        raise ValueError(f"lr must be finite and > 0, got {lr!r}")
    pairs = [read_pair(a, b) for a, b, _, _ in ways]
    data = [
        read_data(x, y, shape, loss)
        for (_, _, x, y), (shape, _, _) in zip(ways, pairs, strict=True)
    ]
    kinds = {(shape, len(x)) for (shape, _, _), (x, _) in zip(pairs, data, strict=True)}
    if len(kinds) != 1:
        raise ValueError(
            "ways must be one or more, all of the same widths, slopes and number of "
            f"samples, got {sorted((s.widths, s.slopes, n) for s, n in kinds)}"
        )
    shape, ends = pairs[0][0], [(start, end) for _, start, end in pairs]
    options = {"bends": bends, "steps": steps, "seed": seed}
    curves = trained_controls(
        ends, shape, data, loss, lr=lr, progress=progress, **options
    )
    return [
        Path(
            (Segment("Bezier curve", "free", bezier_curve(controls)),),
            shape,
            pair,
            *own,
            loss,
        )
        for controls, pair, own in zip(curves, ends, data, strict=True)
    ]
